"""The blinks of a filmed person, brought into the keypoints: from how open a network reads the eyes in each frame."""

from collections.abc import Sequence

import numpy as np

from mmgt_core.keypoints import FACE, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.easing import Float64Array
from mmgt_core.pose.eyelids import eye_opening, runs, with_lids
from mmgt_core.types import FPS

_USUAL_PERCENTILE = 75
_BLINKING, _OPEN = 0.7, 0.88
"""Of what the clip usually reads. Shut eyes of 12 drawn presenters read 0.29 to 0.57, open ones 0.88 and more."""
_FEWEST_FRAMES, _LONGEST_S = 2, 0.6
"""One frame alone is a misreading; what lasts longer is a look down, and stays as the detector found it."""
_SHUT_BETWEEN = (0.3, 0.65)


def with_read_blinks(keypoints: Float32Array, openings: Sequence[float | None]) -> Float32Array:
    """Copy a film's poses with lids that shut where its eyes were read to blink.

    What shut eyes read differs from person to person, so it is scaled by the clip's own blinks.

    Args:
        keypoints: (F, 134, 3), one person's.
        openings: of each frame, height of the eyes by width as read; None: not seen.
    """
    closure = read_closure(openings)
    has_face = keypoints[:, FACE, 2].mean(axis=1) > VISIBLE
    if not closure.any() or not has_face.any():
        return keypoints
    usual = float(np.percentile(eye_opening(keypoints[has_face]), _USUAL_PERCENTILE))
    return with_lids(keypoints, closure, usual)


def read_closure(openings: Sequence[float | None]) -> Float64Array:
    """How far lids are shut, 0 to 1, in each frame: (F,)."""
    read = np.array([np.nan if opening is None else opening for opening in openings], np.float64)
    closure = np.zeros(len(read))
    if np.isnan(read).all():
        return closure
    openness = np.nan_to_num(read / max(float(np.nanpercentile(read, _USUAL_PERCENTILE)), 1e-6), nan=1.0)
    found = [blink for blink in runs(openness < _BLINKING) if _FEWEST_FRAMES <= len(blink) <= _LONGEST_S * FPS]
    if not found:
        return closure
    shut = float(np.clip(np.median([openness[blink].min() for blink in found]), *_SHUT_BETWEEN))
    scaled = np.clip((_OPEN - openness) / (_OPEN - shut), 0, 1)
    for around in runs(openness < _OPEN):
        if any(blink.start in around for blink in found):
            closure[around] = scaled[around]
    return closure
