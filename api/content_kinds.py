"""Which kind of file it is, by its first bytes alone: no name, no content type of a client is believed.

Sound and film are told by the decoders' own rule, so that what is let in is what they read.
"""

import re
from dataclasses import dataclass

from formats import signatures
from formats.signatures import Signature, recognized


@dataclass(frozen=True)
class ContentKind:
    """A kind of file that may be uploaded.

    Attributes:
        name: as told to clients.
        suffix: of the storage key.
        content_type: told to the storage.
        signature: what its first bytes look like.
    """

    name: str
    suffix: str
    content_type: str
    signature: Signature


def _begins(name: str, suffix: str, content_type: str, begins: bytes) -> ContentKind:
    pattern = re.compile(rb"(?P<content>" + begins + rb")", re.DOTALL)
    return ContentKind(name, suffix, content_type, Signature(name, "", pattern))


def _kind(suffix: str, content_type: str, signature: Signature, name: str | None = None) -> ContentKind:
    return ContentKind(name or signature.name, suffix, content_type, signature)


IMAGES = (
    _begins("PNG", ".png", "image/png", rb"\x89PNG\r\n\x1a\n"),
    _begins("JPEG", ".jpg", "image/jpeg", rb"\xff\xd8\xff"),
    _begins("WebP", ".webp", "image/webp", rb"RIFF.{4}WEBP"),
)
AUDIOS = (
    _kind(".wav", "audio/wav", signatures.WAV),
    _kind(".w64", "audio/wav", signatures.WAVE64, "wave64"),
    _kind(".flac", "audio/flac", signatures.FLAC),
    _kind(".ogg", "audio/ogg", signatures.OGG),
    _kind(".m4a", "audio/mp4", signatures.ISO_MEDIA, "m4a"),
    _kind(".webm", "audio/webm", signatures.WEBM),
    _kind(".mkv", "audio/matroska", signatures.MATROSKA),
    _kind(".aac", "audio/aac", signatures.ADTS),
    _kind(".mp3", "audio/mpeg", signatures.MP3),
)
VIDEOS = (
    _kind(".mp4", "video/mp4", signatures.ISO_MEDIA, "mp4 or mov"),
    _kind(".webm", "video/webm", signatures.WEBM),
)


KEYPOINTS = (
    _begins("npy", ".npy", "application/octet-stream", rb"\x93NUMPY"),
    _begins("JSON", ".json", "application/json", rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\["),
)


CAPTIONS = (
    _begins("WebVTT", ".vtt", "text/vtt", rb"(?:\xef\xbb\xbf)?WEBVTT"),
    _begins("SubRip", ".srt", "application/x-subrip", rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[0-9]|\xff\xfe|\xfe\xff"),
)
"""Text in UTF-16 is told by its mark alone, and by its reader which of the two it is."""


def kind_of(head: bytes, allowed: tuple[ContentKind, ...]) -> ContentKind | None:
    """Return the kind that the first bytes of a file show; None if it is none of those allowed."""
    found = recognized(head, [kind.signature for kind in allowed])
    return next((kind for kind in allowed if found and kind.signature is found[0]), None)
