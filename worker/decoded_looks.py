"""What a person is shown of decoded inputs before a video is made of them: the picture, its frame, the sound's outline.

A browser turns pictures and cuts sounds by rules of its own; what is drawn over these fits what will be rendered.
"""

import base64
from typing import Any

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.types import UInt8Array

SHOWN_SIDE_PX = 768
JPEG_QUALITY = 82
NUM_PEAKS = 400


def frame_of(inputs: Inputs) -> str | None:
    """Return the part of the image that the video shows, x,y,w,h in its pixels; None where it is turned first."""
    around = inputs.surroundings
    if around is None:
        return str(inputs.crop)
    if any(warning.code == "image_turned" for warning in inputs.warnings):
        return None
    px = inputs.crop.side / around.place.width  # of the image, to one of the video
    width, height = around.size
    x, y = inputs.crop.x - around.place.x * px, inputs.crop.y - around.place.y * px
    return ",".join(str(max(0, round(value))) for value in (x, y, width * px, height * px))


def show(inputs: Inputs, image: UInt8Array, *, is_heard: bool) -> dict[str, Any]:
    """Return a small JPEG of the image as it was decoded, its size, and the sound's peaks.

    Args:
        image: (H, W, 3) uint8 RGB.
        is_heard: False where the speech is still to be made.
    """
    height, width = image.shape[:2]
    return {
        "picture": {"width": width, "height": height, "url": _jpeg_url(image)},
        "waveform": peaks_of(inputs.waveform.samples) if is_heard else None,
    }


def peaks_of(samples: Float32Array) -> list[float]:
    """Return the loudest sample of each of up to 400 equal stretches, 0 to 1."""
    edges = np.linspace(0, len(samples), min(NUM_PEAKS, len(samples)) + 1).astype(int)[:-1]  # (P,)
    peaks = np.maximum.reduceat(np.abs(samples), edges)  # (P,)
    return [round(float(peak), 3) for peak in peaks.clip(0, 1)]


def _jpeg_url(image: UInt8Array) -> str:
    scale = min(1.0, SHOWN_SIDE_PX / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
