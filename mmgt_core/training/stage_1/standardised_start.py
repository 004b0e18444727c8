"""A start for training SMGA from nothing: the same network, its outer layers scaled so that its inside sees units.

Published normalisation leaves a mouth's opening at 0.01 and cepstra at hundreds. Here the weights of the first and last
layers are products of what is trained and fixed scales; the products are what is exported, so the network itself is
unchanged. The start gives back the initial pose, whose strongest components pass through some of the features; others
see the strongest components of the noisy gesture, in which points that move together stand out of their noise.
"""

import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization

from mmgt_core.keypoints import FACE, LEGS
from mmgt_core.smga.attention import Attention
from mmgt_core.smga.layers import ConditionLayer, DecoderLayer, FiLM, MotionBranch
from mmgt_core.smga.model import SMGA
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.stage_1.gesture_start import GestureFeatures, filter_gestures, first_layer, see_gestures
from mmgt_core.training.stage_1.pose_statistics import PoseStatistics

_CARRIED_SHARE, _GESTURE_SHARE = 0.35, 0.25
"""Of all features: those that carry the initial pose; those that see the noisy gesture, and as many for it filtered."""
_LEAST_STRENGTH = 0.1
"""Components weaker than this share of a value's deviation are not brought to unit scale."""
_SHARPNESS = 1.25
"""Of the attention's start; 1 gives a frame itself a third of a close head's weight."""
_START_GAIN = 0.01
"""How much the features that do not carry the initial pose say at first."""


