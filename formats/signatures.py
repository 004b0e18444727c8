"""Which format a stranger's file has, by its first bytes alone: the one rule of the service's door and of the decoders.

It stands apart and imports nothing, because the HTTP face may not know the method, nor the method the service.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from formats.mpeg_frames import adts_frame_bytes, mpeg_frame_bytes

_MOST_ZEROS = 65_536
"""So many zero bytes may stand before MPEG frames and their like; encoders and broken downloads leave them."""
_USUAL_HEAD_BYTES, _HEAD_BYTES = 512, 8_192
"""Enough for every pattern below, once the zeros are over; for three frames of MPEG sound after the rest of one."""
_FRAMES_ON_END = 3
"""So many make sure that a file which begins in the middle of a frame is MPEG sound."""


@dataclass(frozen=True)
class Signature:
    """A format.

    Attributes:
        name: as told to people.
        reader: FFmpeg's name for what reads it.
        begins: zero bytes that may stand before it, then its `content`.
        frame_bytes: the length of a frame by its first bytes, where frames follow one another without any header.
    """

    name: str
    reader: str
    begins: re.Pattern[bytes]
    frame_bytes: Callable[[bytes], int | None] | None = None

    def content_at(self, head: bytes) -> int | None:
        """Where the content begins in a file's head; None if the head begins otherwise."""
        match = self.begins.match(head)
        return match.start("content") if match else None

    def first_frame_at(self, head: bytes) -> int | None:
        """Where the first whole frame is in the head of a file that lost its beginning; None if there is none."""
        position = -1
        while self.frame_bytes and (position := head.find(b"\xff", position + 1)) >= 0:
            if self._has_frames(head, position):
                return position
        return None

    def _has_frames(self, head: bytes, position: int) -> bool:
        for _ in range(_FRAMES_ON_END):
            length = self.frame_bytes(head[position : position + 8]) if self.frame_bytes else None
            if length is None:
                return False
            position += length
        return True


def _signature(
    name: str,
    reader: str,
    begins: bytes,
    follows_zeros: bool = False,
    frame_bytes: Callable[[bytes], int | None] | None = None,
) -> Signature:
    zeros = rb"\0{0,%d}+" % _MOST_ZEROS if follows_zeros else b""
    return Signature(name, reader, re.compile(zeros + rb"(?P<content>" + begins + b")", re.DOTALL), frame_bytes)


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
# Layer 0 is AAC, any other MP3:
ADTS = _signature("aac", "aac", rb"\xff[\xf0\xf1\xf8\xf9]", follows_zeros=True, frame_bytes=adts_frame_bytes)
MP3_BEGINS = rb"ID3|\xff[\xe2-\xe7\xea-\xef\xf2-\xf7\xfa-\xff]"
MP3 = _signature("mp3", "mp3", MP3_BEGINS, follows_zeros=True, frame_bytes=mpeg_frame_bytes)

AUDIO_SIGNATURES = (WAV, WAVE64, FLAC, OGG, ISO_MEDIA, WEBM, MATROSKA, ADTS, MP3)
VIDEO_SIGNATURES = (ISO_MEDIA, WEBM, MATROSKA)


def recognized(head: bytes, signatures: Iterable[Signature]) -> tuple[Signature, int] | None:
    """Tell which of some formats a file's head shows, and where its content begins; None if it is none of them."""
    known = tuple(signatures)
    for find in (Signature.content_at, Signature.first_frame_at):  # only what nothing else claims lost its beginning
        for signature in known:
            if (place := find(signature, head)) is not None:
                return signature, place
    return None


def head_of(content: bytes) -> bytes:
    """The part of a file's beginning that the rules look at."""
    num_zeros = len(content) - len(content.lstrip(b"\0"))
    return content[: min(num_zeros, _MOST_ZEROS) + _HEAD_BYTES]


def is_enough(content: bytes, signatures: Iterable[Signature]) -> bool:
    """Whether so much of a file's beginning decides which of some formats it is, whatever follows."""
    wanted = _HEAD_BYTES if any(signature.frame_bytes for signature in signatures) else _USUAL_HEAD_BYTES
    if len(content) < wanted:
        return False
    num_zeros = len(content) - len(content.lstrip(b"\0"))
    return len(content) >= min(num_zeros, _MOST_ZEROS) + wanted
