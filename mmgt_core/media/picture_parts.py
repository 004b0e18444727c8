"""An image file taken apart: what its pixels need, and what is said of them, so that a fault in one spares the other.

The libraries that decode pixels read every remark of a file on the way and give up at the first faulty one. They are
therefore shown a file that holds nothing else.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

_PNG, _JPEG, _RIFF, _WEBP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"WEBP"
_MAX_INFLATED_BYTES = 4 << 20
"""Of a compressed remark; a printer's colour profile takes 2 to 3 MB."""

_TRANSPARENCY_BYTES = {0: {2}, 2: {6}, 3: set(range(1, 257))}
"""Length of PNG's tRNS by colour type; the others have no use for it."""
_PNG_COLOUR = (b"cICP", b"sRGB", b"gAMA", b"cHRM")

_ALONE = frozenset([0x01, *range(0xD0, 0xDA)])
"""JPEG markers without a length: TEM, restarts, start and end of image."""
_START_OF_SCAN, _COMMENT, _ADOBE = 0xDA, 0xFE, 0xEE
_APPLICATION = range(0xE0, 0xF0)
_KEPT_MARKS = {(0xE0, b"JFIF\0"): 14, (0xEE, b"Adobe"): 12}
"""Remarks by which a decoder tells which colours the components are, and how many bytes of each it reads."""

_WEBP_PIXELS = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
_WEBP_REMARKS = 0b0010_1100
"""VP8X's flags for a profile, EXIF and XMP."""


@dataclass(frozen=True)
class PictureParts:
    """form: as Pillow calls it. pixels: a file of that form without remarks. exif, xmp: each block as it lay there.

    profile: an ICC profile, empty where one was there but could not be taken out. colour: PNG's own chunks about
    colour, by name.
    """

    form: str
    pixels: bytes
    exif: tuple[bytes, ...] = ()
    xmp: tuple[bytes, ...] = ()
    profile: bytes | None = None
    colour: dict[bytes, bytes] = field(default_factory=dict)


def take_apart(content: bytes) -> PictureParts | None:
    """The parts of a PNG, JPEG or WebP, told by its first bytes; None of anything else."""
    if content.startswith(_PNG):
        return _png_parts(content)
    if content.startswith(_JPEG):
        return _jpeg_parts(content)
    if content.startswith(_RIFF) and content[8:12] == _WEBP:
        return _webp_parts(content)
    return None


def _png_parts(content: bytes) -> PictureParts:
    critical, pixels = bytearray(_PNG), bytearray()
    said: dict[bytes, list[bytes]] = {}
    colour_type = -1
    for kind, body, is_sound in _png_chunks(content):
        if kind == b"IDAT":
            pixels += body
        elif kind in (b"IHDR", b"PLTE"):
            colour_type = body[9] if kind == b"IHDR" and len(body) > 9 else colour_type
            critical += _png_chunk(kind, body, is_sound)
        elif kind == b"tRNS" and is_sound and len(body) in _TRANSPARENCY_BYTES.get(colour_type, ()):
            critical += _png_chunk(kind, body)
        elif kind == b"iCCP" or is_sound:
            said.setdefault(kind, []).append(body if is_sound else b"")
    return PictureParts(
        "PNG",
        bytes(critical + (_png_chunk(b"IDAT", bytes(pixels)) if pixels else b"") + _png_chunk(b"IEND", b"")),
        exif=(*said.get(b"eXIf", ()), *_exif_in_text(said)),
        xmp=tuple(_png_xmp(said.get(b"iTXt", ()))),
        profile=_png_profile(said[b"iCCP"][0]) if b"iCCP" in said else None,
        colour={name: said[name][0] for name in _PNG_COLOUR if name in said},
    )


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind, body, and whether the checksum is right, until the end or where no chunk can be told any more."""
    position = len(_PNG)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        if kind == b"IEND" or not kind.isalpha():
            return
        end = position + 8 + length
        body, checksum = content[position + 8 : end], content[end : end + 4]
        yield kind, body, checksum == struct.pack(">I", zlib.crc32(kind + body))
        position = end + 4


def _png_chunk(kind: bytes, body: bytes, is_sound: bool = True) -> bytes:
    """A chunk; a checksum that was wrong stays wrong, for the decoder to judge."""
    checksum = zlib.crc32(kind + body) ^ (not is_sound)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _png_profile(body: bytes) -> bytes:
    """What an iCCP chunk holds: a name, a zero, the method (0), the compressed profile."""
    _, _, compressed = body.partition(b"\0")
    return _inflated(compressed[1:]) or b""


def _exif_in_text(said: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    """EXIF as older programs put it into text chunks: a line that names it, its length, and hexadecimal digits."""
    for kind in (b"tEXt", b"zTXt"):
        for body in said.get(kind, ()):
            keyword, _, text = body.partition(b"\0")
            if keyword not in (b"Raw profile type exif", b"Raw profile type APP1"):
                continue
            words = (text if kind == b"tEXt" else _inflated(text[1:]) or b"").split()
            digits = b"".join(words[2:])
            if re.fullmatch(rb"([0-9a-fA-F]{2})+", digits):
                yield bytes.fromhex(digits.decode())


def _png_xmp(bodies: list[bytes] | tuple[()]) -> Iterator[bytes]:
    """International text: keyword, whether compressed, method, language, translated keyword, text."""
    for body in bodies:
        keyword, _, rest = body.partition(b"\0")
        texts = rest[2:].split(b"\0", 2)
        if keyword == b"XML:com.adobe.xmp" and len(texts) == 3:
            yield (_inflated(texts[2]) or b"") if rest[0] else texts[2]


def _inflated(compressed: bytes) -> bytes | None:
    """None if it is damaged or larger than such a thing is."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(compressed, _MAX_INFLATED_BYTES)
    except zlib.error:
        return None
    return inflated if stream.eof else None


