"""Generated hands that cannot be: bones too long, joints bent too far; mended from their neighbours in time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import ARMS, FACE, NUM_KEYPOINTS, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.easing import Float64Array
from mmgt_core.pose.face_motion import ComplexArray, as_complex
from mmgt_core.types import PoseSequence

BoolArray = npt.NDArray[np.bool_]

_FROM = np.array([0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19])
_TO = np.arange(1, 21)
"""Bones of a hand: from which of its 21 points to which, four a finger."""
_SHARES = np.array(
    [0.40, 0.45, 0.36, 0.30, 0.98, 0.44, 0.27, 0.22, 1.0, 0.48, 0.31, 0.23, 0.95, 0.45, 0.29, 0.23,
     0.90, 0.36, 0.22, 0.21]
)  # fmt: skip
"""Their lengths by that from the wrist to the middle knuckle, the palm's: an adult's, rounded."""
_PALM_OF_FACE = 0.7
"""The palm's by the face's, from brows to chin; of an adult, rounded down."""
_LONGEST_BONES = 80
"""Percentile of bones as they are shown, by their shares, that tells the palm: most are foreshortened."""
_NEARER = 2.0
"""So much larger may a hand appear than at the face's distance, held towards the camera."""
_TOO_LONG = 1.3
"""Times its length. Of 5000 hands of drawn presenters the longest bone is at 1.11."""
_MOST_BENT = np.deg2rad(125)
"""No joint of a finger bends so far; those of drawn presenters, seen flat, need 92 degrees at most."""
_PATIENCE_FRAMES = 12
"""So long a hand that cannot be waits for one that can."""


@dataclass(frozen=True)
class HandSize:
    """How large somebody's hands are. lengths: of their bones, (20,) px. largest_palm: they may appear with, px."""

    lengths: Float64Array
    largest_palm: float

    @classmethod
    def of(cls, portrait: Float32Array) -> "HandSize":
        """As the hands of a portrait, (134, 3), tell it; where it shows none, by its face."""
        by_face = _PALM_OF_FACE * float(np.ptp(portrait[FACE, 1]))
        seen = [portrait[hand] for *_, hand in ARMS if is_seen(portrait[hand])]
        bones = np.abs(_bones(np.stack(seen))) if seen else by_face * _SHARES[None]  # (hands, 20)
        palm = float(_palm(bones).max())
        return cls(np.maximum(bones.max(axis=0), palm * _SHARES), _NEARER * max(palm, by_face))


def with_mended_hands(
    parts: Iterator[PoseSequence], portrait: Float32Array, on_mended: Callable[[int], None]
) -> Iterator[PoseSequence]:
    """Poses whose hands can be: where one cannot, its shape leads from the last one that could to the next.

    Args:
        parts: of one sequence, in order; how it is parted does not matter. Frames wait only for a hand's next shape.
        portrait: (134, 3), whose hands tell how large these are.
        on_mended: told in how many frames a hand was mended until now, whenever these are more.
    """
    size = HandSize.of(portrait)
    hands = [_Hand(wrist, hand, size) for _, _, wrist, hand in ARMS]
    pending, num_mended = np.zeros((0, NUM_KEYPOINTS, 3), np.float32), 0
    for part in chain(parts, (None,)):
        pending = pending if part is None else np.concatenate([pending, part.keypoints])
        num_ready = len(pending) - (0 if part is None else max(hand.num_waiting(pending) for hand in hands))
        ready = pending[:num_ready].copy()
        is_mended = np.any([hand.mend(ready, pending) for hand in hands], axis=0)  # (ready,)
        if is_mended.any():
            num_mended += int(is_mended.sum())
            on_mended(num_mended)
        if num_ready:
            yield PoseSequence(ready)
        pending = pending[num_ready:]


def is_impossible(hand: Float32Array, size: HandSize) -> BoolArray:
    """Which frames show a hand with a bone too long or a joint bent too far: (F, 21, 3) to (F,)."""
    bones = _bones(hand)  # (F, 20)
    palm = np.minimum(_palm(np.abs(bones)), size.largest_palm)[:, None]  # (F, 1)
    lengths = np.maximum(size.lengths, palm * _SHARES)  # (F, 20)
    is_too_long = (np.abs(bones) > _TOO_LONG * lengths).any(axis=1)
    return np.asarray(is_seen(hand) & (is_too_long | (_least_bends(bones, lengths) > _MOST_BENT).any(axis=(1, 2))))


