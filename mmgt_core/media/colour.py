"""Colours as their author saw them: what a profile or PNG's own chunks say of them becomes sRGB."""

import struct
from collections.abc import Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""What an image must be for a profile of that kind of colour."""
_GREY_MODES = ("1", "L", "LA")

_D65, _D50 = (0.3127, 0.3290), (0.34567, 0.35850)
_SRGB_PRIMARIES = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_CICP_PRIMARIES = {
    1: _SRGB_PRIMARIES,
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""x and y of white, red, green and blue by number: sRGB, BT.2020, Display P3 (ITU-T H.273)."""

_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VIDEO_CURVE = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
_CICP_CURVES = {1: _VIDEO_CURVE, 4: (2.2,), 5: (2.8,), 6: _VIDEO_CURVE, 8: (1.0,), 13: _SRGB_CURVE, 14: _VIDEO_CURVE}
"""From a value to light, by number: a power, or (value · a + b) to a power above d and value · c below it."""
_USUAL_GAMMA = 0.45455
"""What writers of sRGB put into gAMA, which has no word for sRGB's curve."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

Float64Array = npt.NDArray[np.float64]


def in_srgb(image: Image.Image, profile: bytes | None, chunks: Mapping[bytes, bytes]) -> tuple[Image.Image, bool]:
    """The image as RGB without transparency, and whether what was said of its colours could be used.

    Args:
        image: of at most 8 bits a channel.
        profile: ICC; empty if one was there and could not be read.
        chunks: PNG's own about colour, by name. cICP stands before a profile, sRGB, and gAMA with cHRM, behind it.
    """
    try:
        told = _told_in_chunks(profile, chunks)
        return (image.convert("RGB") if told is None else _converted(image, told)), True
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError, ArithmeticError, struct.error):
        return image.convert("RGB"), False


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    described = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _MODES[described.profile.xcolor_space.strip()]
    if (mode == "L" and image.mode not in _GREY_MODES) or (mode == "CMYK") != (image.mode == "CMYK"):
        raise ValueError(f"a {mode} profile beside {image.mode} pixels")
    converted = ImageCms.profileToProfile(image.convert(mode), described, _SRGB, outputMode="RGB")
    assert converted is not None  # only a conversion in place returns nothing
    return converted


def _told_in_chunks(profile: bytes | None, chunks: Mapping[bytes, bytes]) -> bytes | None:
    """The profile that stands first; None for sRGB."""
    if b"cICP" in chunks:
        primaries, curve, matrix, is_full_range = struct.unpack(">4B", chunks[b"cICP"])
        if (matrix, is_full_range) != (0, 1):
            raise ValueError("cICP speaks of no RGB of full range")
        return _matrix_profile(_CICP_PRIMARIES[primaries], _CICP_CURVES[curve])
    if profile is not None or b"sRGB" in chunks or b"gAMA" not in chunks:
        return profile
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] / 100_000
    primaries = _SRGB_PRIMARIES
    if b"cHRM" in chunks:
        primaries = tuple(value / 100_000 for value in struct.unpack(">8I", chunks[b"cHRM"]))
    if abs(gamma - _USUAL_GAMMA) < 0.01 and np.allclose(primaries, _SRGB_PRIMARIES, atol=0.001):
        return None
    return _matrix_profile(primaries, (1 / gamma,))


def _matrix_profile(primaries: tuple[float, ...], curve: tuple[float, ...]) -> bytes:
    """The smallest ICC profile (version 4) of these primaries and this curve.

    Raises:
        ValueError, ArithmeticError: no colours have such primaries.
    """
    white, *rgb = (_xyz(*primaries[index : index + 2]) for index in range(0, 8, 2))
    columns = np.stack(rgb, axis=1)
    columns = _adapted(white) @ (columns * np.linalg.solve(columns, white))  # (3 XYZ, 3 RGB)
    parametric = struct.pack(">4s4xHxx", b"para", 0 if len(curve) == 1 else 3) + b"".join(map(_fixed, curve))
    tags = [(name + b"XYZ", _xyz_tag(column)) for name, column in zip((b"r", b"g", b"b"), columns.T, strict=True)]
    tags += [(name + b"TRC", parametric) for name in (b"r", b"g", b"b")]
    tags.append((b"wtpt", _xyz_tag(_xyz(*_D50))))
    table, data, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, body in tags:
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body
    header = struct.pack(">I4sI4s4s4s", start + len(data), b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    header = header.ljust(36, b"\0") + b"acsp"
    return header.ljust(68, b"\0") + b"".join(map(_fixed, _xyz(*_D50))).ljust(60, b"\0") + table + data


def _adapted(white: Float64Array) -> Float64Array:
    """From light under this white to light under D50, which profiles speak of (Bradford)."""
    there, here = _BRADFORD @ _xyz(*_D50), _BRADFORD @ white
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(there / here) @ _BRADFORD)


def _xyz(x: float, y: float) -> Float64Array:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz_tag(colour: Float64Array) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, colour))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))