def _jpeg_parts(content: bytes) -> PictureParts:
    kept = bytearray(content[:2])
    remarks: list[tuple[int, bytes]] = []
    for marker, start, end in _jpeg_segments(content):
        if marker == _START_OF_SCAN:
            kept += content[start:]
        elif marker in _APPLICATION or marker == _COMMENT:
            remarks.append((marker, content[start + 4 : end]))
            kept += _kept_mark(*remarks[-1])
        else:
            kept += content[start:end]
    exif, xmp = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
    return PictureParts(
        "JPEG",
        bytes(kept),
        exif=tuple(body for marker, body in remarks if marker == 0xE1 and body.startswith(exif)),
        xmp=tuple(body for marker, body in remarks if marker == 0xE1 and body.startswith(xmp)),
        profile=_jpeg_profile([body for marker, body in remarks if marker == 0xE2]),
    )


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of every segment up to the first scan; what lies between segments is passed over."""
    position = 2
    while (start := content.find(b"\xff", position)) >= 0 and start + 4 <= len(content):
        marker = content[start + 1]
        length = int.from_bytes(content[start + 2 : start + 4], "big")
        if marker in (0x00, 0xFF):
            position = start + 1
        elif marker in _ALONE or (marker in _APPLICATION and not 2 <= length <= len(content) - start - 2):
            position = start + 2
        else:
            position = start + 2 + length
            yield marker, start, position
            if marker == _START_OF_SCAN:
                return


def _kept_mark(marker: int, body: bytes) -> bytes:
    for (kept, name), length in _KEPT_MARKS.items():
        if marker == kept and body.startswith(name) and len(body) >= length:
            mark = body[:length]
            if marker != _ADOBE:
                mark = mark[:-2] + b"\0\0"  # the size of a thumbnail, which is left out
            return struct.pack(">BBH", 0xFF, marker, length + 2) + mark
    return b""


def _jpeg_profile(bodies: list[bytes]) -> bytes | None:
    """A profile lies in one or more segments: name, number of this one from 1, how many there are, its bytes."""
    name = b"ICC_PROFILE\0"
    pieces = {body[12]: body[13:] for body in bodies if body.startswith(name) and len(body) > 14}
    if not pieces:
        return b"" if any(body.startswith(name) for body in bodies) else None
    is_whole = sorted(pieces) == list(range(1, len(pieces) + 1)) and {piece[0] for piece in pieces.values()} == {
        len(pieces)
    }
    return b"".join(pieces[number][1:] for number in sorted(pieces)) if is_whole else b""


def _webp_parts(content: bytes) -> PictureParts:
    kept = bytearray()
    said: dict[bytes, list[bytes]] = {b"EXIF": [], b"XMP ": [], b"ICCP": []}
    position = 12
    while position + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, position)
        body = content[position + 8 : position + 8 + length]
        if kind == b"VP8X" and body:
            body = bytes([body[0] & ~_WEBP_REMARKS]) + body[1:]
        if kind in _WEBP_PIXELS:
            kept += struct.pack("<4sI", kind, length) + body + bytes(length % 2)
        elif kind in said:
            said[kind].append(body)
        position += 8 + length + length % 2
    return PictureParts(
        "WEBP",
        _RIFF + struct.pack("<I", 4 + len(kept)) + _WEBP + bytes(kept),
        exif=tuple(said[b"EXIF"]),
        xmp=tuple(said[b"XMP "]),
        profile=said[b"ICCP"][0] if said[b"ICCP"] else None,
    )
