"""How poses and speech features are spread over the data: what a small network's start and loss are scaled by."""

from dataclasses import dataclass

import torch

from mmgt_core.keypoints import FACE, LEGS
from mmgt_core.training.machinery.batches import Batch

_CONSTANT = 1e-3
"""Half a pixel: a value that is spread less is taken as constant."""
_NOISE_VARIANCE = 0.06
"""Beside a noisy value's own: between the noise of early timesteps and of the last ones, which must still be seen."""


@dataclass(frozen=True)
class PoseStatistics:
    """Over many windows, in the network's normalised values.

    mean, deviation: (402,) of every frame. movement: (402,), root mean square of what a frame differs from its
    window's first one. components: (402, 402), eigenvectors of the standardised values in columns, the strongest first;
    strengths: (402,), the deviation along each. gesture_components: (402, 402), the same of what frames differ from
    their window's first one, of body and hands, on the scale `noisy_scale`; gesture_strengths: (402,), their size.
    condition_mean, condition_deviation: (features,).
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    movement: torch.Tensor
    components: torch.Tensor
    strengths: torch.Tensor
    gesture_components: torch.Tensor
    gesture_strengths: torch.Tensor
    condition_mean: torch.Tensor
    condition_deviation: torch.Tensor

    @property
    def is_constant(self) -> torch.Tensor:
        """(402,) bool: never differs, like the confidence of drawn points."""
        return self.deviation < _CONSTANT

    @property
    def noisy_scale(self) -> torch.Tensor:
        """(402,): brings a noisy value to units, 0 where constant: small values by the noise that hides them."""
        return _noisy_scale(self.deviation)

    @property
    def movement_scale(self) -> torch.Tensor:
        """(402,): movement, 0 where constant, and not below half a pixel elsewhere."""
        return torch.where(self.is_constant, 0.0, self.movement.clamp(min=_CONSTANT))

    @classmethod
    def measured(cls, windows: Batch) -> "PoseStatistics":
        """Args: windows: pose (N, 80, 402) and condition (N, 80, features)."""
        poses, condition = windows["pose"].double(), windows["condition"].double().flatten(0, 1)
        flat = poses.flatten(0, 1)  # (N F, D)
        mean, deviation = flat.mean(dim=0), flat.std(dim=0)
        standardised = torch.where(deviation < _CONSTANT, 0.0, (flat - mean) / deviation.clamp(min=_CONSTANT))
        variances, vectors = torch.linalg.eigh(standardised.T @ standardised / len(flat))  # ascending
        is_other = torch.zeros(len(mean) // 3, 3, dtype=torch.bool)
        is_other[list(LEGS)] = True
        is_other[FACE] = True
        moved = torch.where(is_other.flatten(), 0.0, (poses - poses[:, :1]).flatten(0, 1) * _noisy_scale(deviation))
        squares, gestures = torch.linalg.eigh(moved.T @ moved / len(flat))
        return cls(
            mean=mean.float(),
            deviation=deviation.float(),
            movement=(poses - poses[:, :1]).square().mean(dim=(0, 1)).sqrt().float(),
            components=vectors.flip(1).float(),
            strengths=variances.clamp(min=0).sqrt().flip(0).float(),
            gesture_components=gestures.flip(1).float(),
            gesture_strengths=squares.clamp(min=0).sqrt().flip(0).float(),
            condition_mean=condition.mean(dim=0).float(),
            condition_deviation=condition.std(dim=0).clamp(min=_CONSTANT).float(),
        )


def _noisy_scale(deviation: torch.Tensor) -> torch.Tensor:
    return torch.where(deviation < _CONSTANT, 0.0, (deviation**2 + _NOISE_VARIANCE).rsqrt())
