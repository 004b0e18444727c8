"""Write single pictures: thumbnails and still results."""

from pathlib import Path

from PIL import Image

from mmgt_core.types import UInt8Array

_JPEG_QUALITY = 90


def write_image(path: Path, image: UInt8Array) -> None:
    """Write (H, W, 3) uint8 RGB as the format that the path's suffix names: .png, .jpg or .webp."""
    Image.fromarray(image).save(path, quality=_JPEG_QUALITY)
