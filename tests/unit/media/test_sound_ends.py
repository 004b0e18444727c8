"""Laws of where a recording begins and ends: its own length, joined parts, holes, and files that were cut."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_writer import VideoWriter
from tests.unit.media.recordings import chirp_at, chirp_start_ms, encode_film, encode_sound, speech

LIMITS = MediaLimits()
RATE_HZ, SECONDS, CHIRP_S = 48_000, 3.0, 0.7
ID3 = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)


def record(path: Path, container: str, codec: str, *, start_s: float = 0.0, **muxer: str) -> Path:
    """Three seconds with a chirp, written with the muxer's options, on a clock that begins at `start_s`."""
    options = {"avoid_negative_ts": "disabled"} if start_s else {}
    with av.open(str(path), "w", format=container, options={**options, **muxer}) as output:
        stream = output.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(chirp_at(CHIRP_S, SECONDS, RATE_HZ)[None], "flt", "mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), round(start_s * RATE_HZ)
        converter = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=RATE_HZ)
        for converted in [*converter.resample(frame), *converter.resample(None)]:
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return path


def codes(path: Path) -> list[str]:
    return [warning.code for warning in decode_audio(path, LIMITS).warnings]


FRAGMENTED = {"frag_duration": "500000"}
MP4S = [
    ("ipod", "aac", {}),
    ("ipod", "alac", {}),
    ("mp4", "libopus", {}),
    ("mp4", "libmp3lame", {}),
    ("mov", "pcm_s16le", {}),
    ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", **FRAGMENTED}),
    ("mp4", "aac", {"movflags": "frag_keyframe+delay_moov", **FRAGMENTED}),
    ("mp4", "aac", {"movflags": "dash+delay_moov", **FRAGMENTED}),
    ("mp4", "aac", {"movflags": "cmaf", **FRAGMENTED}),
    ("mp4", "alac", {"movflags": "frag_keyframe+empty_moov", **FRAGMENTED}),
    ("mp4", "flac", {"movflags": "frag_keyframe+empty_moov", **FRAGMENTED}),
    ("mp4", "libopus", {"movflags": "frag_keyframe+empty_moov", **FRAGMENTED}),
    ("mp4", "libopus", {"movflags": "frag_keyframe+delay_moov", **FRAGMENTED}),
]


@pytest.mark.parametrize(("container", "codec", "muxer"), MP4S)
def test_sound_alone_in_an_mp4_has_its_own_length(
    tmp_path: Path, container: str, codec: str, muxer: dict[str, str]
) -> None:
    path = record(tmp_path / "alone", container, codec, **muxer)

    waveform = decode_audio(path, LIMITS).waveform

    assert len(waveform.samples) == SECONDS * 16_000
    assert waveform.num_frames == 75
    assert chirp_start_ms(waveform.samples) == pytest.approx(1000 * CHIRP_S, abs=2)


@pytest.mark.parametrize("muxer", [{}, {"movflags": "frag_keyframe+empty_moov", **FRAGMENTED}])
def test_the_sound_of_a_made_video_begins_with_the_recording(tmp_path: Path, muxer: dict[str, str]) -> None:
    recording = record(tmp_path / "alone", "mp4", "aac", **muxer)
    path = tmp_path / "made.mp4"
    with VideoWriter(path, 64, 64, sound=recording, num_frames=75) as writer:
        for _ in range(75):
            writer.write(np.zeros((64, 64, 3), np.uint8))

    samples = decode_audio(path, LIMITS, field="driving_video").waveform.samples

    assert chirp_start_ms(samples) == pytest.approx(1000 * CHIRP_S, abs=2)


LATE = [("webm", "libopus", 8), ("ogg", "libopus", 8), ("ogg", "flac", 1), ("matroska", "aac", 22), ("ipod", "aac", 1)]


@pytest.mark.parametrize(("container", "codec", "lead_in_ms"), LATE)
def test_a_clock_that_begins_at_an_hour_says_nothing_of_the_length(
    tmp_path: Path, container: str, codec: str, lead_in_ms: int
) -> None:
    path = record(tmp_path / "late", container, codec, start_s=3600.0)

    samples = decode_audio(path, LIMITS).waveform.samples

    assert len(samples) == pytest.approx(SECONDS * 16_000, abs=16 * lead_in_ms)
    assert chirp_start_ms(samples) == pytest.approx(1000 * CHIRP_S, abs=lead_in_ms)


