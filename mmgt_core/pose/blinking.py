"""Blinks for generated poses: where a person would have blinked by then and the poses do not, the lids close once."""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.easing import Float64Array, minimum_jerk
from mmgt_core.pose.eyelids import SHUT, eye_opening, usual_opening, with_lids
from mmgt_core.types import FPS, PoseSequence

_MEDIAN_GAP_S, _GAP_SPREAD = 2.5, 0.5
"""From one blink's beginning to the next: log-normal, 21 a minute in the mean. People blink 17 times a minute at rest
and 26 in conversation (Bentivoglio et al. 1997, 150 people); drawn presenters do 20 times."""
_SHORTEST_GAP_S = 1.0
_CLOSING_S, _SHUT_S, _OPENING_S = 0.1, 0.04, 0.2
"""Lids take about 0.1 s to shut and longer to open (Stern et al. 1984); shut for a frame at least, or no frame would
show it."""
_BLINK_FRAMES = 9
"""As many as a blink touches."""
_AHEAD_FRAMES = 20
"""How far poses are looked at before a blink begins, for one of their own; no longer than the shortest gap."""
_SEED_STREAM = 0x626C696E6B
"""Keeps these draws apart from others of the same seed."""


def with_blinks(
    parts: Iterator[PoseSequence], num_frames: int, initial_keypoints: Float32Array, seed: int
) -> Iterator[PoseSequence]:
    """The same poses with blinks where they lack them; a part leaves when the frames after it are known.

    What is drawn depends on the seed and on the frame alone, so that the same poses in other parts blink alike.

    Args:
        parts: of a video, in order.
        num_frames: of all of them.
        initial_keypoints: (134, 3), the portrait's pose, which shows how wide the eyes are usually open; where it does
            not, nothing is changed.
        seed: of the video.
    """
    usual = usual_opening(initial_keypoints)
    if usual is None:
        yield from parts
        return
    lids = _Lids(num_frames, seed)
    held = np.empty((0, *initial_keypoints.shape), np.float32)
    num_known = 0
    for part in parts:
        held = np.concatenate([held, part.keypoints])
        num_known += len(part)
        is_last = num_known >= num_frames
        num_ready = len(held) if is_last else max(0, len(held) - _AHEAD_FRAMES)
        if num_ready:
            openness = eye_opening(held) / usual
            closure = np.array([lids.closure(openness[index : index + _AHEAD_FRAMES]) for index in range(num_ready)])
            yield PoseSequence(with_lids(held[:num_ready], closure, usual))
            held = held[num_ready:]


class _Lids:
    """The lids of one video, frame after frame."""

    def __init__(self, num_frames: int, seed: int) -> None:
        self._num_frames, self._seed = num_frames, seed
        self._frame = 0
        self._due = np.random.default_rng([seed, _SEED_STREAM]).random() * self._gap(0)
        self._begins = -np.inf

    def closure(self, openness: Float64Array) -> float:
        """How far the lids are to be closed, 0 to 1, in the next frame: openness is of it and of those after it."""
        frame = self._frame
        is_blinking = frame < self._begins + _BLINK_FRAMES
        if not is_blinking and openness[0] < SHUT:
            self._due = frame + self._gap(frame)
        elif not is_blinking and frame >= self._due and (openness > SHUT).all() and self._fits(frame):
            self._begins, self._due = frame, frame + self._gap(frame)
        self._frame += 1
        return _closure_after((frame - self._begins) / FPS)

    def _fits(self, frame: int) -> bool:
        """Whether a blink that begins here is over before the video is."""
        return frame + _BLINK_FRAMES < self._num_frames

    def _gap(self, frame: int) -> float:
        """Frames from a blink to the next, by its own frame."""
        draw = np.random.default_rng([self._seed, _SEED_STREAM, 1 + frame])
        return max(_SHORTEST_GAP_S, draw.lognormal(np.log(_MEDIAN_GAP_S), _GAP_SPREAD)) * FPS


def _closure_after(seconds: float) -> float:
    """How far lids are closed so long after they began to."""
    opening_s = seconds - _CLOSING_S - _SHUT_S
    phase = seconds / _CLOSING_S if opening_s < 0 else 1 - opening_s / _OPENING_S
    return float(minimum_jerk(np.asarray(phase)))
