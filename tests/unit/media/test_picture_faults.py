"""A fault in what is said beside the pixels refuses no pixels; pixels that are missing are refused as ever."""

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.image_decoding import DecodedImage, decode_image
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.pictures import (
    encoded,
    exif_block,
    jpeg_segment,
    jpeg_with,
    picture,
    png_chunk,
    png_with,
    webp_with,
)
from tests.unit.media.recordings import SAMPLES

BOMB = zlib.compress(bytes(64_000_000))
EXIF = b"Exif\0\0"
TURNED = np.ascontiguousarray(np.rot90(picture()))
"""As a camera stores it that notes orientation 6."""


def decoded(folder: Path, content: bytes) -> DecodedImage:
    path = folder / "portrait"
    path.write_bytes(content)
    return decode_image(path, MediaLimits())


PNG_FAULTS = {
    "a compressed text of 64 MB": [png_chunk(b"zTXt", b"Comment\0\0" + BOMB)],
    "an international text of 64 MB": [png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB)],
    "a profile of 64 MB": [png_chunk(b"iCCP", b"icc\0\0" + BOMB)],
    "XMP of 64 MB": [png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB)],
    "EXIF in a text of 64 MB": [png_chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB)],
    "EXIF in a text that is none": [png_chunk(b"tEXt", b"Raw profile type exif\0exif 3 nothexatall")],
    "90 MB of texts": [png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000)))] * 100,
    "a text's wrong checksum": [png_chunk(b"tEXt", b"Title\0a man", is_sound=False)],
    "an unknown way to compress": [png_chunk(b"zTXt", b"Comment\0\7text"), png_chunk(b"iCCP", b"icc\0\7profile")],
    "an empty profile": [png_chunk(b"iCCP", b"")],
    "no profile in its chunk": [png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"no profile"))],
    "EXIF of nothing": [png_chunk(b"eXIf", b"\0\x08\0\2\1\x12\0\3")],
    "EXIF that ends early": [png_chunk(b"eXIf", exif_block(6)[:18])],
    "EXIF's wrong checksum": [png_chunk(b"eXIf", exif_block(6), is_sound=False)],
    "short measures": [png_chunk(kind, b"\1") for kind in (b"gAMA", b"cHRM", b"pHYs")] + [png_chunk(b"sRGB", b"")],
    "a gamma of zero": [png_chunk(b"gAMA", bytes(4))],
    "primaries in one point": [png_chunk(b"gAMA", struct.pack(">I", 60_000)), png_chunk(b"cHRM", bytes(32))],
    "colours of an unknown number": [png_chunk(b"cICP", bytes([2, 250, 0, 1]))],
    "a short transparent colour": [png_chunk(b"tRNS", b"\0")],
    "a transparent colour's wrong checksum": [png_chunk(b"tRNS", bytes(6), is_sound=False)],
    "an animation that is none": [png_chunk(b"acTL", b"\0"), png_chunk(b"fcTL", b"\0")],
}
JPEG_FAULTS = {
    "a short JFIF mark": [jpeg_segment(0xE0, b"JFIF\0")],
    "EXIF of nothing": [jpeg_segment(0xE1, EXIF + b"nothing")],
    "EXIF that ends early": [jpeg_segment(0xE1, EXIF + exif_block(6)[:16])],
    "an empty profile": [jpeg_segment(0xE2, b"ICC_PROFILE\0")],
    "half of a profile": [jpeg_segment(0xE2, b"ICC_PROFILE\0\1\2half")],
    "a profile that is none": [jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1no profile")],
    "an index of more pictures": [jpeg_segment(0xE2, b"MPF\0MM\0\x2a\0\0\0\x08\0\2nothing")],
    "an index of pictures that are not there": [
        jpeg_segment(
            0xE2,
            b"MPF\0II\x2a\0\x08\0\0\0\2\0"
            + struct.pack("<HHII", 0xB001, 4, 1, 2)
            + struct.pack("<HHII", 0xB002, 7, 32, 38)
            + bytes(4)
            + struct.pack("<IIIHH", 0x030000, 100, 0, 0, 0)
            + struct.pack("<IIIHH", 0, 100, 9_000_000, 0, 0),
        )
    ],
    "a cut image resource": [jpeg_segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed")],
    "a resolution that ends early": [jpeg_segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\4abcd")],
    "a short Adobe mark": [jpeg_segment(0xEE, b"Adobe")],
    "a comment of noise": [jpeg_segment(0xFE, bytes(range(256)))],
    "a segment shorter than its length": [b"\xff\xe5\0\0"],
    "a segment longer than the file": [b"\xff\xe5\xff\xff"],
}
WEBP_FAULTS = {
    "EXIF of nothing": [(b"EXIF", b"nothing")],
    "EXIF that ends early": [(b"EXIF", exif_block(6)[:17])],
    "XMP of noise": [(b"XMP ", bytes(range(256)))],
    "a profile that is none": [(b"ICCP", b"no profile")],
    "an empty profile": [(b"ICCP", b"")],
}
CASES = [
    *((f"PNG, {name}", png_with(*chunks)) for name, chunks in PNG_FAULTS.items()),
    *((f"JPEG, {name}", jpeg_with(*segments)) for name, segments in JPEG_FAULTS.items()),
    *((f"WebP, {name}", webp_with(*chunks)) for name, chunks in WEBP_FAULTS.items()),
    ("WebP, bytes behind its end", encoded("WEBP", lossless=True) + b"trailing bytes"),
    ("PNG, bytes behind its end", encoded("PNG") + b"trailing bytes"),
    ("JPEG, bytes behind its end", encoded("JPEG") + b"trailing bytes"),
]


@pytest.mark.parametrize("content", [content for _, content in CASES], ids=[name for name, _ in CASES])
def test_a_fault_beside_the_pixels_refuses_none_of_them_and_costs_no_memory(tmp_path: Path, content: bytes) -> None:
    tracemalloc.start()

    pixels = decoded(tmp_path, content).pixels

    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    plain = encoded("JPEG") if content.startswith(b"\xff\xd8") else encoded("PNG")
    assert np.array_equal(pixels, decoded(tmp_path, plain).pixels)
    assert peak_bytes < 16_000_000


@pytest.mark.parametrize(
    "content",
    [
        png_with(png_chunk(b"iCCP", b"icc\0\0" + BOMB)),
        png_with(png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"no profile"))),
        png_with(png_chunk(b"iCCP", b"icc\0\0profile", is_sound=False)),
        jpeg_with(jpeg_segment(0xE2, b"ICC_PROFILE\0\1\2half")),
        webp_with((b"ICCP", b"no profile")),
    ],
)
def test_a_faulty_profile_is_told(tmp_path: Path, content: bytes) -> None:
    (warning,) = decoded(tmp_path, content).warnings

    assert warning.code == "image_profile_ignored"


FAULTY_RESOLUTION = struct.pack("<HHII", 0x011A, 10, 1, 0xFFFF_FFF0)
FAULTY_MAKER = struct.pack("<HHII", 0x010F, 2, 5_000, 900_000)
UNKNOWN_TYPE = struct.pack("<HHII", 0x0100, 99, 1, 0)
TEXT_EXIF = (EXIF + exif_block(6)).hex().encode()
XMP = b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
HELD = {
    "JPEG, a faulty resolution": jpeg_with(
        jpeg_segment(0xE1, EXIF + exif_block(6, 3, "<", FAULTY_RESOLUTION)), image=TURNED
    ),
    "JPEG, a maker far outside": jpeg_with(
        jpeg_segment(0xE1, EXIF + exif_block(6, 3, "<", FAULTY_MAKER, UNKNOWN_TYPE)), image=TURNED
    ),
    "JPEG, several blocks": jpeg_with(
        jpeg_segment(0xE1, EXIF + b"nothing"),
        jpeg_segment(0xE1, EXIF + exif_block(6)),
        jpeg_segment(0xE1, EXIF + exif_block(3)),
        image=TURNED,
    ),
    "JPEG, XMP alone": jpeg_with(jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP), image=TURNED),
    "PNG, a faulty resolution": png_with(png_chunk(b"eXIf", exif_block(6, 3, "<", FAULTY_RESOLUTION)), image=TURNED),
    "PNG, behind the pixels": encoded("PNG", TURNED)[:-12]
    + png_chunk(b"eXIf", exif_block(6))
    + png_chunk(b"IEND", b""),
    "PNG, with JPEG's name before it": png_with(png_chunk(b"eXIf", EXIF + exif_block(6)), image=TURNED),
    "PNG, as hexadecimal text": png_with(
        png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n  32\n" + TEXT_EXIF)), image=TURNED
    ),
    "PNG, XMP alone": png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), image=TURNED),
    "WebP, a faulty resolution": webp_with((b"EXIF", exif_block(6, 3, "<", FAULTY_RESOLUTION)), image=TURNED),
    "WebP, XMP alone": webp_with((b"XMP ", XMP), image=TURNED),
}


