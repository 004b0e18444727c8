"""Which kind of file it is, by its first bytes alone: no name, no content type of a client is believed."""

import re
from dataclasses import dataclass

HEAD_BYTES = 512  # enough for every rule below


@dataclass(frozen=True)
class ContentKind:
    """A kind of file that may be uploaded.

    Attributes:
        name: as told to clients.
        suffix: of the storage key.
        content_type: told to the storage.
        begins: what its first bytes look like.
    """

    name: str
    suffix: str
    content_type: str
    begins: re.Pattern[bytes]


def _kind(name: str, suffix: str, content_type: str, begins: bytes) -> ContentKind:
    return ContentKind(name, suffix, content_type, re.compile(begins, re.DOTALL))


ISO_MEDIA = rb".{4}(?:ftyp|moov|mdat|wide|free|skip)"
EBML_WEBM = rb"\x1a\x45\xdf\xa3.{0,64}?webm"

IMAGES = (
    _kind("PNG", ".png", "image/png", rb"\x89PNG\r\n\x1a\n"),
    _kind("JPEG", ".jpg", "image/jpeg", rb"\xff\xd8\xff"),
    _kind("WebP", ".webp", "image/webp", rb"RIFF.{4}WEBP"),
)
AUDIOS = (
    _kind("wav", ".wav", "audio/wav", rb"(?:RIFF|RF64).{4}WAVE"),
    _kind("flac", ".flac", "audio/flac", rb"fLaC"),
    _kind("ogg", ".ogg", "audio/ogg", rb"OggS"),
    _kind("m4a", ".m4a", "audio/mp4", ISO_MEDIA),
    _kind("webm", ".webm", "audio/webm", EBML_WEBM),
    _kind("aac", ".aac", "audio/aac", rb"\xff[\xf0\xf1\xf8\xf9]"),  # ADTS: layer 0
    _kind("mp3", ".mp3", "audio/mpeg", rb"ID3|\xff[\xe2-\xe7\xea-\xef\xf2-\xf7\xfa-\xff]"),  # any layer but 0
)
VIDEOS = (
    _kind("mp4 or mov", ".mp4", "video/mp4", ISO_MEDIA),
    _kind("webm", ".webm", "video/webm", EBML_WEBM),
)


def kind_of(head: bytes, allowed: tuple[ContentKind, ...]) -> ContentKind | None:
    """Return the kind that the first bytes of a file show; None if it is none of those allowed."""
    return next((kind for kind in allowed if kind.begins.match(head)), None)
