"""The end of generated poses: arms slow down and sink back towards where the portrait has them, the mouth closes."""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import ARMS, LIPS, SHOULDERS, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.easing import Float64Array, minimum_jerk, slowing
from mmgt_core.pose.face_motion import JAW, ComplexArray, as_complex, moved_along
from mmgt_core.types import FPS, SAMPLES_PER_FRAME, PoseSequence, Waveform

REST_FRAMES = round(0.6 * FPS)
"""How long arms take. Only so many frames wait for the end."""
_LEAST_FRAMES = 3
"""In less nothing comes to rest, it jumps."""
_FARTHEST = 0.75
"""Shoulder widths that a wrist sinks back at most: in 0.6 s that is no faster than gestures are."""

_HEARD_S = 30.0
"""Of the end of a recording; how loud it is, is told by it."""
_SILENT_SHARE = 0.03
"""A frame whose level is below this part of the loud ones' (-30 dB) is silent."""
_LOUD_PERCENTILE = 95
_LINGERING_FRAMES, _CLOSING_FRAMES = 2, 6
"""The mouth stays for 0.08 s after the last sound, then closes in 0.24 s."""


def at_rest_at_the_end(
    parts: Iterator[PoseSequence], initial_keypoints: Float32Array, waveform: Waveform
) -> Iterator[PoseSequence]:
    """The same poses but for the last 0.6 s.

    Args:
        parts: of a video as long as the waveform, in order.
        initial_keypoints: (134, 3), the portrait's pose: where it has hands and mouth is rest.
        waveform: what is said; while it is heard, the mouth is left alone.
    """
    num_frames = waveform.num_frames
    first = num_frames - 1 - min(REST_FRAMES, (num_frames - 1) // 2)  # of the end; it stays as it is
    tail: list[Float32Array] = []
    num_passed = 0
    for part in parts:
        num_before = min(len(part), max(0, first - num_passed))
        if num_before:
            yield PoseSequence(part.keypoints[:num_before])
        if num_before < len(part):
            tail.append(part.keypoints[num_before:].copy())  # an empty view would hold the whole part to the end
        num_passed += len(part)
    end = np.concatenate(tail)
    if len(end) > _LEAST_FRAMES:
        end = with_closing_mouth(with_resting_arms(end, initial_keypoints), initial_keypoints, first, waveform)
    yield PoseSequence(end)


def with_resting_arms(end: Float32Array, initial_keypoints: Float32Array) -> Float32Array:
    """Copy the last poses of a video with arms that slow down from their own speed, and sink back meanwhile.

    Slowed, an arm passes through its own poses; from these, upper arm and forearm are turned about shoulder and elbow
    towards the portrait's, and their length in the picture goes from the one to the other. The hand keeps its shape.

    Args:
        end: (F, 134, 3); the first one stays.
        initial_keypoints: (134, 3).
    """
    eased = end.copy()
    phase = np.arange(len(end)) / (len(end) - 2)  # 1 in the last two frames: they are alike
    lived = slowing(phase) * (len(end) - 2)  # in frames
    rest = as_complex(initial_keypoints)
    shoulder_width = np.linalg.norm(np.subtract(*initial_keypoints[list(SHOULDERS), :2]))
    for shoulder, elbow, wrist, hand in ARMS:
        bones = [shoulder, elbow, wrist]
        if not (end[:, bones, 2] > VISIBLE).all():
            continue
        points = as_complex(end)
        upper, fore = (_at(points[:, b] - points[:, a], lived) for a, b in ((shoulder, elbow), (elbow, wrist)))
        fingers = _at(points[:, hand] - points[:, [wrist]], lived)
        if (initial_keypoints[bones, 2] > VISIBLE).all():
            ways = [_ways(upper, rest[elbow] - rest[shoulder]), _ways(fore, rest[wrist] - rest[elbow])]
            whole = sum(bone[-1] * (np.exp(way[-1]) - 1) for bone, way in zip((upper, fore), ways, strict=True))
            share = min(1.0, _FARTHEST * shoulder_width / max(abs(whole), 1e-6)) * minimum_jerk(phase)
            upper, fore = upper * np.exp(share * ways[0]), fore * np.exp(share * ways[1])
            fingers = fingers * np.exp(1j * share * ways[1].imag)[:, None]
        moved_elbow = points[:, shoulder] + upper
        moved_wrist = moved_elbow + fore
        _put(eased, [elbow, wrist], np.stack([moved_elbow, moved_wrist], axis=1))
        _put(eased, list(range(hand.start, hand.stop)), moved_wrist[:, None] + fingers)
    return eased


def with_closing_mouth(
    end: Float32Array, initial_keypoints: Float32Array, first: int, waveform: Waveform
) -> Float32Array:
    """Copy the last poses of a video with lips and jaw that go over to the portrait's once the speech has ended.

    Args:
        end: (F, 134, 3). initial_keypoints: (134, 3). first: which frame of the waveform the first of `end` is.
        waveform: what is said.
    """
    begins = max(first, speech_end(waveform) + _LINGERING_FRAMES) - first
    num_left = len(end) - 1 - begins
    if num_left < _LEAST_FRAMES:
        return end
    closed = end.copy()
    shares = minimum_jerk((np.arange(len(end)) - begins) / min(num_left, _CLOSING_FRAMES))
    for pose, share in zip(closed, shares, strict=True):
        for part in (JAW, LIPS):
            pose[part, :2] += share * (moved_along(initial_keypoints, pose, part) - pose[part, :2])
    return closed


def speech_end(waveform: Waveform) -> int:
    """The first frame after the last that is not silent; 0 where nothing is heard at all."""
    num_heard = round(_HEARD_S * FPS)
    first = max(0, waveform.num_frames - num_heard)
    samples = waveform.part(first * SAMPLES_PER_FRAME, waveform.num_frames * SAMPLES_PER_FRAME)
    whole = np.pad(samples, (0, -len(samples) % SAMPLES_PER_FRAME)).reshape(-1, SAMPLES_PER_FRAME)
    levels = np.sqrt(np.mean(whole.astype(np.float64) ** 2, axis=1))
    heard = np.flatnonzero(levels > _SILENT_SHARE * np.percentile(levels, _LOUD_PERCENTILE))
    return first + int(heard[-1]) + 1 if len(heard) else 0


def _ways(bone: ComplexArray, goal: np.complexfloating) -> ComplexArray:
    """From a bone at each time, (F,), to another: the logarithm of the ratio of their lengths, and the turn."""
    turns = np.unwrap(np.angle(goal * np.conj(bone)))
    return np.log(max(abs(goal), 1.0) / np.maximum(abs(bone), 1)) + 1j * turns


def _at(values: ComplexArray, frames: Float64Array) -> ComplexArray:
    """Values over time, (F, …), between their frames."""
    before = np.minimum(frames.astype(int), len(values) - 2)
    share = (frames - before).reshape(-1, *[1] * (values.ndim - 1))
    return values[before] * (1 - share) + values[before + 1] * share


def _put(poses: Float32Array, points: list[int], places: ComplexArray) -> None:
    poses[:, points, 0], poses[:, points, 1] = places.real, places.imag