JOINED = [
    ("mp3", "libmp3lame", {}, b""),
    ("mp3", "libmp3lame", {}, ID3),
    ("mp3", "libmp3lame", {}, b"TAG" + b"x" * 125),
    ("mp3", "libmp3lame", {}, ID3 + bytes(3_000)),
    ("mp3", "libmp3lame", {}, b"\x12\x34" * 40),
    ("adts", "aac", {}, ID3),
    ("ogg", "libopus", {}, b""),
    ("ogg", "flac", {}, b""),
    ("flac", "flac", {}, b""),
]


@pytest.mark.parametrize(("container", "codec", "muxer", "between"), JOINED)
def test_of_joined_recordings_all_is_heard(
    tmp_path: Path, container: str, codec: str, muxer: dict[str, str], between: bytes
) -> None:
    content = record(tmp_path / "part", container, codec, **muxer).read_bytes()
    path = tmp_path / "joined"
    path.write_bytes(content + between + content)

    samples = decode_audio(path, LIMITS).waveform.samples

    lead_in_s = {"adts": 0.03}.get(container, 0.0)
    half = round((SECONDS + lead_in_s) * 16_000)
    assert len(samples) == pytest.approx(2 * half, abs=32)
    for part in (samples[:half], samples[half:]):
        assert chirp_start_ms(part) == pytest.approx(1000 * CHIRP_S, abs=3 + 1000 * lead_in_s)
    assert codes(path) == []


