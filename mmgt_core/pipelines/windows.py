"""Which frames are denoised together in stage 2, and which are generated together in stage 1."""

from dataclasses import dataclass
from itertools import pairwise

from mmgt_core.quality import WindowSchedule

Window = tuple[int, ...]
"""Frame indices, in the order in which the motion modules see them."""

STRETCH_WINDOWS = 10
"""At most so many windows are denoised together: 84 frames of the usual ones, 3.36 s."""


@dataclass(frozen=True)
class Stretch:
    """Frames that are denoised together to the end, before those after them begin.

    frames: of the video. num_begun: its first ones, with which the stretch before ended. num_carried: its last ones,
    with which the next one begins, and which that one finishes. windows: that cover it, in indices from its own first
    frame on.
    """

    frames: range
    num_begun: int
    num_carried: int
    windows: tuple[Window, ...]

    @property
    def num_finished(self) -> int:
        """Its frames but for those that the next one finishes."""
        return len(self.frames) - self.num_carried


def stretches(schedule: WindowSchedule, num_frames: int, window_frames: int, overlap: int) -> list[Stretch]:
    """Cover a video with stretches; neighbours share what neighbouring windows share.

    All but the last have as many windows as may be, so that what a video needs of memory does not depend on its length.

    Args: as of `windows`. Windows that wrap to the beginning are a single stretch, of any length.
    """
    covering = windows(schedule, num_frames, window_frames, overlap)
    if schedule is WindowSchedule.LOOPING:
        return [Stretch(range(num_frames), 0, 0, tuple(covering))]
    groups = [covering[first : first + STRETCH_WINDOWS] for first in range(0, len(covering), STRETCH_WINDOWS)]
    frames = [range(group[0][0], group[-1][-1] + 1) for group in groups]
    shared = [0, *(max(before.stop - after.start, 0) for before, after in pairwise(frames)), 0]
    return [
        Stretch(own, begun, carried, tuple(tuple(frame - own.start for frame in window) for window in group))
        for own, begun, carried, group in zip(frames, shared[:-1], shared[1:], groups, strict=True)
    ]


def windows(schedule: WindowSchedule, num_frames: int, window_frames: int, overlap: int) -> list[Window]:
    """Cover a video with overlapping windows; the same at every diffusion step.

    Args:
        schedule: `looping` (spec §11) lets the last windows wrap to the first frames; `linear` moves the last window
            back instead, so that the end is never mixed with the beginning; `shifted` is `linear` here: its steps have
            windows of their own (`shifted_windows`).
        num_frames: of the video.
        window_frames: of one window; a shorter video is one window.
        overlap: frames that neighbouring windows share.
    """
    if num_frames <= window_frames:
        return [tuple(range(num_frames))]
    stride = window_frames - overlap
    if schedule is WindowSchedule.LOOPING:
        return [
            tuple((start + index) % num_frames for index in range(window_frames))
            for start in range(0, num_frames, stride)
        ]
    return [tuple(range(start, start + window_frames)) for start in segment_starts(num_frames, window_frames, overlap)]


def segment_starts(num_frames: int, segment_frames: int, overlap: int) -> list[int]:
    """First frames of segments that cover `num_frames`; the last one ends with the last frame and may overlap more."""
    last = max(num_frames - segment_frames, 0)
    return [*range(0, last, segment_frames - overlap), last]