@pytest.mark.parametrize("content", HELD.values(), ids=HELD)
def test_how_the_camera_was_held_is_found_beside_faults(tmp_path: Path, content: bytes) -> None:
    assert _is_the_picture(decoded(tmp_path, content).pixels)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 4, 6, 8, 9])
def test_the_orientation_may_be_any_kind_of_whole_number(tmp_path: Path, kind: int, order: str) -> None:
    content = jpeg_with(jpeg_segment(0xE1, EXIF + exif_block(6, kind, order)), image=TURNED)

    assert _is_the_picture(decoded(tmp_path, content).pixels)


def _is_the_picture(pixels: np.ndarray) -> bool:
    return pixels.shape == (260, 320, 3) and bool(np.abs(pixels.astype(int) - picture()).max() <= 12)  # JPEG is lossy


PORTRAIT = Image.open(SAMPLES / "portrait.png").convert("RGB").resize((300, 300))
JPEGS = {
    "baseline": encoded("JPEG", PORTRAIT),
    "progressive": encoded("JPEG", PORTRAIT, progressive=True),
    "grey": encoded("JPEG", PORTRAIT.convert("L")),
    "with restarts": encoded("JPEG", PORTRAIT, restart_marker_rows=1),
    "CMYK": encoded("JPEG", PORTRAIT.convert("CMYK")),
}


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("tail", [b"", b"\xff", bytes(512)], ids=["nothing", "half of it", "a block of zeros"])
def test_a_jpeg_without_its_end_mark_is_whole(tmp_path: Path, kind: str, tail: bytes) -> None:
    content = JPEGS[kind]

    pixels = decoded(tmp_path, content.removesuffix(b"\xff\xd9") + tail).pixels

    assert np.array_equal(pixels, decoded(tmp_path, content).pixels)


