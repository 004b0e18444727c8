"""How a camera was held, from the EXIF and XMP beside an image, whatever else is wrong there."""

import re
import struct
from collections.abc import Iterable

from PIL import Image

_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_ORIENTATION = 0x0112
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
"""TIFF's whole-number types, as `struct` calls them; SHORT is the one that the standard wants."""
_XMP_ORIENTATION = re.compile(rb"""tiff:Orientation\s*(?:=\s*["']|>)\s*([1-8])\s*["'<]""")
_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, exif: Iterable[bytes], xmp: Iterable[bytes]) -> Image.Image:
    """The image as the camera saw it: by the first EXIF block that says how it was held, else by the first XMP."""
    said = [value for block in exif if (value := _in_exif(block))]
    said += [int(found[1]) for text in xmp if (found := _XMP_ORIENTATION.search(text))]
    method = _TO_UPRIGHT.get(said[0]) if said else None
    return image if method is None else image.transpose(method)


def _in_exif(block: bytes) -> int | None:
    """1 to 8 from a TIFF header's first directory; entry by entry, so that a faulty neighbour does not matter."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(tiff[:2])
    if order is None:
        return None
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (num_entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * num_entries, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == _ORIENTATION and kind in _INTEGERS:
                (value,) = struct.unpack_from(order + _INTEGERS[kind], tiff, entry + 8)
                return value if 1 <= value <= 8 else None
    except struct.error:  # the block ends early
        pass
    return None
