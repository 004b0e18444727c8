import time
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.recordings import chirp_at, encode_film, encode_sound, speech

LIMITS = MediaLimits()


def _playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nspeech.wav\n#EXT-X-ENDLIST\n")


def _concatenation(path: Path) -> None:
    encode_sound(path.with_name("speech.wav"), *speech())
    path.write_text("ffconcat version 1.0\nfile speech.wav\n")


def _session_description(path: Path) -> None:
    path.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n")


def _image(path: Path) -> None:
    Image.new("RGB", (300, 300), "red").save(path, "PNG")


def _jpeg(path: Path) -> None:
    Image.new("RGB", (300, 300), "red").save(path, "JPEG")


def _aiff(path: Path) -> None:
    encode_sound(path, *speech(), codec="pcm_s16be", container="aiff")


def _avi(path: Path) -> None:
    encode_film(path, codec="mpeg4", container="avi", sound=np.zeros(48_000), sound_codec="libmp3lame")


def _adpcm(path: Path) -> None:
    encode_sound(path, *speech(), codec="adpcm_ima_wav", container="wav")


def _mute_film(path: Path) -> None:
    encode_film(path, container="mp4")


def _random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(50_000))


UNREADABLE = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not a recording\n" * 500),
    "zeros": lambda path: path.write_bytes(bytes(50_000)),
    "random": _random_bytes,
    "playlist": _playlist,
    "ffconcat": _concatenation,
    "sdp": _session_description,
    "png": _image,
    "jpeg": _jpeg,
    "aiff": _aiff,
    "avi": _avi,
    "adpcm": _adpcm,
    "mute film": _mute_film,
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_recording_is_unreadable(tmp_path, kind):
    path = tmp_path / "speech.wav.upload"
    UNREADABLE[kind](path)

    with pytest.raises(InputError) as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_UNREADABLE
    assert str(refused.value).startswith("audio: ")


def test_a_short_recording_is_refused_with_its_length(tmp_path):
    path = encode_sound(tmp_path / "short.wav", chirp_at(0.1, 0.31, 16_000), 16_000)

    with pytest.raises(InputError, match=r"^audio: 0\.31 s long; at least 0\.5 s is needed$") as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_TOO_SHORT


def test_the_limits_themselves_are_accepted(tmp_path):
    limits = replace(LIMITS, min_audio_s=1.2, max_audio_s=1.2)
    paths = [
        encode_sound(tmp_path / f"it.{container}", chirp_at(0.1, 1.2, 44_100), 44_100, codec=codec, container=container)
        for codec, container in [("pcm_s16le", "wav"), ("libmp3lame", "mp3"), ("flac", "flac"), ("aac", "ipod")]
    ]

    assert [len(decode_audio(path, limits).waveform.samples) for path in paths] == [19_200] * 4


@pytest.mark.parametrize(("codec", "container"), [("pcm_s16le", "wav"), ("libmp3lame", "mp3"), ("aac", "adts")])
def test_a_long_recording_is_refused(tmp_path, codec, container):
    path = encode_sound(tmp_path / "long", chirp_at(0.1, 3.0, 16_000), 16_000, codec=codec, container=container)

    with pytest.raises(InputError, match="the limit") as refused:
        decode_audio(path, replace(LIMITS, max_audio_s=2.9))

    assert refused.value.code is InputCode.AUDIO_TOO_LONG


@pytest.fixture(scope="module")
def hours_of_silence(tmp_path_factory):
    """Four hours of silence in about 2 MB of flac."""
    path = tmp_path_factory.mktemp("long") / "hours.flac"
    with soundfile.SoundFile(path, "w", samplerate=8_000, channels=1, subtype="PCM_16", format="FLAC") as file:
        minute = np.zeros(60 * 8_000, np.int16)
        for _ in range(4 * 60):
            file.write(minute)
    return path


def test_hours_in_a_small_file_are_refused_by_the_header_at_once(hours_of_silence):
    started_s = time.process_time()

    with pytest.raises(InputError, match=r"^audio: 14400\.0 s long; the limit is 600 s$"):
        decode_audio(hours_of_silence, LIMITS)

    assert time.process_time() - started_s < 0.5


def test_a_header_that_hides_the_hours_does_not_make_us_decode_them(hours_of_silence, tmp_path):
    content = bytearray(hours_of_silence.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)  # the header's number of samples: unknown
    path = tmp_path / "hours.flac"
    path.write_bytes(content)
    started_s = time.process_time()

    with pytest.raises(InputError, match="longer than the limit of 30 s"):
        decode_audio(path, replace(LIMITS, max_audio_s=30.0))

    assert time.process_time() - started_s < 2  # decoding all of it takes tens of seconds


def test_a_file_over_the_byte_limit_is_not_opened(tmp_path):
    path = encode_sound(tmp_path / "speech.wav", *speech())

    with pytest.raises(InputError, match=r"0\.0 MB; the limit is 0\.0 MB"):
        decode_audio(path, replace(LIMITS, max_audio_bytes=1000))


@pytest.mark.parametrize("level", [0.0, 0.0005])
def test_silence_and_near_silence_are_refused(tmp_path, level):
    samples = level * np.sin(np.arange(16_000))
    path = encode_sound(tmp_path / "silent.wav", samples, 16_000)

    with pytest.raises(InputError, match="-60 dB") as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_SILENT


def test_a_constant_offset_is_silence_too(tmp_path):
    path = encode_sound(tmp_path / "offset.wav", np.full(16_000, 0.3), 16_000)

    with pytest.raises(InputError) as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_SILENT


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(tmp_path, value):
    samples, rate_hz = speech()
    samples[8_000] = value
    path = tmp_path / "broken.wav"
    soundfile.write(path, samples, rate_hz, subtype="FLOAT")

    with pytest.raises(InputError, match="not numbers") as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_UNREADABLE


def test_a_float_file_in_another_scale_is_refused(tmp_path):
    samples, rate_hz = speech()
    path = tmp_path / "scaled.wav"
    soundfile.write(path, samples * 32_768, rate_hz, subtype="FLOAT")

    with pytest.raises(InputError, match="4 times full scale"):
        decode_audio(path, LIMITS)


@pytest.mark.parametrize(("rate_hz", "channels"), [(384_000, 1), (1_000, 1), (16_000, 12)])
def test_absurd_rates_and_channels_are_refused(tmp_path, rate_hz, channels):
    path = tmp_path / "absurd.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.random.default_rng(0).bytes(2 * channels * rate_hz))

    with pytest.raises(InputError, match=r"Hz|channels") as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_UNREADABLE


@pytest.mark.parametrize(("codec", "container"), [("pcm_s16le", "wav"), ("libmp3lame", "mp3"), ("libopus", "webm")])
def test_a_recording_that_ends_early_is_used_as_far_as_it_goes(tmp_path, codec, container):
    samples, rate_hz = speech(3.0)
    path = encode_sound(tmp_path / "whole", samples, rate_hz, codec=codec, container=container)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])

    assert 1.4 < decode_audio(path, LIMITS).waveform.seconds < 2.4


@pytest.mark.parametrize(("codec", "container"), [("flac", "flac"), ("aac", "ipod"), ("aac", "adts")])
def test_damage_in_the_middle_is_unreadable(tmp_path, codec, container):
    samples, rate_hz = speech(3.0)
    path = encode_sound(tmp_path / "whole", samples, rate_hz, codec=codec, container=container)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = np.random.default_rng(1).bytes(400)
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"damaged near|are missing at") as refused:
        decode_audio(path, LIMITS)

    assert refused.value.code is InputCode.AUDIO_UNREADABLE