class Scaled(nn.Module):
    """What is trained times a scale, plus a shift."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale.clone())
        self.register_buffer("shift", shift.clone())

    def forward(self, trained: torch.Tensor) -> torch.Tensor:
        """Same shape."""
        return trained * self.scale + self.shift


class Mixed(nn.Module):
    """What is trained, (out, in), times a fixed matrix, (in, in)."""

    matrix: torch.Tensor

    def __init__(self, matrix: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix.clone())

    def forward(self, trained: torch.Tensor) -> torch.Tensor:
        """Same shape."""
        return trained @ self.matrix


@torch.no_grad()
def standardise(network: SMGA, statistics: PoseStatistics, windows: Batch) -> None:
    """Scale the outer layers and start from the initial pose. The network is on the CPU and newly built.

    Args:
        statistics: of the data.
        windows: some of it: pose (N, 80, 402), initial_pose (N, 402), condition (N, 80, features).
    """
    num_carried = min(int(network.width * _CARRIED_SHARE), len(statistics.mean))
    layer = first_layer(network)
    num_seen = min(
        int(network.width * _GESTURE_SHARE), layer.linear1.out_features // 2, layer.face.self_attn.head_width
    )
    seen_end = num_carried + num_seen
    gestures = GestureFeatures(slice(num_carried, seen_end), slice(seen_end, seen_end + num_seen))
    carried = statistics.components[:, :num_carried]  # (D, carried)
    strengths = statistics.strengths[:num_carried].clamp(min=_LEAST_STRENGTH)
    _start_input(network, statistics, carried / strengths, gestures)
    _start_condition(network, statistics)
    _start_output(network, statistics, carried * strengths)
    for module in network.modules():
        if isinstance(module, ConditionLayer | MotionBranch):
            _start_attention(module.self_attn, module.norm1)
        if isinstance(module, MotionBranch):
            _start_attention(module.cross_attn, module.norm2)
    _leave_alone(network.layers, slice(0, num_carried), network.width)
    _leave_alone(network.layers, gestures.filtered, network.width)
    _leave_alone(network.layers[:1], gestures.seen, network.width)
    network.norm_memory.bias.fill_(1)
    filter_gestures(network, statistics, windows, gestures)


def _start_input(network: SMGA, statistics: PoseStatistics, carried: torch.Tensor, gestures: GestureFeatures) -> None:
    """Features: components of the initial pose, of the noisy gesture, nothing yet, random mixtures of everything."""
    layer = network.input_projection
    num_values, num_carried = carried.shape
    weight = torch.randn(network.width, 2 * num_values, generator=_generator()) / num_values**0.5
    weight[:num_carried, :num_values] = 0
    weight[:num_carried, num_values:] = (carried * _share_of_merge(network)[:, None]).T
    see_gestures(weight, statistics, gestures)
    layer.weight.copy_(weight)
    layer.bias.zero_()
    register_parametrization(layer, "weight", Mixed(_input_matrix(statistics)), unsafe=True)


def _input_matrix(statistics: PoseStatistics) -> torch.Tensor:
    """(804, 804): scales every value, and takes the mean away through confidences that are constant.

    The layer sees the face's and the body's values one after the other with the same bias, so each of the two takes
    its mean away through its own points' confidences, in the initial pose's half. That half has no legs.
    """
    num_values = len(statistics.mean)
    is_leg, is_confidence = _is_leg(num_values), torch.arange(num_values) % 3 == 2
    varies = ~statistics.is_constant
    noisy_scale = statistics.noisy_scale
    initial_scale = torch.where(varies & ~is_leg, 1 / statistics.deviation.clamp(min=1e-9), 0.0)
    matrix = torch.diag(torch.cat([noisy_scale, initial_scale]))
    for is_part in (_is_face(num_values), ~_is_face(num_values)):
        constants = torch.nonzero(is_part & is_confidence & ~varies & ~is_leg).flatten()
        if len(constants) == 0:
            continue
        shares = 1 / (statistics.mean[constants] * len(constants))
        rows = torch.nonzero(is_part & varies).flatten()
        for half, scale in ((0, noisy_scale), (num_values, initial_scale)):
            offsets = -(scale * statistics.mean)[rows]
            matrix[(half + rows)[:, None], (num_values + constants)[None]] = offsets[:, None] * shares[None]
    return matrix


def _start_attention(attention: Attention, norm: nn.LayerNorm) -> None:
    """Every frame listens to its own surroundings at first: two heads closely, one widely, the others everywhere.

    Queries and keys are rotated before they are projected. A constant in both makes their product a sum of cosines of
    the distance in time, each at its feature's frequency; a head that takes the quickest features sees the nearest.
    """
    width, head_width = attention.width, attention.head_width
    selection = torch.eye(width)
    bands = [0, 0, *range(1, attention.num_heads - 1)][: attention.num_heads]
    rows = torch.cat([selection[band * head_width : (band + 1) * head_width] for band in bands])
    attention.in_proj_weight[: 2 * width] = _SHARPNESS * rows.repeat(2, 1)
    attention.in_proj_bias[2 * width :] = -attention.in_proj_weight[2 * width :].sum(dim=1)  # values without it
    norm.bias.fill_(1)


def _leave_alone(layers: nn.ModuleList, features: slice, width: int) -> None:
    """Nothing is added at first to some features, as those that carry the initial pose."""
    for module in layers.modules():
        if isinstance(module, Attention):
            _silence(module.out_proj, features)
        if isinstance(module, DecoderLayer):
            _silence(module.linear2, features)
        if isinstance(module, FiLM):
            _silence(module.linear, slice(width + features.start, width + features.stop))  # the shift's half


def _silence(linear: nn.Linear, rows: slice) -> None:
    linear.weight[rows] = 0
    linear.bias[rows] = 0


def _start_condition(network: SMGA, statistics: PoseStatistics) -> None:
    layer = network.condition_projection
    scale = (1 / statistics.condition_deviation)[None]
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=_generator()) / layer.in_features**0.5)
    layer.bias.copy_(-(layer.weight * scale) @ statistics.condition_mean)
    register_parametrization(layer, "weight", Scaled(scale, torch.zeros(())), unsafe=True)


def _start_output(network: SMGA, statistics: PoseStatistics, carried: torch.Tensor) -> None:
    """The initial pose's components back to values; a constant value gets weight 0 and its exact mean."""
    layer = network.final_layer
    num_carried = carried.shape[1]
    scale = statistics.movement_scale
    to_movement = torch.where(scale > 0, statistics.deviation / scale.clamp(min=1e-9), 0.0)
    weight = torch.randn(layer.weight.shape, generator=_generator()) * (_START_GAIN / network.width**0.5)
    weight[:, :num_carried] = carried * to_movement[:, None]
    layer.weight.copy_(weight)
    layer.bias.zero_()
    register_parametrization(layer, "weight", Scaled(scale[:, None], torch.zeros(())), unsafe=True)
    register_parametrization(layer, "bias", Scaled(scale, statistics.mean), unsafe=True)


def _share_of_merge(network: SMGA) -> torch.Tensor:
    """(D,): the body stream joins the merged one once in each layer, the face stream stands in it once."""
    is_face = _is_face(network.final_layer.out_features)
    return torch.where(is_face | (not network.has_two_branches), 1.0, 1 / len(network.layers))


def _is_face(num_values: int) -> torch.Tensor:
    is_face = torch.zeros(num_values, dtype=torch.bool)
    is_face[3 * FACE.start : 3 * FACE.stop] = True
    return is_face


def _is_leg(num_values: int) -> torch.Tensor:
    is_leg = torch.zeros(num_values // 3, 3, dtype=torch.bool)
    is_leg[list(LEGS)] = True
    return is_leg.flatten()


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
