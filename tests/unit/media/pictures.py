"""Pictures by real encoders, and what real writers and broken transfers do to such files."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

ORIENTATION = 0x0112
PNG_HEAD = 8 + 25
"""Signature and IHDR."""


def picture(height: int = 260, width: int = 320) -> np.ndarray:
    """Smooth colours, each corner its own: (H, W, 3) uint8."""
    rows, columns = np.mgrid[0:height, 0:width]
    red, green = 255 * rows // (height - 1), 255 * columns // (width - 1)
    return np.stack([red, green, 255 - red], axis=-1).astype(np.uint8)


def encoded(form: str, image: np.ndarray | Image.Image | None = None, **options: object) -> bytes:
    """The picture, or this one, as a file's bytes."""
    made = image if isinstance(image, Image.Image) else Image.fromarray(picture() if image is None else image)
    file = BytesIO()
    made.save(file, form, **options)
    return file.getvalue()


def png_chunk(kind: bytes, body: bytes, is_sound: bool = True) -> bytes:
    """With its checksum, or a wrong one."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ (not is_sound))


def png_with(*chunks: bytes, image: np.ndarray | Image.Image | None = None) -> bytes:
    """A PNG with chunks between its header and its pixels."""
    plain = encoded("PNG", image)
    return plain[:PNG_HEAD] + b"".join(chunks) + plain[PNG_HEAD:]


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_with(*segments: bytes, image: np.ndarray | Image.Image | None = None) -> bytes:
    """A JPEG with segments behind its first marker."""
    plain = encoded("JPEG", image)
    return plain[:2] + b"".join(segments) + plain[2:]


def webp_with(*chunks: tuple[bytes, bytes], image: np.ndarray | None = None) -> bytes:
    """An extended, lossless WebP with chunks behind its pixels, whose flags announce all of them."""
    content = encoded("WEBP", image, lossless=True)
    height, width = (picture() if image is None else image).shape[:2]
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = _webp_chunk(b"VP8X", b"\x2c\0\0\0" + sides)
    body += content[12:] + b"".join(_webp_chunk(kind, data) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)


def exif_block(orientation: int, kind: int = 3, order: str = "<", *neighbours: bytes) -> bytes:
    """A TIFF header and a directory: entries given as they are, then the orientation as this type of number."""
    size = {1: "Bxxx", 3: "Hxx", 4: "I", 6: "bxxx", 8: "hxx", 9: "i"}[kind]
    entry = struct.pack(order + "HHI" + size, ORIENTATION, kind, 1, orientation)
    entries = [*neighbours, entry]
    start = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    return start + struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