def test_a_picture_in_a_tag_between_mp3s_is_not_decoded_as_sound(tmp_path: Path) -> None:
    content = record(tmp_path / "part", "mp3", "libmp3lame").read_bytes()
    like_frames = content[-20_000:] * 5  # a tag may hold anything, whole frames too
    size = bytes((len(like_frames) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path = tmp_path / "joined.mp3"
    path.write_bytes(content + b"ID3\x03\0\0" + size + like_frames + content)

    assert len(decode_audio(path, LIMITS).waveform.samples) == pytest.approx(2 * SECONDS * 16_000, abs=32)


@pytest.mark.parametrize(("container", "codec"), [("webm", "libopus"), ("mp4", "aac")])
def test_a_hole_in_the_stamps_is_silence_of_its_length(tmp_path: Path, container: str, codec: str) -> None:
    path = tmp_path / "hole"
    muxer = {"movflags": "frag_keyframe+delay_moov", **FRAGMENTED} if container == "mp4" else {}
    with av.open(str(path), "w", format=container, options=muxer) as output:
        stream = output.add_stream(codec, rate=RATE_HZ, layout="mono")
        for start_s in (0.0, 1.5):
            frame = av.AudioFrame.from_ndarray(chirp_at(0.3, 0.96, RATE_HZ)[None], "fltp", "mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), round(start_s * RATE_HZ)
            converter = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=RATE_HZ)
            for converted in converter.resample(frame):
                output.mux(stream.encode(converted))
        output.mux(stream.encode(None))

    samples = decode_audio(path, LIMITS).waveform.samples

    assert chirp_start_ms(samples[:15_000]) == pytest.approx(300, abs=3)
    assert chirp_start_ms(samples[20_000:]) + 1250 == pytest.approx(1800, abs=25)  # one packet


def test_a_page_that_ogg_lost_is_silence_of_its_length(tmp_path: Path) -> None:
    path = record(tmp_path / "lossy.ogg", "ogg", "libopus", page_duration="250000")
    pages = path.read_bytes().split(b"OggS")
    path.write_bytes(b"OggS".join(pages[:7] + pages[8:]))

    samples = decode_audio(path, LIMITS).waveform.samples

    assert len(samples) == pytest.approx(SECONDS * 16_000, abs=32)
    assert np.count_nonzero(np.abs(samples) < 1e-6) > 0.2 * 16_000


CUT = [
    ("wav", "pcm_s16le", {}),
    ("mp3", "libmp3lame", {}),
    ("flac", "flac", {}),
    ("ogg", "libopus", {}),
    ("ogg", "flac", {}),
    ("webm", "libopus", {}),
    ("adts", "aac", {}),
    ("ipod", "aac", {"movflags": "faststart"}),
    ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", **FRAGMENTED}),
]


@pytest.mark.parametrize(("container", "codec", "muxer"), CUT)
@pytest.mark.parametrize("share", [0.6, 0.613])
def test_a_cut_file_is_used_as_far_as_it_goes_and_told(
    tmp_path: Path, container: str, codec: str, muxer: dict[str, str], share: float
) -> None:
    path = record(tmp_path / "cut", container, codec, **muxer)
    assert codes(path) == []
    content = path.read_bytes()
    path.write_bytes(content[: round(share * len(content))])

    decoded = decode_audio(path, LIMITS)

    assert 0.9 < decoded.waveform.seconds < 2.2
    assert chirp_start_ms(decoded.waveform.samples) == pytest.approx(1000 * CHIRP_S, abs=25)
    assert [warning.code for warning in decoded.warnings] == ["sound_ends_early"]


@pytest.mark.parametrize("stated", [0, 0x7FFF_FFFF - 36, 0xFFFF_FFFF, 0xFFFF_FFFF - 44])
def test_a_wav_that_was_written_into_a_pipe_is_whole(tmp_path: Path, stated: int) -> None:
    path = encode_sound(tmp_path / "piped.wav", *speech())
    content = bytearray(path.read_bytes())
    place = content.find(b"data") + 4
    content[place : place + 4] = stated.to_bytes(4, "little")
    content[4:8] = b"\xff" * 4
    path.write_bytes(content)

    assert decode_audio(path, LIMITS).waveform.seconds == 1.0
    assert codes(path) == []


@pytest.mark.parametrize(("sample_bits", "valid_bits"), [(16, 12), (24, 16), (24, 20), (32, 16), (32, 20), (32, 24)])
def test_valid_bits_fill_a_sample_from_its_top(tmp_path: Path, sample_bits: int, valid_bits: int) -> None:
    samples, rate_hz = speech()
    whole = np.round(samples * (2 ** (valid_bits - 1) - 1)).astype(np.int64) << (sample_bits - valid_bits)
    width = sample_bits // 8
    body = b"".join(int(value).to_bytes(width, "little", signed=True) for value in whole)
    pcm = bytes.fromhex("0100000000001000800000aa00389b71")
    numbers = [(0xFFFE, 2), (1, 2), (rate_hz, 4), (rate_hz * width, 4), (width, 2), (sample_bits, 2), (22, 2)]
    numbers += [(valid_bits, 2), (4, 4)]
    fields = b"".join(value.to_bytes(length, "little") for value, length in numbers) + pcm
    chunks = b"JUNK\x03\0\0\0abc\0" + b"fmt " + len(fields).to_bytes(4, "little") + fields
    chunks += b"data" + len(body).to_bytes(4, "little") + body
    path = tmp_path / "extensible.wav"
    path.write_bytes(b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks)

    heard = decode_audio(path, LIMITS).waveform.samples

    np.testing.assert_allclose(heard, samples, atol=2.0 ** (2 - valid_bits))


@pytest.mark.parametrize(
    "name", ["a.m4a", "a.mp3", "a.flac", "a.mp4", "a.mov", "a.aac", "a.wav", "a.webm", "a.ogg", "a"]
)
@pytest.mark.parametrize("field", ["audio", "driving_video"])
def test_an_empty_file_is_told_so_whatever_its_name(tmp_path: Path, name: str, field: str) -> None:
    path = tmp_path / f"empty.{name}"
    path.touch()

    with pytest.raises(InputError, match=f"^{field}: .*the file is empty$") as refused:
        decode_audio(path, LIMITS, field=field)

    assert refused.value.code in (InputCode.AUDIO_UNREADABLE, InputCode.DRIVING_VIDEO_UNREADABLE)


def test_a_film_whose_sound_is_shorter_than_its_pictures_was_not_cut(tmp_path: Path) -> None:
    for container, codec, sound_codec in [("mp4", "libx264", "aac"), ("webm", "libvpx", "libopus")]:
        path = encode_film(
            tmp_path / container,
            seconds=3.0,
            codec=codec,
            container=container,
            sound=chirp_at(0.3, 1.0, RATE_HZ),
            sound_codec=sound_codec,
        )

        assert codes(path) == []
