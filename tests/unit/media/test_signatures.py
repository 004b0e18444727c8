"""Laws of telling formats: the service's door lets in what the decoders read, whatever stands before it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from api.content_kinds import AUDIOS, kind_of
from formats.signatures import ADTS, AUDIO_SIGNATURES, MP3, head_of, is_enough, recognized
from mmgt_core.errors import InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.recordings import encode_film, encode_sound, speech

ID3 = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)
ENCODED = {
    "wav": ("pcm_s16le", "wav"),
    "mp3": ("libmp3lame", "mp3"),
    "flac": ("flac", "flac"),
    "opus": ("libopus", "ogg"),
    "m4a": ("aac", "ipod"),
    "mov": ("pcm_s16le", "mov"),
    "webm": ("libopus", "webm"),
    "mkv": ("aac", "matroska"),
    "aac": ("aac", "adts"),
}
WRITTEN = ["WAVEX", "RF64", "W64"]
BEFORE = {
    "one zero": bytes(1),
    "zeros": bytes(2_000),
    "64 KiB of zeros": bytes(65_536),
    "more zeros": bytes(65_537),
    "a tag": ID3,
    "two tags": ID3 + ID3,
}


def encoded(path: Path, name: str) -> Path:
    if name in WRITTEN:
        samples, rate_hz = speech()
        soundfile.write(path, samples, rate_hz, format=name, subtype="PCM_16")
        return path
    codec, container = ENCODED[name]
    return encode_sound(path, *speech(), codec=codec, container=container)


def is_let_in(content: bytes) -> bool:
    return kind_of(head_of(content), AUDIOS) is not None


def is_read(path: Path) -> bool:
    try:
        decode_audio(path, MediaLimits())
    except InputError:
        return False
    return True


@pytest.mark.parametrize("name", [*ENCODED, *WRITTEN])
def test_every_format_is_let_in_and_read(tmp_path: Path, name: str) -> None:
    path = encoded(tmp_path / "recording", name)

    assert is_let_in(path.read_bytes())
    assert is_read(path)


def test_a_broadcast_wave_of_64_bits_is_let_in_and_read(tmp_path: Path) -> None:
    path = encoded(tmp_path / "recording", "RF64")
    path.write_bytes(b"BW64" + path.read_bytes()[4:])

    assert is_let_in(path.read_bytes())
    assert is_read(path)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("name", ENCODED)
def test_what_may_stand_before_a_format_may_do_so_at_the_door_and_in_the_decoder(
    tmp_path: Path, name: str, before: str
) -> None:
    path = encoded(tmp_path / "recording", name)
    path.write_bytes(BEFORE[before] + path.read_bytes())

    if before in ("a tag", "two tags"):  # behind a tag the door sees an MP3, the decoder what it is
        assert is_let_in(path.read_bytes())
    else:
        assert is_let_in(path.read_bytes()) == is_read(path)
    if name in ("mp3", "aac") and before != "more zeros":
        assert is_read(path)


OTHERS: dict[str, Callable[[Path], object]] = {
    "aiff": lambda path: encode_sound(path, *speech(), codec="pcm_s16be", container="aiff"),
    "avi": lambda path: encode_film(
        path, codec="mpeg4", container="avi", sound=np.zeros(48_000), sound_codec="libmp3lame"
    ),
    "mpeg-ts": lambda path: encode_film(path, container="mpegts", sound=np.zeros(48_000)),
    "playlist": lambda path: path.write_text("#EXTM3U\n#EXTINF:10,\nspeech.wav\n#EXT-X-ENDLIST\n"),
    "text": lambda path: path.write_text("not a recording\n" * 500),
    "zeros": lambda path: path.write_bytes(bytes(200_000)),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_let_in_is_not_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "other"
    OTHERS[name](path)

    assert not is_let_in(path.read_bytes())
    assert not is_read(path)


@pytest.mark.parametrize("before", [0, 1, 3, 2_000, 65_536])
def test_the_door_decides_as_soon_as_it_has_seen_enough(before: int) -> None:
    content = bytes(before) + b"\xff\xfb\x90\x64" + b"x" * 20_000
    lengths = range(0, len(content) + 1, 64)
    enough = next(length for length in lengths if is_enough(head_of(content[:length]), AUDIO_SIGNATURES))

    assert enough <= before + 8_192 + 64
    assert kind_of(head_of(content[:enough]), AUDIOS) == kind_of(head_of(content), AUDIOS)


@pytest.mark.parametrize(("name", "expected"), [("mp3", MP3), ("aac", ADTS)])
@pytest.mark.parametrize("lost", [1_001, 1_500, 2_345])
def test_a_file_that_lost_its_beginning_is_let_in_and_read(
    tmp_path: Path, name: str, expected: object, lost: int
) -> None:
    codec, container = ENCODED[name]
    path = encode_sound(tmp_path / "recording", *speech(3.0), codec=codec, container=container)
    path.write_bytes(path.read_bytes()[lost:])

    found = recognized(head_of(path.read_bytes()), AUDIO_SIGNATURES)

    assert found is not None
    assert found[0] is expected
    assert is_let_in(path.read_bytes())
    assert is_read(path)


def test_a_tag_that_claims_the_whole_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tag.mp3"
    path.write_bytes(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"x" * 10_000)

    assert not is_read(path)
