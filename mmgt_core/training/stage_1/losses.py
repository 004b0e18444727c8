"""Stage 1's loss as a plain function (paper §III-B; spec §3)."""

from dataclasses import dataclass

import torch

from mmgt_core.keypoints import FACE

_FACE_VALUES = slice(3 * FACE.start, 3 * FACE.stop)

DEFAULT_HEAD_WEIGHT = 3.0
"""Table IV's 1:3 column, as published."""


@dataclass(frozen=True)
class PoseLossTerms:
    """The six terms of stage 1's loss, weighted; scalars."""

    position: torch.Tensor
    velocity: torch.Tensor
    acceleration: torch.Tensor
    head_position: torch.Tensor
    head_velocity: torch.Tensor
    head_acceleration: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """Equation 20: the plain sum."""
        return torch.stack(self.ordered()).sum()

    def ordered(self) -> list[torch.Tensor]:
        """Whole body first, then head; position, velocity, acceleration."""
        return [
            self.position,
            self.velocity,
            self.acceleration,
            self.head_position,
            self.head_velocity,
            self.head_acceleration,
        ]


def pose_loss_terms(
    predicted: torch.Tensor,
    target: torch.Tensor,
    head_weight: float = DEFAULT_HEAD_WEIGHT,
    scales: torch.Tensor | None = None,
) -> PoseLossTerms:
    """Equations 16 to 19: squared errors of positions and of their first and second differences.

    Args:
        predicted: (B, F, 402), normalised.
        target: (B, F, 402), normalised.
        head_weight: of the face points' terms against the whole body's.
        scales: (3, 402), factors of the errors of positions, velocities and accelerations; None: 1, as published.
    """
    error = predicted - target
    squares = [error.diff(n=order, dim=1).square() for order in range(3)]
    if scales is not None:
        squares = [square * scale.square() for square, scale in zip(squares, scales, strict=True)]
    head = [head_weight * square[..., _FACE_VALUES].mean() for square in squares]
    return PoseLossTerms(*(square.mean() for square in squares), *head)
