"""Laws of distances between sets of features."""

import numpy as np
import pytest

from mmgt_core.metrics.frechet import frechet_distance, kernel_distance


def test_a_set_is_at_no_distance_from_itself() -> None:
    features = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)

    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_known_gaussians_is_the_closed_form() -> None:
    # With commuting covariances the distance is |μ₁ - μ₂|² + Σ (σ₁ - σ₂)².
    drawn = np.random.default_rng(1)
    centred = drawn.normal(size=(4000, 3))
    centred -= centred.mean(axis=0)
    whitened = centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred, rowvar=False))).T
    features = whitened * (1.0, 2.0, 3.0) + (1.0, 0.0, 0.0)
    truth = whitened * (2.0, 2.0, 0.5) + (0.0, 2.0, 0.0)

    assert frechet_distance(features, truth) == pytest.approx(1 + 4 + 1 + 0 + 2.5**2, rel=1e-6)


def test_frechet_distance_is_symmetric_and_survives_a_set_without_any_spread() -> None:
    features = np.random.default_rng(2).normal(size=(60, 5))
    still = np.zeros((60, 5))

    forth, back = frechet_distance(features, still), frechet_distance(still, features)

    assert forth == pytest.approx(back, rel=1e-9)
    assert forth == pytest.approx((features.mean(axis=0) ** 2).sum() + features.var(axis=0, ddof=1).sum(), rel=1e-9)


def test_kernel_distance_grows_with_the_distance_of_two_sets_and_is_nothing_for_draws_of_one() -> None:
    drawn = np.random.default_rng(3)
    truth, same = drawn.normal(size=(400, 6)), drawn.normal(size=(400, 6))

    near, nearer = kernel_distance(truth + 1, truth), kernel_distance(truth + 0.5, truth)

    assert abs(kernel_distance(same, truth)) < 0.05
    assert near > nearer > 0.1


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_one_sample_is_no_distribution_and_the_message_has_the_number(distance) -> None:
    with pytest.raises(ValueError, match="at least 2 samples, not 1"):
        distance(np.zeros((1, 4)), np.zeros((5, 4)))
