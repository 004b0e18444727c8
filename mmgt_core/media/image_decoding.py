"""The reference image: an untrusted file becomes bounded, upright sRGB pixels."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.media.colour import in_srgb
from mmgt_core.media.files import file_bytes
from mmgt_core.media.jpeg_end import END_OF_IMAGE, endings
from mmgt_core.media.limits import MediaLimits, megabytes, side_ratio
from mmgt_core.media.orientation import upright
from mmgt_core.media.picture_parts import PictureParts, take_apart
from mmgt_core.types import UInt8Array

_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""What Pillow's readers raise on broken bytes; the bytes are in memory by then, so none of it is ours."""

_PROFILE_IGNORED = InputWarning(
    "image_profile_ignored", "image: its colour profile cannot be used; its colours are taken as sRGB"
)


@dataclass(frozen=True)
class DecodedImage:
    """pixels: (H, W, 3) uint8 sRGB."""

    pixels: UInt8Array
    warnings: tuple[InputWarning, ...]


def decode_image(path: Path, limits: MediaLimits) -> DecodedImage:
    """Decode a PNG, JPEG or WebP, told by its content; upright by its EXIF orientation, white where transparent.

    An animation gives its first frame. Bytes and pixels are checked before anything is decoded. Faulty remarks (text,
    EXIF, profile) and a missing end mark are no faults of the pixels.

    Raises:
        InputError: IMAGE_UNREADABLE, IMAGE_TOO_LARGE, IMAGE_TOO_SMALL, IMAGE_TOO_NARROW.
    """
    num_bytes = file_bytes(path, InputCode.IMAGE_UNREADABLE)
    if num_bytes > limits.max_image_bytes:
        message = f"{megabytes(num_bytes)}; the limit is {megabytes(limits.max_image_bytes)}"
        raise InputError(InputCode.IMAGE_TOO_LARGE, message)
    parts = take_apart(path.read_bytes())
    if parts is None:
        raise InputError(InputCode.IMAGE_UNREADABLE, "it is not a PNG, JPEG or WebP image")
    try:
        image, is_profile_used = _shown(_decoded(parts, limits), parts)
    except Image.DecompressionBombError as error:
        message = f"its pixels are far over the limit of {limits.max_image_pixels / 1e6:g} megapixels"
        raise InputError(InputCode.IMAGE_TOO_LARGE, message) from error
    except _DAMAGED as error:
        raise InputError(InputCode.IMAGE_UNREADABLE, "the file is damaged or ends early") from error
    return DecodedImage(np.array(image), () if is_profile_used else (_PROFILE_IGNORED,))


def _decoded(parts: PictureParts, limits: MediaLimits) -> Image.Image:
    """The stored pixels, also of a JPEG that lacks its end mark and nothing else."""
    if parts.form != "JPEG" or END_OF_IMAGE in parts.pixels:
        return _load(parts.form, parts.pixels, limits)
    ended = endings(parts.pixels)
    if len({zlib.crc32(_load(parts.form, each, limits).tobytes()) for each in ended}) != 1:
        raise EOFError("pixels are missing")
    return _load(parts.form, ended[0], limits)


def _load(form: str, content: bytes, limits: MediaLimits) -> Image.Image:
    with Image.open(BytesIO(content), formats=(form,)) as image:
        _check_size(image.width, image.height, limits)
        image.load()
        return image


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


def _shown(image: Image.Image, parts: PictureParts) -> tuple[Image.Image, bool]:
    """The image as a viewer shows it, on white, and whether what was said of its colours could be used."""
    image = upright(_in_eight_bits(image), parts.exif, parts.xmp)
    colours, is_profile_used = in_srgb(image, parts.profile, parts.colour)
    if image.has_transparency_data:
        opacity = image.convert("RGBA").getchannel("A")
        colours = Image.composite(colours, Image.new("RGB", image.size, "white"), opacity)
    return colours, is_profile_used


def _in_eight_bits(image: Image.Image) -> Image.Image:
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image).astype(np.uint32) // 257  # Pillow would clip 16 bits at 255 instead of scaling
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))
