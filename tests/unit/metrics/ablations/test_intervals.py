"""Laws of the intervals of differences: they hold the truth as often as they say, whatever varies."""

import numpy as np
import pytest
from scipy.stats import t as students_t
from scipy.stats import ttest_1samp

from mmgt_core.metrics.ablations.intervals import difference, pseudo_values
from mmgt_core.metrics.gesture import gesture_distance

DRAWS = 2000
TRUTH = 0.7


def simulated(seeds: float, clips: float, rest: float, shape: tuple[int, int] = (3, 40)) -> list[np.ndarray]:
    """Many tables of paired differences around TRUTH, by how far trainings, clips and the rest vary."""
    generator, (num_seeds, num_clips) = np.random.default_rng(7), shape
    return [
        TRUTH
        + seeds * generator.normal(size=(num_seeds, 1))
        + clips * generator.normal(size=(1, num_clips))
        + rest * generator.normal(size=shape)
        for _ in range(DRAWS)
    ]


@pytest.mark.parametrize(
    ("seeds", "clips", "rest"), [(0, 1, 0.3), (0.15, 1, 0.5), (0.5, 1, 0.5), (1, 0.2, 0.2), (0, 0, 1)]
)
def test_an_interval_holds_the_truth_as_often_as_it_says(seeds: float, clips: float, rest: float) -> None:
    found = [difference(pairs) for pairs in simulated(seeds, clips, rest)]

    held = np.mean([each.low <= TRUTH <= each.high for each in found])
    # Two thousand draws know a share of 0.95 to 0.01; Satterthwaite's degrees of freedom are near, not exact.
    assert 0.93 <= held <= 0.97


def test_pairs_of_shared_clips_are_no_independent_samples() -> None:
    """What the interval is for: an interval of as many samples as there are pairs holds the truth too seldom."""

    def holds(pairs: np.ndarray) -> bool:
        half = students_t.ppf(0.975, pairs.size - 1) * pairs.std(ddof=1) / np.sqrt(pairs.size)
        return bool(abs(pairs.mean() - TRUTH) <= half)

    assert np.mean([holds(pairs) for pairs in simulated(0.15, 1, 0.5)]) < 0.8


def test_of_one_training_the_interval_is_students_over_clips() -> None:
    pairs = simulated(0, 1, 0, (1, 12))[0]

    found, expected = difference(pairs), ttest_1samp(pairs[0], 0).confidence_interval()

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_what_never_differs_is_not_told_apart_and_what_always_differs_alike_is() -> None:
    same, apart = difference(np.zeros((3, 5))), difference(np.full((3, 5), -2.0))

    assert (same.value, same.low, same.high, same.is_told_apart) == (0, 0, 0, False)
    assert (apart.value, apart.low, apart.high, apart.is_told_apart) == (-2, -2, -2, True)


def test_what_a_clip_adds_to_a_mean_is_its_own_number() -> None:
    numbers = np.array([1.0, 4.0, 2.0, 9.0])

    found = pseudo_values(lambda indices: float(numbers[list(indices)].mean()), len(numbers))

    assert found == pytest.approx(numbers)


def test_a_distance_of_sets_lies_in_its_interval_as_often_as_it_says() -> None:
    generator, num_clips = np.random.default_rng(3), 12

    def drawn(values: np.ndarray, by: float) -> np.ndarray:
        """Features around others: of each clip, and of its windows."""
        clip, window = generator.normal(size=(num_clips, 1, 2)), generator.normal(size=(num_clips, 5, 2))
        return values + by + 0.3 * clip + 0.3 * window

    def once() -> tuple[np.ndarray, float]:
        truth = drawn(np.zeros((num_clips, 5, 2)), 0)
        pairs = []
        for features in (drawn(truth, 0.5), drawn(truth, 0.2)):

            def figure(indices, features=features) -> float:
                return gesture_distance(features[list(indices)].reshape(-1, 2), truth[list(indices)].reshape(-1, 2))

            pairs.append((pseudo_values(figure, num_clips), figure(range(num_clips))))
        return (pairs[0][0] - pairs[1][0])[None], pairs[0][1] - pairs[1][1]

    drawings = [once() for _ in range(200)]
    expected = np.mean([value for _, value in drawings])

    found = [difference(pairs, value) for pairs, value in drawings]
    # 200 draws know a share of 0.95 to 0.03, and what is left out one by one is a first approximation.
    assert 0.88 <= np.mean([each.low <= expected <= each.high for each in found]) <= 0.99
