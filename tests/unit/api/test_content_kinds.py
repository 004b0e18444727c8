"""Laws of telling files by their first bytes."""

import pytest

from api.content_kinds import AUDIOS, IMAGES, KEYPOINTS, VIDEOS, ContentKind, kind_of

WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm"
MATROSKA = b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x88matroska"

KNOWN = [
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", IMAGES, ".png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", IMAGES, ".jpg"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", IMAGES, ".webp"),
    (b"RIFF\x10\0\0\0WAVEfmt ", AUDIOS, ".wav"),
    (b"RF64\xff\xff\xff\xffWAVEds64", AUDIOS, ".wav"),
    (b"BW64\xff\xff\xff\xffWAVEds64", AUDIOS, ".wav"),
    (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0", AUDIOS, ".w64"),
    (b"ID3\x04\0\0", AUDIOS, ".mp3"),
    (bytes(2_000) + b"\xff\xfb\x90\x64", AUDIOS, ".mp3"),
    (b"\xff\xfb\x90\x64", AUDIOS, ".mp3"),
    (b"fLaC\0\0\0\x22", AUDIOS, ".flac"),
    (b"OggS\0\x02", AUDIOS, ".ogg"),
    (b"\0\0\0\x20ftypM4A ", AUDIOS, ".m4a"),
    (b"\xff\xf1\x50\x80", AUDIOS, ".aac"),
    (WEBM, AUDIOS, ".webm"),
    (MATROSKA, AUDIOS, ".mkv"),
    (b"\0\0\0\x18stypmsdh", AUDIOS, ".m4a"),
    (b"\0\0\0\x20ftypisom", VIDEOS, ".mp4"),
    (b"\0\0\0\x14ftypqt  ", VIDEOS, ".mp4"),
    (WEBM, VIDEOS, ".webm"),
    (b"\x93NUMPY\x01\0v\0{'descr'", KEYPOINTS, ".npy"),
    (b"[[[1, 2, 3]]]", KEYPOINTS, ".json"),
    (b"\xef\xbb\xbf \r\n\t[[", KEYPOINTS, ".json"),
]

REFUSED = [
    (b"", IMAGES),
    (b"GIF89a", IMAGES),
    (b"<svg xmlns=", IMAGES),
    (b"BM\x36\0", IMAGES),
    (b"RIFF\x10\0\0\0WAVEfmt ", IMAGES),
    (b" \x89PNG\r\n\x1a\n", IMAGES),
    (b"\0\x89PNG\r\n\x1a\n", IMAGES),
    (b"#EXTM3U\n", AUDIOS),
    (b"ffconcat version 1.0", AUDIOS),
    (b"RIFF\x10\0\0\0AVI LIST", AUDIOS),
    (b"\x89PNG\r\n\x1a\n", AUDIOS),
    (MATROSKA, VIDEOS),
    (b"RIFF\x10\0\0\0AVI LIST", VIDEOS),
    (b"%PDF-1.7", VIDEOS),
    (b'{"keypoints": []}', KEYPOINTS),
    (b"PK\x03\x04", KEYPOINTS),
    (b"NUMPY", KEYPOINTS),
]


@pytest.mark.parametrize(("head", "allowed", "suffix"), KNOWN)
def test_every_named_format_is_known_by_its_first_bytes(
    head: bytes, allowed: tuple[ContentKind, ...], suffix: str
) -> None:
    kind = kind_of(head, allowed)

    assert kind is not None
    assert kind.suffix == suffix


@pytest.mark.parametrize(("head", "allowed"), REFUSED)
def test_anything_else_is_no_kind(head: bytes, allowed: tuple[ContentKind, ...]) -> None:
    assert kind_of(head, allowed) is None