@pytest.mark.parametrize("num_bytes", [4, 12, 16, 20], ids=["checksum", "IEND", "and its checksum", "and of the data"])
def test_a_png_without_its_end_is_whole(tmp_path: Path, num_bytes: int) -> None:
    content = encoded("PNG", PORTRAIT)

    assert np.array_equal(decoded(tmp_path, content[:-num_bytes]).pixels, np.asarray(PORTRAIT))


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("tail", [b"", bytes(8192)], ids=["", "then zeros"])
def test_a_jpeg_that_lacks_pixels_is_refused(tmp_path: Path, kind: str, share: float, tail: bytes) -> None:
    content = JPEGS[kind]

    _assert_refused(tmp_path, content[: int(len(content) * share)] + tail)


def test_a_jpeg_cut_between_two_restarts_or_two_scans_is_refused(tmp_path: Path) -> None:
    restarted, progressive = JPEGS["with restarts"], JPEGS["progressive"]
    restart = max(restarted.rfind(bytes([0xFF, 0xD0 + index])) for index in range(8))

    for content in (restarted[:restart], restarted[: restart + 2], progressive[: _last_scan(progressive)]):
        _assert_refused(tmp_path, content)


@pytest.mark.parametrize("num_bytes", [40, 400])
def test_a_png_or_webp_that_lacks_pixels_is_refused(tmp_path: Path, num_bytes: int) -> None:
    for form in ("PNG", "WEBP"):
        _assert_refused(tmp_path, encoded(form, PORTRAIT)[:-num_bytes])


def _last_scan(content: bytes) -> int:
    """Where the last scan's tables begin."""
    return content.rfind(b"\xff\xc4", 0, content.rfind(b"\xff\xda"))


def _assert_refused(folder: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="damaged or ends early") as refused:
        decoded(folder, content)

    assert refused.value.code is InputCode.IMAGE_UNREADABLE
