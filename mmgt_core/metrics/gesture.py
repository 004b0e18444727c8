"""How gestures move: hand speed and its timing against speech, beats, and distances of pose windows (paper §IV-A)."""

import warnings
from dataclasses import dataclass

import numpy as np
from librosa.onset import onset_detect
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks
from scipy.spatial.distance import pdist

from mmgt_core.audio.baseline import onset_envelope
from mmgt_core.keypoints import LEFT_HAND, NECK, NUM_KEYPOINTS, RIGHT_HAND, SHOULDERS, Float32Array
from mmgt_core.masks.regions import VISIBLE
from mmgt_core.metrics.frechet import frechet_distance
from mmgt_core.types import FPS, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, PoseSequence, Waveform

GESTURE_POINTS = (0, *range(1, 8), 14, 15, 16, 17, *range(LEFT_HAND.start, NUM_KEYPOINTS))
"""Head, arms and hands: without hips, legs and feet, which are often unseen, and without the face's own motion."""

MAX_LAG_FRAMES = FPS
_SMOOTHING_FRAMES = 2.0
_BEAT_TOLERANCE_S = 0.1
_FEWEST_FRAMES_BETWEEN_BEATS = 5
_LEAST_SHOULDERS_PX = 1.0


def in_shoulder_widths(poses: PoseSequence) -> Float32Array:
    """Every point, seen from the clip's median neck in widths of its median shoulders: (F, 134, 2).

    Makes people of any size comparable. A point that is not seen in a frame moves evenly between the frames where it
    is; one that never is stands at the neck.
    """
    points = _filled(poses.keypoints)
    neck = np.median(points[:, NECK], axis=0)
    right, left = SHOULDERS
    width = float(np.median(np.linalg.norm(points[:, right] - points[:, left], axis=1)))
    is_seen = np.any(poses.keypoints[:, :, 2:] >= VISIBLE, axis=0)  # (134, 1)
    return np.where(is_seen, (points - neck) / max(width, _LEAST_SHOULDERS_PX), 0).astype(np.float32)


def hand_speed(poses: PoseSequence) -> Float32Array:
    """Speed of the hands' centres in shoulder widths a second, mean of both: (F,); the first frame has the second's."""
    points = in_shoulder_widths(poses)
    centres = np.stack([points[:, part].mean(axis=1) for part in (LEFT_HAND, RIGHT_HAND)], axis=1)  # (F, 2, 2)
    if len(centres) < 2:
        return np.zeros(len(centres), np.float32)
    speed = np.linalg.norm(np.diff(centres, axis=0), axis=2).mean(axis=1) * FPS  # (F - 1,)
    return np.concatenate([speed[:1], speed]).astype(np.float32)


def speech_energy(waveform: Waveform, num_frames: int) -> Float32Array:
    """Root mean square of the samples of each video frame: (F,)."""
    length = num_frames * SAMPLES_PER_FRAME
    samples = waveform.samples[:length]
    framed = np.pad(samples, (0, length - len(samples))).reshape(num_frames, SAMPLES_PER_FRAME)
    return np.sqrt((framed**2).mean(axis=1)).astype(np.float32)


def lag_correlations(speed: Float32Array, energy: Float32Array, max_lag: int = MAX_LAG_FRAMES) -> Float32Array:
    """Correlation of smoothed hand speed with speech energy `lag` frames before it, lag -max…max: (2 · max + 1,).

    Where one of both does not change, or nothing of both overlaps, there is no correlation: 0.
    """
    smooth = [gaussian_filter1d(values.astype(np.float64), _SMOOTHING_FRAMES) for values in (speed, energy)]
    moving, heard = smooth
    number = len(moving)
    found = []
    for lag in range(-max_lag, max_lag + 1):
        overlap = max(0, number - abs(lag))
        later, earlier = (moving[lag:], heard[:overlap]) if lag >= 0 else (moving[:overlap], heard[-lag:])
        found.append(correlation(later, earlier))
    return np.array(found, np.float32)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of two series of one length; 0 where one is constant or shorter than 2."""
    if len(first) < 2 or np.ptp(first) < 1e-9 or np.ptp(second) < 1e-9:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def beat_alignment(poses: PoseSequence, waveform: Waveform) -> float | None:
    """How near the motion's beats are to the speech's onsets, in [0, 1] (Li et al. 2021, with σ = 0.1 s).

    Motion beats are the moments at which the hands are slowest. None where either has no beat.
    """
    speed = gaussian_filter1d(hand_speed(poses).astype(np.float64), _SMOOTHING_FRAMES)
    beats, _ = find_peaks(-speed, distance=_FEWEST_FRAMES_BETWEEN_BEATS)
    onsets = speech_onsets(waveform)
    if not len(beats) or not len(onsets):
        return None
    nearest_s = np.abs(beats[:, None] - onsets[None, :]).min(axis=1) / FPS
    return float(np.exp(-(nearest_s**2) / (2 * _BEAT_TOLERANCE_S**2)).mean())


def speech_onsets(waveform: Waveform) -> np.ndarray:
    """Frames at which a sound begins, found by spectral flux."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa warns of silence, which speech has
        envelope = onset_envelope(waveform.samples, SAMPLE_RATE_HZ)
        return np.asarray(onset_detect(onset_envelope=envelope, sr=FPS, hop_length=1))


def diversity(features: Float32Array) -> float:
    """Mean Euclidean distance between the features of different pose windows, (N, D); 0 for fewer than two."""
    return float(pdist(features).mean()) if len(features) > 1 else 0.0


def gesture_distance(features: Float32Array, truth: Float32Array) -> float:
    """FGD: the Fréchet distance of two sets of pose windows' features, (N, D) each."""
    return frechet_distance(features, truth)


@dataclass(frozen=True)
class HandMotion:
    """Hand speed of a set of clips, in shoulder widths a second, and its lag correlation with speech energy."""

    mean_speed: float
    variance: float
    lags: Float32Array

    @classmethod
    def of(cls, clips: list[tuple[PoseSequence, Waveform]]) -> "HandMotion":
        """Over all frames of these clips; correlations are means over clips."""
        speeds = [hand_speed(poses) for poses, _ in clips]
        lags = [
            lag_correlations(speed, speech_energy(waveform, len(speed)))
            for speed, (_, waveform) in zip(speeds, clips, strict=True)
        ]
        every = np.concatenate(speeds)
        return cls(float(every.mean()), float(every.var()), np.mean(lags, axis=0).astype(np.float32))

    @property
    def best_lag(self) -> int:
        """Frames after speech energy at which hand speed goes most with it, or most against it."""
        return int(np.argmax(np.abs(self.lags))) - len(self.lags) // 2

    def timing(self, lag: int) -> float:
        """Correlation at a lag in frames."""
        return float(self.lags[lag + len(self.lags) // 2])


def _filled(keypoints: Float32Array) -> Float32Array:
    """Coordinates with unseen frames interpolated in time, (F, K, 2)."""
    points = keypoints[:, :, :2].copy()
    is_seen = keypoints[:, :, 2] >= VISIBLE
    frames = np.arange(len(points))
    for point in np.flatnonzero(~is_seen.all(axis=0) & is_seen.any(axis=0)):
        seen = np.flatnonzero(is_seen[:, point])
        for axis in range(2):
            points[:, point, axis] = np.interp(frames, seen, points[seen, point, axis])
    return points
