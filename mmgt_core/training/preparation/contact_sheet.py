"""A picture to look at: frames of some clips, and what was found in them."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmgt_core.media.image_writing import write_image
from mmgt_core.pipelines.mask_overlay import MaskOverlay
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.training.preparation.windows import StoredClip, Window
from mmgt_core.types import MaskMotion, UInt8Array

_NUM_CLIPS = 12
_WINDOW_FRAMES_SHOWN = (0, 39, 79)
_TILE_PX, _CAPTION_PX = 176, 20


def write_contact_sheet(path: Path, clips: Sequence[StoredClip]) -> None:
    """Write one row a clip, of at most twelve spread over all: three frames, each plain and with boxes and skeleton.

    Args:
        path: of the picture.
        clips: at least one.
    """
    chosen = np.unique(np.linspace(0, len(clips) - 1, _NUM_CLIPS).round().astype(int)).tolist()
    write_image(path, np.concatenate([_row(clips[index]) for index in chosen]))


def _row(clip: StoredClip) -> UInt8Array:
    window = Window(clip, len(clip.facts.window_starts) // 2)
    pictures, keypoints = window.pictures(_WINDOW_FRAMES_SHOWN), window.keypoints
    tiles = []
    for frame, picture in zip(_WINDOW_FRAMES_SHOWN, pictures, strict=True):
        masks = MaskOverlay(picture, keypoints[frame], MaskMotion.MOVING).draw(keypoints[frame])
        tiles += [_tile(picture), _tile(np.maximum(masks, draw_pose(keypoints[frame])))]
    return np.concatenate([_caption(clip, window, len(tiles)), np.concatenate(tiles, axis=1)])


def _tile(picture: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.resize(picture, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _caption(clip: StoredClip, window: Window, num_tiles: int) -> UInt8Array:
    strip = np.full((_CAPTION_PX, num_tiles * _TILE_PX, 3), 24, np.uint8)
    facts = clip.facts
    text = (
        f"{facts.split}  {facts.key}  {facts.seconds:.1f} s, windows: {len(facts.window_starts)}; "
        f"frames {', '.join(str(window.first_frame + frame) for frame in _WINDOW_FRAMES_SHOWN)}"
    )
    cv2.putText(strip, text, (6, _CAPTION_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (230, 230, 230), 1, cv2.LINE_AA)
    return strip
