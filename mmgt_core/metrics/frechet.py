"""Distances between two sets of features: Fréchet (FID, FVD, FGD) and kernel (KID, KVD) (paper §IV-A)."""

import numpy as np
import numpy.typing as npt
import torch
from torchmetrics.image.kid import poly_mmd

Float64Array = npt.NDArray[np.float64]

MAX_KERNEL_ROWS = 2000
"""Evenly spaced rows that the kernel distance takes of a larger set: its matrices grow with the square."""


def frechet_distance(features: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]) -> float:
    """|μ₁ - μ₂|² + tr(C₁ + C₂ - 2 (C₁ C₂)^½), of the Gaussians fitted to two sets (Heusel et al. 2017, equation 6).

    Args:
        features, truth: (samples, D) each; two samples at least.

    Raises:
        ValueError: a set with fewer than two samples, by number.
    """
    (mean, covariance), (mean_truth, covariance_truth) = _gaussian(features), _gaussian(truth)
    # (C₁ C₂)^½ has the trace of (C₁^½ C₂ C₁^½)^½, which is symmetric, so its eigenvalues are real.
    root = _square_root(covariance)
    eigenvalues = np.linalg.eigvalsh(root @ covariance_truth @ root).clip(min=0)
    spread = np.trace(covariance) + np.trace(covariance_truth) - 2 * np.sqrt(eigenvalues).sum()
    return max(0.0, float(((mean - mean_truth) ** 2).sum() + spread))


def kernel_distance(features: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]) -> float:
    """Unbiased squared MMD with the kernel (x·y / D + 1)³ (Bińkowski et al. 2018); may be a little below 0.

    Args:
        features, truth: (samples, D) each; two samples at least. Of more than MAX_KERNEL_ROWS, that many are used.

    Raises:
        ValueError: a set with fewer than two samples, by number.
    """
    _check(features)
    _check(truth)
    number = min(len(features), len(truth), MAX_KERNEL_ROWS)
    rows = [
        torch.from_numpy(values[np.linspace(0, len(values) - 1, number).round().astype(int)]).double()
        for values in (truth, features)
    ]
    return float(poly_mmd(*rows))


def _gaussian(features: npt.NDArray[np.floating]) -> tuple[Float64Array, Float64Array]:
    _check(features)
    values = features.astype(np.float64)
    return values.mean(axis=0), np.atleast_2d(np.cov(values, rowvar=False))


def _square_root(covariance: Float64Array) -> Float64Array:
    """The symmetric root of a covariance; a flat one has it too."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(eigenvalues.clip(min=0))) @ vectors.T


def _check(features: npt.NDArray[np.floating]) -> None:
    if len(features) < 2:
        raise ValueError(f"a distribution needs at least 2 samples, not {len(features)}")
