"""Laws of what is heard of a recording: which track, which channels, and that the video sounds as the method hears."""

from fractions import Fraction
from itertools import cycle
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_writer import VideoWriter
from tests.unit.media.recordings import encode_sound, speech

LIMITS = MediaLimits()
SECONDS = 2.0
STANDARD = {"FL": 0.5**0.5, "FR": 0.5**0.5, "FC": 1.0, "BL": 0.5, "BR": 0.5, "SL": 0.5, "SR": 0.5}
"""ITU-R BS.775, table 2: what each channel weighs in mono."""


def write_channels(path: Path, samples: np.ndarray, layout: str, codec: str = "pcm_f32le") -> Path:
    """Samples (samples, channels) at 16 kHz in a named layout."""
    with av.open(str(path), "w", format="wav") as output:
        stream = output.add_stream(codec, rate=16_000, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32).reshape(1, -1), "flt", layout)
        frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
        converter = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=16_000)
        for converted in [*converter.resample(frame), *converter.resample(None)]:
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return path


def write_tracks(path: Path, tracks: list[np.ndarray], container: str = "mp4", *codecs: str) -> Path:
    """Each of the mono samples at 16 kHz as a sound track of its own, at 48 kHz."""
    with av.open(str(path), "w", format=container) as output:
        streams = [output.add_stream(codec, rate=48_000, layout="mono") for codec, _ in zip(cycle(codecs), tracks)]
        for stream, samples in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], "fltp", "mono")
            frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), 0
            converter = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=48_000)
            for converted in [*converter.resample(frame), *converter.resample(None)]:
                output.mux(stream.encode(converted))
            output.mux(stream.encode(None))
    return path


def in_video(recording: Path, folder: Path) -> np.ndarray:
    """What a listener hears of a video made with the recording: (samples, channels) at 48 kHz."""
    num_frames = decode_audio(recording, LIMITS).waveform.num_frames
    path = folder / "heard.mp4"
    with VideoWriter(path, 64, 64, sound=recording, num_frames=num_frames) as writer:
        for _ in range(num_frames):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray().T for frame in film.decode(film.streams.audio[0])]
    return np.concatenate(frames)


def level_db(samples: np.ndarray, reference: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) / np.sqrt(np.mean(reference**2))))


def codes(recording: Path) -> list[str]:
    return [warning.code for warning in decode_audio(recording, LIMITS).warnings]


VOICE = speech(SECONDS)[0]
NOISE = 0.05 * np.random.default_rng(0).standard_normal(len(VOICE))


@pytest.mark.parametrize("layout", ["3.0", "4.0", "quad", "5.0", "5.1", "5.1(side)", "6.1", "7.1"])
def test_each_channel_of_a_known_layout_has_its_weight_of_the_standard_downmix(tmp_path: Path, layout: str) -> None:
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    for index, name in enumerate(names):
        if name not in STANDARD:
            continue
        samples = np.zeros((len(VOICE), len(names)))
        samples[:, index] = VOICE
        path = write_channels(tmp_path / f"{name}.wav", samples, layout)

        heard = decode_audio(path, LIMITS).waveform.samples

        np.testing.assert_allclose(heard, STANDARD[name] * VOICE, atol=1e-5)
        assert codes(path) == []


@pytest.mark.parametrize("layout", ["3.0", "5.1", "7.1"])
def test_speech_in_the_centre_is_in_the_video_at_the_standard_level(tmp_path: Path, layout: str) -> None:
    samples = np.zeros((len(VOICE), av.AudioLayout(layout).nb_channels))
    samples[:, 2] = VOICE
    path = write_channels(tmp_path / "centre.wav", samples, layout)

    left, right = in_video(path, tmp_path).T

    assert level_db(left, VOICE) == pytest.approx(-3.0, abs=0.3)  # AAC's own error included
    assert level_db(right, VOICE) == pytest.approx(-3.0, abs=0.3)


def test_a_downmix_that_would_exceed_full_scale_is_scaled_not_clipped(tmp_path: Path) -> None:
    loud = VOICE / np.abs(VOICE).max()
    path = write_channels(tmp_path / "loud.wav", np.repeat(loud[:, None], 6, axis=1), "5.1")

    heard = decode_audio(path, LIMITS).waveform.samples

    np.testing.assert_allclose(heard, loud, atol=1e-4)


