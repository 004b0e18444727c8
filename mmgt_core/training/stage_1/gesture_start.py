"""Stage 1's start sees gestures through noise: a filter in the first decoder layer, gated by FiLM.

From nothing a small network takes thousands of steps to let little noise through as it is and much noise not at all;
sampled gestures then lose half of their speed in the last steps. Here some features see the strongest components of the
noisy gesture. An attention head that listens to a frame's surroundings smooths them over time; the feed-forward layer
adds what was lost by smoothing (gelu(x) - gelu(-x) = x); FiLM scales both by least squares against the true gesture,
its velocity and its acceleration at each timestep; the last layer reads the result. All of it goes on learning.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import ParametrizationList

from mmgt_core.smga.attention import Attention
from mmgt_core.smga.diffusion import NUM_TRAIN_TIMESTEPS, add_noise, cosine_schedule
from mmgt_core.smga.layers import DecoderLayer, FiLM, MotionBranch
from mmgt_core.smga.model import SMGA, time_sinusoid
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.stage_1.pose_statistics import PoseStatistics

_TIMESTEPS = torch.arange(0, NUM_TRAIN_TIMESTEPS, 20)
_MEASURED_ROWS = 16
_RIDGE = 1e-5
"""Keeps FiLM's weights small beside the fit of its gates."""
_MOST_RAW = 0.95
"""Share of the gesture that is taken as it is seen; smoothing has the rest."""


@dataclass(frozen=True)
class GestureFeatures:
    """Which of the network's features see the noisy gesture, and which hold the filtered one: K each."""

    seen: slice
    filtered: slice

    @property
    def number(self) -> int:
        """K."""
        return self.seen.stop - self.seen.start


@dataclass(frozen=True)
class _Gates:
    """By timestep and component, (T, K): FiLM's factors of what the head and of what the feed-forward layer give."""

    smoothed: torch.Tensor
    raw: torch.Tensor


@torch.no_grad()
def see_gestures(weight: torch.Tensor, statistics: PoseStatistics, features: GestureFeatures) -> None:
    """Let input features see the noisy pose less the initial one, along the strongest components.

    Args:
        weight: (D, 804), of what is trained in the input layer, on standardised values: noisy ones, then initial ones.
        statistics: of the data.
        features: which see gestures, and which hold them filtered.
    """
    num_values = len(statistics.mean)
    gesture = statistics.gesture_components[:, : features.number].T  # (K, 402)
    weight[features.seen, :num_values] = gesture
    weight[features.seen, num_values:] = -gesture * statistics.noisy_scale * statistics.deviation
    weight[features.filtered] = 0


@torch.no_grad()
def filter_gestures(network: SMGA, statistics: PoseStatistics, windows: Batch, features: GestureFeatures) -> None:
    """Smooth and copy what is seen, gated by the timestep, and add it to the output.

    Args:
        network: its input layer sees gestures; nothing is added yet to the features that hold them filtered.
        statistics: of the data.
        windows: some of it, as `PoseStatistics.measured` takes them, with initial_pose (N, 402).
        features: which see gestures, and which hold them filtered.
    """
    layer, number = first_layer(network), features.number
    branch = layer.face if layer.body is None else layer.body
    if not (isinstance(branch.film1, FiLM) and isinstance(layer.film_final, FiLM)):
        return  # nothing knows the timestep
    nn.init.zeros_(network.pooled_out.weight)  # at first nothing but the timestep is in FiLM's embedding
    nn.init.zeros_(network.pooled_out.bias)
    nn.init.zeros_(network.null_hidden)
    _pass_through_first_head(branch.self_attn, features)
    copies = torch.eye(number)
    layer.linear1.weight[: 2 * number] = 0
    layer.linear1.bias[: 2 * number] = 0
    layer.linear2.weight[features.filtered] = 0
    for first, sign in ((0, 1), (number, -1)):
        layer.linear1.weight[first : first + number] += sign * _differences(network.width, features)
        layer.linear2.weight[features.filtered, first : first + number] = sign * copies
    gates = _least_squares(network, branch, statistics, windows, features)
    _set_gates(network, branch.film1, features, gates.smoothed)
    _set_gates(network, layer.film_final, features, gates.raw)
    scale = statistics.noisy_scale * statistics.movement_scale
    to_values = torch.where(scale > 0, 1 / scale.clamp(min=1e-9), 0.0)
    read = cast(ParametrizationList, cast(nn.ModuleDict, network.final_layer.parametrizations)["weight"]).original
    read[:, features.filtered] = statistics.gesture_components[:, :number] * to_values[:, None]


