"""Stage 1 without training: random from the fixed seed, started from the identity where it is wide enough.

It then holds the photo's pose, so that poses, masks and their pictures can be looked at.
"""

import torch
from torch import nn

from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE
from mmgt_core.smga.attention import Attention
from mmgt_core.smga.layers import DecoderLayer, FiLM
from mmgt_core.smga.model import SMGA

SEED = 20_260_101


def untrained_smga(config: SMGAConfig) -> SMGA:
    """The network alone, as `untrained_networks` draws it before all others."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = SMGA(config).requires_grad_(False).eval()
    start_from_identity(network)
    return network


def start_from_identity(network: SMGA) -> None:
    """Let it hold the initial pose, if it is wider than a pose has values."""
    if network.width > network.final_layer.out_features:
        hold_initial_pose(network)


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
        if isinstance(module, Attention):
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
