"""Which format a stranger's file has, by its first bytes alone: the one rule of the service's door and of the decoders.

It stands apart and imports nothing, because the HTTP face may not know the method, nor the method the service.
"""

import re
from dataclasses import dataclass

_MOST_ZEROS = 65_536
"""So many zero bytes may stand before MPEG frames and their like; encoders and broken downloads leave them."""
_HEAD_BYTES = 512
"""Enough for every rule below, once the zeros are over."""


@dataclass(frozen=True)
class Signature:
    """A format.

    Attributes:
        name: as told to people.
        reader: FFmpeg's name for what reads it.
        begins: zero bytes that may stand before it, then its `content`.
    """

    name: str
    reader: str
    begins: re.Pattern[bytes]


def _signature(name: str, reader: str, begins: bytes, follows_zeros: bool = False) -> Signature:
    zeros = rb"\0{0,%d}+" % _MOST_ZEROS if follows_zeros else b""
    return Signature(name, reader, re.compile(zeros + rb"(?P<content>" + begins + b")", re.DOTALL))


WAV = _signature("wav", "wav", rb"(?:RIFF|RF64|BW64).{4}WAVE", follows_zeros=True)
WAVE64 = _signature("wav", "w64", rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", follows_zeros=True)
FLAC = _signature("flac", "flac", rb"fLaC", follows_zeros=True)
OGG = _signature("ogg", "ogg", rb"OggS", follows_zeros=True)
ISO_MEDIA = _signature(
    "mp4, m4a or mov", "mov", rb".{4}(?:ftyp|styp|moov|moof|mdat|sidx|emsg|prft|wide|free|skip|uuid|pnot|junk)"
)
"""MP4, M4A, MOV and their fragments; its size comes first, so zeros before it would be read as one."""
WEBM = _signature("webm", "matroska", rb"\x1a\x45\xdf\xa3.{0,64}?webm")
MATROSKA = _signature("mkv", "matroska", rb"\x1a\x45\xdf\xa3.{0,64}?matroska")
ADTS = _signature("aac", "aac", rb"\xff[\xf0\xf1\xf8\xf9]", follows_zeros=True)  # layer 0
# Any layer but 0:
MP3 = _signature(
    "mp3", "mp3", rb"ID3|\xff[\xe2-\xe7\xea-\xef\xf2-\xf7\xfa-\xff]", follows_zeros=True
)  # any layer but 0

AUDIO_SIGNATURES = (WAV, WAVE64, FLAC, OGG, ISO_MEDIA, WEBM, MATROSKA, ADTS, MP3)
VIDEO_SIGNATURES = (ISO_MEDIA, WEBM, MATROSKA)


def head_of(content: bytes) -> bytes:
    """The part of a file's beginning that the rules look at."""
    num_zeros = len(content) - len(content.lstrip(b"\0"))
    return content[: min(num_zeros, _MOST_ZEROS) + _HEAD_BYTES]


def is_enough(content: bytes) -> bool:
    """Whether so much of a file's beginning decides what it is, whatever follows."""
    if len(content) < _HEAD_BYTES:
        return False
    num_zeros = len(content) - len(content.lstrip(b"\0"))
    return len(content) >= min(num_zeros, _MOST_ZEROS) + _HEAD_BYTES