def first_layer(network: SMGA) -> DecoderLayer:
    """Of the decoder."""
    return cast(DecoderLayer, network.layers[0])


def _differences(width: int, features: GestureFeatures) -> torch.Tensor:
    """(K, D): what is seen less what is filtered already; the mean that a norm takes away is in both."""
    rows = torch.zeros(features.number, width)
    rows[:, features.seen] = torch.eye(features.number)
    rows[:, features.filtered] = -torch.eye(features.number)
    return rows


def _pass_through_first_head(attention: Attention, features: GestureFeatures) -> None:
    """The first head's values are what is seen; it writes into the filtered features and nowhere else."""
    number, width = features.number, attention.width
    attention.in_proj_weight[2 * width : 2 * width + number] = _differences(width, features)
    attention.in_proj_bias[2 * width : 2 * width + number] = 0
    attention.out_proj.weight[features.filtered] = 0
    attention.out_proj.weight[features.filtered, :number] = torch.eye(number)


def _least_squares(
    network: SMGA, branch: MotionBranch, statistics: PoseStatistics, windows: Batch, features: GestureFeatures
) -> _Gates:
    """How much of what is seen and of what is smoothed makes up the true gesture, at each timestep."""
    clean, initial, condition = (windows[name][:_MEASURED_ROWS] for name in ("pose", "initial_pose", "condition"))
    num_rows, generator = len(clean), torch.Generator().manual_seed(0)
    components = statistics.gesture_components[:, : features.number]
    truth = ((clean - initial[:, None]) * statistics.noisy_scale) @ components  # (B, F, K)
    speech = network.encode_condition(condition, torch.ones(num_rows, dtype=torch.bool))
    seen: list[torch.Tensor] = []
    handles = [
        branch.self_attn.register_forward_hook(lambda _, inputs, output: seen.append(output)),
        first_layer(network).norm_final.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0])),
    ]
    smoothed_gates, raw_gates = [], []
    for timestep in _TIMESTEPS:
        seen.clear()
        timesteps, noise = timestep.expand(num_rows), torch.randn(clean.shape, generator=generator)
        network(add_noise(cosine_schedule(), clean, noise, timesteps), initial, speech, timesteps)
        smoothed, merged = seen[0][..., features.filtered], seen[1]
        raw, of_smoothed = _two_factors(merged[..., features.seen], smoothed, truth)
        raw = raw.clamp(0, _MOST_RAW)
        smoothed_gates.append(of_smoothed / (1 - raw))  # the feed-forward layer takes its share away again
        raw_gates.append(raw * merged.std(dim=-1).mean())  # its norm divides by the deviation
    for handle in handles:
        handle.remove()
    return _Gates(torch.stack(smoothed_gates), torch.stack(raw_gates))


def _two_factors(first: torch.Tensor, second: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Per feature the a and b of least |truth - a first - b second|², with velocities and accelerations: (K,) each."""
    parts = [torch.cat([x.diff(n=order, dim=1).flatten(0, 1) for order in range(3)]) for x in (first, second, truth)]
    x, y, z = (part.double() for part in parts)  # (N, K)
    xx, xy, yy, xz, yz = ((a * b).sum(dim=0) for a, b in ((x, x), (x, y), (y, y), (x, z), (y, z)))
    determinant = (xx * yy - xy**2).clamp(min=1e-12)
    return ((xz * yy - yz * xy) / determinant).float(), ((yz * xx - xz * xy) / determinant).float()


def _set_gates(network: SMGA, film: FiLM, features: GestureFeatures, gates: torch.Tensor) -> None:
    """Fit FiLM's scales of the filtered features, 1 + scale = gate, to (T, K) gates at the start's embeddings."""
    embedding = network.time_to_embedding(F.mish(network.time_in(time_sinusoid(_TIMESTEPS, network.width))))
    heard = torch.cat([F.mish(embedding), torch.ones(len(_TIMESTEPS), 1)], dim=1).double()  # (T, D + 1)
    normal = heard.T @ heard / len(heard)
    normal.diagonal().add_(_RIDGE * normal.diagonal().mean())
    fitted = torch.linalg.solve(normal, heard.T @ (gates.double() - 1) / len(heard)).float()  # (D + 1, K)
    shift = slice(network.width + features.filtered.start, network.width + features.filtered.stop)
    film.linear.weight[features.filtered], film.linear.bias[features.filtered] = fitted[:-1].T, fitted[-1]
    film.linear.weight[shift], film.linear.bias[shift] = 0, 0
