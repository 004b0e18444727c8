"""Weights for a preset that nobody has trained: drawn from a fixed seed, so that everyone has the same ones.

The video networks are random and render noise. Where stage 1 is wide enough, it is started from the identity: it holds
the photo's pose, so that poses, masks and their pictures can be looked at.
"""

import math

import torch
from torch import nn

from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.config import Preset
from mmgt_core.keypoints import FACE
from mmgt_core.smga.layers import DecoderLayer, FiLM
from mmgt_core.smga.model import SMGA
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.motion_module import TemporalAttention

_SEED = 20_260_101


def untrained_networks(preset: Preset) -> Networks:
    """The networks of a preset with fixed random weights; no global generator is disturbed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        networks = build_networks(preset)
        if preset.smga.width > preset.smga.pose_features:
            hold_initial_pose(networks.smga)
    set_positions(networks.denoising_unet)
    return networks


def set_positions(network: DenoisingUNet) -> None:
    """Give the motion modules the positions that published files hold."""
    for module in network.modules():
        if isinstance(module, TemporalAttention):
            _, length, width = module.position.shape
            module.position.copy_(sinusoidal_positions(length, width))


def sinusoidal_positions(length: int, width: int) -> torch.Tensor:
    """Interleaved sines and cosines, (length, width) (spec §9)."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(length)[:, None] * rates[None, :]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def hold_initial_pose(network: SMGA) -> None:
    """Start SMGA from the identity.

    The first features of the hidden state carry the initial pose untouched to the output; what attention and
    feed-forward add goes to the features past them, which the last layer does not read.

    Raises:
        ValueError: the network is not wider than a pose has values.
    """
    num_values, width = network.final_layer.out_features, network.width
    if width <= num_values:
        raise ValueError(f"SMGA is {width} wide; holding a pose takes more than {num_values}")
    projection = torch.zeros_like(network.input_projection.weight)
    projection[:num_values, num_values:] = torch.eye(num_values)
    network.input_projection.weight.copy_(projection)
    network.input_projection.bias.zero_()
    for module in network.layers.modules():
        if isinstance(module, nn.MultiheadAttention):
            _silence(module.out_proj, slice(num_values))
        if isinstance(module, DecoderLayer):
            _silence(module.linear2, slice(num_values))
        if isinstance(module, FiLM):
            _silence(module.linear, slice(width, width + num_values))  # the shift's half
    network.final_layer.weight.zero_()
    network.final_layer.weight[:, :num_values] = _carried(num_values, len(network.layers))
    network.final_layer.bias.zero_()


def _carried(num_values: int, num_layers: int) -> torch.Tensor:
    """Read the carried pose back: every layer adds the body stream once more, the face stream stands once."""
    is_face = torch.zeros(num_values, dtype=torch.bool)
    is_face[3 * FACE.start : 3 * FACE.stop] = True
    return torch.diag(torch.where(is_face, 1.0, 1.0 / num_layers))


def _silence(linear: nn.Linear, features: slice) -> None:
    linear.weight[features] = 0
    linear.bias[features] = 0
