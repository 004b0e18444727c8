"""Where a sequence of poses begins and ends: at the portrait's own pose, or so that its end leads into its beginning.

Both add to poses, over a second or less, what brings them there. Trunk, head and arms meet in coordinates that keep
bones and hands whole; jaw, eyes and lips meet on the head, and faster, for they belong to what is said.
"""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import NUM_KEYPOINTS, Float32Array
from mmgt_core.pose.easing import Float64Array, minimum_jerk
from mmgt_core.pose.face_motion import ComplexArray
from mmgt_core.pose.motion_coordinates import (
    bone_columns,
    coordinates_of,
    face_on_head,
    nearest_turn,
    with_coordinates,
    with_face_on_head,
)
from mmgt_core.types import FPS, PoseSequence

_FRAMES = FPS
"""A body takes so long."""
_LENGTH_FRAMES = 5
"""So far back a beginning is thought to go on as it begins."""
_FACE_FRAMES = 8
"""A face takes so long."""


def starting_at(parts: Iterator[PoseSequence], pose: Float32Array) -> Iterator[PoseSequence]:
    """Poses whose first is a given one, (134, 3), from where they find back to their own.

    Args:
        parts: of one sequence, in order; so much as has to find back waits until it is there.
    """
    begun = _collected(parts, _FRAMES)
    if not len(begun):
        return
    head, rest = begun[:_FRAMES], begun[_FRAMES:]
    own = coordinates_of(head, None)
    missing = nearest_turn(coordinates_of(pose[None], None)[0] - own[0])
    faces = face_on_head(head)
    missing_face = face_on_head(pose[None])[0] - faces[0]
    body_left, face_left = (1 - minimum_jerk(np.arange(len(head)) / frames) for frames in (_FRAMES, _FACE_FRAMES))
    met = own + body_left[:, None] * missing
    _set_lengths(met, own, own[0].real + missing.real, body_left)
    moved = with_coordinates(head, met)
    yield PoseSequence(with_face_on_head(moved, faces + face_left[:, None] * missing_face))
    if len(rest):
        yield PoseSequence(rest)
    yield from parts


def looping(parts: Iterator[PoseSequence]) -> Iterator[PoseSequence]:
    """Poses whose last leads into their first, in place and speed: repeated, they go on without a jump.

    Args:
        parts: of one sequence, in order; its last second waits until it is known to be the last.
    """
    beginning = np.zeros((0, NUM_KEYPOINTS, 3), np.float32)
    held = beginning
    for part in parts:
        if len(beginning) < 2:
            beginning = np.concatenate([beginning, part.keypoints])[:2]
        held = np.concatenate([held, part.keypoints])
        if len(held) > _FRAMES:
            yield PoseSequence(held[:-_FRAMES])
            held = held[-_FRAMES:]
    if len(held) > 2:
        yield PoseSequence(_led_into(held, beginning))
    elif len(held):
        yield PoseSequence(held)


def _led_into(end: Float32Array, beginning: Float32Array) -> Float32Array:
    """The end of a sequence, (N, 134, 3), bent so that the first two poses, (2, 134, 3), go on where it ends."""
    own, first = coordinates_of(end, None), coordinates_of(beginning, None)
    phase = (np.arange(len(end)) + 1) / len(end)  # 1 with the frame that would follow
    before, at_end = phase - 1 / len(end), own[-1] - own[-2]
    place = nearest_turn(first[0] - own[-1] - at_end)
    speed = (first[1] - first[0] - at_end) * len(end)
    share = _hermite_place(before)
    met = own + share[:, None] * place + _hermite_speed(before)[:, None] * speed
    to_go = np.maximum(np.arange(len(end)) - len(end), -_LENGTH_FRAMES)[:, None]
    _set_lengths(met, own, first[0].real + to_go * (first[1] - first[0]).real, share)
    faces = face_on_head(end)
    missing_face = face_on_head(beginning[:1])[0] - faces[-1]
    face_phase = np.clip((np.arange(len(end)) + 1 + _FACE_FRAMES - len(end)) / (_FACE_FRAMES + 1), 0, 1)
    return with_face_on_head(with_coordinates(end, met), faces + minimum_jerk(face_phase)[:, None] * missing_face)


def _set_lengths(met: ComplexArray, own: ComplexArray, wanted: Float64Array, share: Float64Array) -> None:
    """Bones pass from their own length to the wanted one, (C,) or (F, C): what is added to an angle would stretch them.

    Args: met: (F, C) coordinates, changed here. own: as they came. share: (F,) of the wanted length.
    """
    bones = bone_columns()
    lengths = own[:, bones].real + share[:, None] * (wanted[..., bones] - own[:, bones].real)
    met[:, bones] = lengths + 1j * met[:, bones].imag


def _hermite_place(phase: Float64Array) -> Float64Array:
    """From 0 to 1, at rest at both ends."""
    return phase**2 * (3 - 2 * phase)


def _hermite_speed(phase: Float64Array) -> Float64Array:
    """From 0 to 0, at rest at first and with slope 1 at last."""
    return phase**2 * (phase - 1)


def _collected(parts: Iterator[PoseSequence], num_frames: int) -> Float32Array:
    """The first frames, at least so many where there are."""
    begun = np.zeros((0, NUM_KEYPOINTS, 3), np.float32)
    for part in parts:
        begun = np.concatenate([begun, part.keypoints])
        if len(begun) >= num_frames:
            break
    return begun