@pytest.mark.parametrize("right", [-1.0, -0.9, -0.5])
def test_channels_that_cancel_one_another_give_the_louder_one(tmp_path: Path, right: float) -> None:
    path = tmp_path / "antiphase.wav"
    soundfile.write(path, np.stack([VOICE, right * VOICE], axis=1), 16_000, subtype="FLOAT")

    heard, watched = decode_audio(path, LIMITS).waveform.samples, in_video(path, tmp_path)

    np.testing.assert_array_equal(heard, VOICE)
    assert level_db(watched.mean(axis=1), VOICE) == pytest.approx(0.0, abs=0.3)
    assert codes(path) == ["sound_channel_chosen"]


def test_a_voice_that_cancels_for_half_of_the_time_is_heard_throughout(tmp_path: Path) -> None:
    right = np.where(np.arange(len(VOICE)) < len(VOICE) // 2, VOICE, -VOICE)
    path = tmp_path / "half.wav"
    soundfile.write(path, np.stack([VOICE, right], axis=1), 16_000, subtype="FLOAT")

    np.testing.assert_array_equal(decode_audio(path, LIMITS).waveform.samples, VOICE)


@pytest.mark.parametrize(
    ("name", "right"), [("in phase", VOICE), ("one side silent", 0 * VOICE), ("unrelated noise", NOISE)]
)
def test_other_stereo_stays_its_mean_to_the_bit(tmp_path: Path, name: str, right: np.ndarray) -> None:
    both = np.stack([VOICE, right], axis=1).astype(np.float32)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, both, 16_000, subtype="FLOAT")

    heard = decode_audio(path, LIMITS).waveform.samples

    np.testing.assert_array_equal(heard, both.mean(axis=1).clip(-1, 1))
    assert codes(path) == []


@pytest.mark.parametrize("channels", [3, 4, 6, 8])
def test_one_voice_in_an_array_of_unknown_layout_keeps_its_level(tmp_path: Path, channels: int) -> None:
    samples = np.zeros((len(VOICE), channels))
    samples[:, -1] = VOICE
    path = tmp_path / "array.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")

    heard, watched = decode_audio(path, LIMITS).waveform.samples, in_video(path, tmp_path)

    np.testing.assert_allclose(heard, VOICE, atol=1e-6)
    assert level_db(watched.mean(axis=1), VOICE) == pytest.approx(0.0, abs=0.3)


HUM = 0.1 * np.sin(2 * np.pi * 50 * np.arange(len(VOICE)) / 16_000)


@pytest.mark.parametrize(
    ("name", "first"),
    [("silence", 0 * VOICE), ("hum", HUM), ("hiss", NOISE), ("far below speech", 0.001 * VOICE)],
)
@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "flac")])
def test_of_two_tracks_the_one_that_speaks_is_heard_and_seen(
    tmp_path: Path, name: str, first: np.ndarray, container: str, codec: str
) -> None:
    path = write_tracks(tmp_path / "tracks", [first, VOICE], container, codec)

    heard, watched = decode_audio(path, LIMITS).waveform.samples, in_video(path, tmp_path)

    assert level_db(heard, VOICE) == pytest.approx(0.0, abs=0.3)
    assert level_db(watched.mean(axis=1), VOICE) == pytest.approx(0.0, abs=0.3)
    assert codes(path) == ["sound_track_chosen"]


def test_of_two_tracks_that_speak_the_first_is_heard_without_a_word(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "tracks", [VOICE, 0.5 * VOICE[::-1]], "mp4", "aac")

    assert level_db(decode_audio(path, LIMITS).waveform.samples, VOICE) == pytest.approx(0.0, abs=0.3)
    assert codes(path) == []


def test_a_first_track_in_a_codec_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "tracks", [VOICE, VOICE], "matroska", "ac3", "flac")

    assert level_db(decode_audio(path, LIMITS).waveform.samples, VOICE) == pytest.approx(0.0, abs=0.3)
    assert codes(path) == ["sound_track_chosen"]


def test_mono_comes_through_unchanged(tmp_path: Path) -> None:
    path = encode_sound(tmp_path / "mono.wav", VOICE, 16_000)

    np.testing.assert_array_equal(decode_audio(path, LIMITS).waveform.samples, VOICE)
    assert codes(path) == []
