"""Laws of the beats: frame for frame where the library finds them, with nothing of it that compiles."""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest

from mmgt_core.audio.beats import beat_frames

RATE_HZ, HOP, TIGHTNESS = 12_800, 512, 100


def envelopes(kind: str, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    num_frames = int(chance.integers(20, 400))
    if kind == "even":
        pulses = chance.random(num_frames) * 0.2
        pulses[:: int(chance.integers(6, 30))] += 1
        return pulses.astype(np.float32)
    if kind == "sparse":
        pulses = np.zeros(num_frames, np.float32)
        pulses[chance.integers(0, num_frames, 5)] = chance.random(5)
        return pulses
    return np.maximum(0, chance.normal(0, 1, num_frames)).astype(np.float32)


@pytest.fixture(scope="module")
def beat_track() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """The library's; imported where it is used, by one process: several that compile it at once spoil numba's cache."""
    return import_module("librosa.beat").beat_track


@pytest.mark.parametrize("kind", ["even", "sparse", "noisy"])
def test_beats_fall_where_the_library_finds_them(kind: str, beat_track: Callable[..., tuple]) -> None:
    for seed in range(40):
        envelope, start_bpm = envelopes(kind, seed), (60.0, 90.0, 123.046875, 200.0)[seed % 4]

        expected = beat_track(
            onset_envelope=envelope, sr=RATE_HZ, hop_length=HOP, start_bpm=start_bpm, tightness=TIGHTNESS
        )[1]
        found = beat_frames(envelope, RATE_HZ, HOP, start_bpm, TIGHTNESS)

        assert found.tolist() == expected.tolist(), (kind, seed)


def test_silence_has_no_beats() -> None:
    assert len(beat_frames(np.zeros(80, np.float32), RATE_HZ, HOP, 120.0, TIGHTNESS)) == 0


def test_the_features_import_nothing_that_compiles_at_every_start() -> None:
    asked = "import sys, mmgt_core.audio.baseline; print(*sys.modules)"

    modules = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()

    assert "librosa.beat" not in modules
