"""How errors of stage 1 are weighed for small networks: each in units of what it varies by, fingers seen from the hand.

Plain squared errors are nearly all position: a hand wanders a hundred times farther than it moves in one frame, and
carries its fingers along. Where only they count, a small network learns where hands are, but neither how fast they move
nor how fingers stand to each other.
"""

import torch

from mmgt_core.keypoints import LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from mmgt_core.training.stage_1.pose_statistics import PoseStatistics

_LEAST = (1e-3, 2e-3, 2e-3)
"""Half a pixel, then a pixel a frame: what varies less counts as if it varied by this."""
_ORDER_WEIGHTS = (1.0, 0.1, 0.01)
"""Of squared errors of position, velocity, acceleration; the last two cannot be foretold from much noise."""
_HANDS = (LEFT_HAND, RIGHT_HAND)
_PLACE_WEIGHT = 10.0
"""Of a hand's first point, which alone says where the hand is."""


def seen_from_hand(values: torch.Tensor) -> torch.Tensor:
    """Positions of a hand's points less those of its first one, which stays: (…, 402) to a new (…, 402)."""
    points = values.unflatten(-1, (NUM_KEYPOINTS, 3)).clone()
    for hand in _HANDS:
        points[..., hand.start + 1 : hand.stop, :2] -= points[..., hand.start : hand.start + 1, :2].clone()
    return points.flatten(-2)


def motion_scales(poses: torch.Tensor, statistics: PoseStatistics) -> torch.Tensor:
    """(3, 402): factors of errors `seen_from_hand`, of position, velocity and acceleration; 0 for constant values.

    Args:
        poses: (N, F, 402), some of the data.
        statistics: of the same.
    """
    local = seen_from_hand(poses)
    moved = local - local[:, :1]
    spreads = [moved, local.diff(n=1, dim=1), local.diff(n=2, dim=1)]
    scales = torch.stack(
        [
            weight**0.5 / spread.square().mean(dim=(0, 1)).sqrt().clamp(min=least)
            for weight, spread, least in zip(_ORDER_WEIGHTS, spreads, _LEAST, strict=True)
        ]
    )
    for hand in _HANDS:
        scales[:, 3 * hand.start : 3 * hand.start + 2] *= _PLACE_WEIGHT**0.5
    return torch.where(statistics.is_constant, 0.0, scales)
