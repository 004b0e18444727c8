"""Weights for a preset that nobody has trained: drawn from a fixed seed, so that everyone has the same ones.

The video networks are random and render noise. Where stage 1 is wide enough, it is started from the identity: it holds
the photo's pose, so that poses, masks and their pictures can be looked at.
"""

import math

import torch

from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.checkpoints.untrained_smga import SEED, start_from_identity
from mmgt_core.config import Preset
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.motion_module import TemporalAttention


def untrained_networks(preset: Preset) -> Networks:
    """The networks of a preset with fixed random weights; no global generator is disturbed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        networks = build_networks(preset)
    start_from_identity(networks.smga)
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
