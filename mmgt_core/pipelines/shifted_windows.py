"""Windows of stage 2 that follow one another without overlap and begin elsewhere at each step: fewer frames to compute.

Frames of two windows do not see each other within a step. Where windows always ended at the same frames, motion would
jump there; as they move, each pair of neighbours is seen together at most steps.
"""

from mmgt_core.pipelines.windows import Window

LEAST_REACH = 4
"""Frames by which windows move where the length alone would let them move less; it costs a window at some steps."""
_GOLDEN = 0.6180339887498949
"""Its multiples, without their whole parts, are spread evenly however many they are, and neighbours far apart."""


def shifted_windows(num_frames: int, window_frames: int, step: int) -> tuple[Window, ...]:
    """Cover frames at one step; all windows are of one length, and none wraps.

    Args:
        num_frames: to cover; no more than a window's are one window.
        window_frames: of one window.
        step: of the sampler, from 0.

    All windows move towards the beginning by the step's shift. Those that would leave the video stay at its ends, where
    they overlap their neighbours: by no more in all than the last window would stand out, unless that is very little.
    """
    if num_frames <= window_frames:
        return (tuple(range(num_frames)),)
    standing_out = -num_frames % window_frames
    reach = min(max(standing_out, LEAST_REACH), window_frames - 1)
    shift = int(step * _GOLDEN % 1 * (reach + 1))
    last = num_frames - window_frames
    starts = [min(max(start - shift, 0), last) for start in range(0, num_frames + shift, window_frames)]
    return tuple(tuple(range(start, start + window_frames)) for start in dict.fromkeys(starts))