def is_seen(hand: Float32Array) -> BoolArray:
    """Which frames show all of a hand: (F, 21, 3) to (F,)."""
    return np.asarray((hand[..., 2] > VISIBLE).all(axis=-1))


class _Hand:
    """One hand along its frames."""

    def __init__(self, wrist: int, hand: slice, size: HandSize) -> None:
        self._wrist, self._hand, self._size = wrist, hand, size
        self._last: ComplexArray | None = None  # its shape in the frame before, (21,) from the wrist

    def num_waiting(self, keypoints: Float32Array) -> int:
        """How many of the last frames wait for a shape that is still to come."""
        is_wrong, is_good = self._seen(keypoints)
        first = max(_after_last(is_good), len(keypoints) - _PATIENCE_FRAMES)
        waiting = np.flatnonzero(is_wrong[first:])
        return len(keypoints) - first - int(waiting[0]) if len(waiting) else 0

    def mend(self, ready: Float32Array, keypoints: Float32Array) -> BoolArray:
        """Mend the hand in the first frames of some, in place; tells in which: (R, 134, 3), (F, 134, 3) to (R,)."""
        is_wrong, is_good = self._seen(keypoints)
        wrists = as_complex(keypoints[:, [self._wrist]])  # (F, 1)
        shapes = as_complex(keypoints[:, self._hand]) - wrists  # (F, 21)
        is_mended = np.zeros(len(ready), bool)
        for frame in range(len(ready)):
            if is_wrong[frame]:
                shape = self._towards_next(shapes[frame : frame + 1 + _PATIENCE_FRAMES], is_good[frame:])
                if shape is not None:
                    places = wrists[frame] + shape
                    ready[frame, self._hand, 0], ready[frame, self._hand, 1] = places.real, places.imag
                    self._last, is_mended[frame] = shape, True
            elif is_good[frame]:
                self._last = shapes[frame]
        return is_mended

    def _seen(self, keypoints: Float32Array) -> tuple[BoolArray, BoolArray]:
        """Which frames show it as it cannot be, and which as it can: (F, 134, 3) to (F,) each."""
        hand = keypoints[:, self._hand]
        is_wrong = is_impossible(hand, self._size)
        return is_wrong, is_seen(hand) & ~is_wrong

    def _towards_next(self, shapes: ComplexArray, is_good: BoolArray) -> ComplexArray | None:
        """A step from the last shape to the next good one of those that follow; None where there is neither."""
        (following,) = np.nonzero(is_good[: len(shapes)])
        if not len(following):
            return self._last
        later = shapes[following[0]]
        return later if self._last is None else self._last + (later - self._last) / (following[0] + 1)


def _after_last(flags: BoolArray) -> int:
    (found,) = np.nonzero(flags)
    return int(found[-1]) + 1 if len(found) else 0


def _bones(hand: Float32Array) -> ComplexArray:
    """(…, 21, 3) to (…, 20)."""
    points = as_complex(hand)
    return np.asarray(points[..., _TO] - points[..., _FROM])


def _palm(bones: Float64Array) -> Float64Array:
    """The palm's length as a hand's bones tell it: (…, 20) px to (…,)."""
    return np.asarray(np.percentile(bones / _SHARES, _LONGEST_BONES, axis=-1))


def _least_bends(bones: ComplexArray, lengths: Float64Array) -> Float64Array:
    """How far each joint must be bent at least for its two bones to look so: (F, 20), (F, 20) px to (F, 5, 3) radians.

    What a bone is longer than it looks goes towards the camera or away from it; for the least bend both go one way.
    """
    lengths = np.maximum(lengths, np.abs(bones))
    depths = np.sqrt(np.maximum(lengths**2 - np.abs(bones) ** 2, 0)).reshape(-1, 5, 4)
    flat, lengths = bones.reshape(-1, 5, 4), lengths.reshape(-1, 5, 4)
    along = (flat[..., 1:] * flat[..., :-1].conj()).real + depths[..., 1:] * depths[..., :-1]
    return np.asarray(np.arccos(np.clip(along / (lengths[..., 1:] * lengths[..., :-1]), -1, 1)))
