"""The reference image: an untrusted file becomes bounded, upright RGB pixels."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.files import file_bytes
from mmgt_core.media.limits import MediaLimits, megabytes, side_ratio
from mmgt_core.types import UInt8Array

_FORMATS = ("PNG", "JPEG", "WEBP")
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""What Pillow's readers raise on broken bytes; the bytes are in memory by then, so none of it is ours."""


def decode_image(path: Path, limits: MediaLimits) -> UInt8Array:
    """Decode a PNG, JPEG or WebP, told by its content; upright by its EXIF orientation, white where transparent.

    An animation gives its first frame. Bytes and pixels are checked before anything is decoded.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        InputError: IMAGE_UNREADABLE, IMAGE_TOO_LARGE, IMAGE_TOO_SMALL, IMAGE_TOO_NARROW.
    """
    num_bytes = file_bytes(path, InputCode.IMAGE_UNREADABLE)
    if num_bytes > limits.max_image_bytes:
        message = f"{megabytes(num_bytes)}; the limit is {megabytes(limits.max_image_bytes)}"
        raise InputError(InputCode.IMAGE_TOO_LARGE, message)
    content = BytesIO(path.read_bytes())
    try:
        with Image.open(content, formats=_FORMATS) as image:
            _check_size(image.width, image.height, limits)
            return np.array(_on_white(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError as error:
        raise InputError(InputCode.IMAGE_UNREADABLE, "it is not a PNG, JPEG or WebP image") from error
    except Image.DecompressionBombError as error:
        message = f"its pixels are far over the limit of {limits.max_image_pixels / 1e6:g} megapixels"
        raise InputError(InputCode.IMAGE_TOO_LARGE, message) from error
    except _DAMAGED as error:
        raise InputError(InputCode.IMAGE_UNREADABLE, "the file is damaged or ends early") from error


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    if width * height > limits.max_image_pixels:
        limit = f"{limits.max_image_pixels / 1e6:g} megapixels"
        raise InputError(InputCode.IMAGE_TOO_LARGE, f"{width} x {height} pixels; the limit is {limit}")
    if min(width, height) < limits.min_image_side_px:
        message = f"{width} x {height} pixels; the short side must have at least {limits.min_image_side_px}"
        raise InputError(InputCode.IMAGE_TOO_SMALL, message)
    if (ratio := side_ratio(width, height)) > limits.max_side_ratio:
        message = f"{width} x {height} pixels; the long side is {ratio:.1f} times the short one, "
        raise InputError(InputCode.IMAGE_TOO_NARROW, message + f"the limit is {limits.max_side_ratio:g} times")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255 instead of scaling
        grey = np.asarray(image).astype(np.uint32) // 257
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    with_alpha = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", with_alpha.size, "white"), with_alpha).convert("RGB")
