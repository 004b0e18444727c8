"""Which frames are denoised together in stage 2, and which are generated together in stage 1."""

from mmgt_core.config import WindowSchedule

Window = tuple[int, ...]
"""Frame indices, in the order in which the motion modules see them."""


def windows(schedule: WindowSchedule, num_frames: int, window_frames: int, overlap: int) -> list[Window]:
    """Cover a video with overlapping windows; the same at every diffusion step.

    Args:
        schedule: `looping` (spec §11) lets the last windows wrap to the first frames; `linear` moves the last window
            back instead, so that the end is never mixed with the beginning.
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
