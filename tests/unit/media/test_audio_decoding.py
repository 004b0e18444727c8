from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.recordings import SAMPLES, chirp_at, chirp_start_ms, encode_film, encode_sound, speech

LIMITS = MediaLimits()
SECONDS, CHIRP_AT_S = 1.2, 0.7

FORMATS = [
    ("pcm_u8", "wav", 8_000, "mono"),
    ("pcm_s16le", "wav", 11_025, "mono"),
    ("pcm_s16le", "wav", 16_000, "mono"),
    ("pcm_s24le", "wav", 96_000, "stereo"),
    ("pcm_s32le", "wav", 48_000, "5.1"),
    ("pcm_f32le", "wav", 44_100, "stereo"),
    ("pcm_f64le", "wav", 192_000, "mono"),
    ("pcm_mulaw", "wav", 8_000, "mono"),
    ("libmp3lame", "mp3", 44_100, "stereo"),
    ("libmp3lame", "mp3", 22_050, "mono"),
    ("libmp3lame", "mp3", 8_000, "mono"),
    ("flac", "flac", 44_100, "7.1"),
    ("flac", "flac", 16_000, "mono"),
    ("libopus", "ogg", 48_000, "mono"),
    ("libopus", "ogg", 16_000, "stereo"),
    ("libopus", "webm", 48_000, "stereo"),
    ("aac", "ipod", 44_100, "stereo"),
    ("aac", "ipod", 16_000, "mono"),
    ("aac", "ipod", 48_000, "5.1"),
    ("alac", "ipod", 44_100, "stereo"),
    ("aac", "mp4", 48_000, "mono"),
]


@pytest.mark.parametrize(("codec", "container", "rate_hz", "layout"), FORMATS)
def test_every_format_keeps_its_length_and_its_time(tmp_path, codec, container, rate_hz, layout):
    sound = chirp_at(CHIRP_AT_S, SECONDS, rate_hz)
    path = encode_sound(tmp_path / "recording", sound, rate_hz, codec=codec, container=container, layout=layout)

    waveform = decode_audio(path, LIMITS).waveform

    assert abs(len(waveform.samples) - SECONDS * 16_000) <= 16  # 1 ms
    assert abs(chirp_start_ms(waveform.samples) - 1000 * CHIRP_AT_S) <= 2  # lossy codecs smear the chirp a little


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_files_of_the_reference_encoders_keep_length_and_time(tmp_path, subtype):
    path = tmp_path / "recording"
    soundfile.write(path, chirp_at(CHIRP_AT_S, SECONDS, 48_000), 48_000, format="OGG", subtype=subtype)

    waveform = decode_audio(path, LIMITS).waveform

    assert abs(len(waveform.samples) - SECONDS * 16_000) <= 16
    assert abs(chirp_start_ms(waveform.samples) - 1000 * CHIRP_AT_S) <= 2


def test_raw_aac_is_late_by_the_one_packet_that_it_does_not_state(tmp_path):
    sound = chirp_at(CHIRP_AT_S, SECONDS, 48_000)
    path = encode_sound(tmp_path / "recording", sound, 48_000, codec="aac", container="adts")

    waveform = decode_audio(path, LIMITS).waveform

    late_ms = chirp_start_ms(waveform.samples) - 1000 * CHIRP_AT_S
    assert late_ms == pytest.approx(1000 * 1024 / 48_000, abs=2)


def test_sixteen_kilohertz_samples_come_through_unchanged(tmp_path):
    samples, rate_hz = speech()
    path = encode_sound(tmp_path / "speech.wav", samples, rate_hz)

    decoded = decode_audio(path, LIMITS)

    np.testing.assert_array_equal(decoded.waveform.samples, samples)
    assert decoded.source == path


def test_the_channels_are_mixed_to_their_mean(tmp_path):
    left, right = chirp_at(0.2, 0.6, 16_000), chirp_at(0.4, 0.6, 16_000)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([left, right], axis=1), 16_000, subtype="FLOAT")

    samples = decode_audio(path, LIMITS).waveform.samples

    np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-6)


def test_resampling_keeps_speech_frequencies_and_removes_the_others(tmp_path):
    times = np.arange(48_000) / 48_000
    kept, aliased = 0.4 * np.sin(2 * np.pi * 1000 * times), 0.4 * np.sin(2 * np.pi * 11_000 * times)
    path = encode_sound(tmp_path / "tones.wav", kept + aliased, 48_000, codec="pcm_f32le")

    samples = decode_audio(path, LIMITS).waveform.samples

    middle = slice(800, -800)  # the filter rings at both ends
    expected = 0.4 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(samples[middle], expected[middle], atol=1e-3)


@pytest.mark.parametrize("channels", range(1, 9))
def test_any_number_of_channels_up_to_eight_is_mixed(tmp_path, channels):
    levels = np.linspace(0.1, 1.0, channels)
    path = tmp_path / "array.wav"
    soundfile.write(path, chirp_at(0.2, 0.6, 16_000)[:, None] * levels, 16_000, subtype="FLOAT")

    samples = decode_audio(path, LIMITS).waveform.samples

    np.testing.assert_allclose(samples, chirp_at(0.2, 0.6, 16_000) * levels.mean(), atol=1e-6)


def test_overshoot_is_clipped_to_full_scale(tmp_path):
    path = encode_sound(tmp_path / "loud.wav", 3 * chirp_at(0.2, 0.6, 16_000), 16_000, codec="pcm_f32le")

    samples = decode_audio(path, LIMITS).waveform.samples

    assert np.abs(samples).max() == 1.0


def test_the_name_of_a_file_means_nothing(tmp_path):
    path = encode_sound(tmp_path / "speech.m3u8", *speech(), codec="libmp3lame", container="mp3")

    assert decode_audio(path, LIMITS).waveform.seconds == pytest.approx(1.0, abs=0.001)


def test_very_quiet_speech_is_not_silence(tmp_path):
    samples, rate_hz = speech()
    path = encode_sound(tmp_path / "quiet.wav", samples / np.abs(samples).max() * 0.003, rate_hz)

    assert decode_audio(path, LIMITS).waveform.seconds == 1.0


def test_tags_after_the_last_mp3_packet_do_no_harm(tmp_path):
    path = encode_sound(tmp_path / "tagged.mp3", *speech(), codec="libmp3lame")
    path.write_bytes(path.read_bytes() + b"TAG" + b"x" * 125)

    assert decode_audio(path, LIMITS).waveform.seconds == pytest.approx(1.0, abs=0.001)


def test_cover_art_in_an_mp3_does_no_harm(tmp_path):
    path = encode_sound(tmp_path / "song.mp3", *speech(), codec="libmp3lame")
    picture = tmp_path / "cover.jpg"
    Image.new("RGB", (64, 64), "red").save(picture)
    body = b"\0image/jpeg\0\x03\0" + picture.read_bytes()
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    own_tag = path.read_bytes()
    own_tag_size = 10 + sum((own_tag[6 + k] & 0x7F) << (21 - 7 * k) for k in range(4))
    path.write_bytes(b"ID3\x03\0\0" + size + frame + own_tag[own_tag_size:])

    with av.open(str(path)) as song:
        assert len(song.streams.video) == 1
    assert decode_audio(path, LIMITS).waveform.seconds == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize(
    ("container", "codec", "sound_codec", "options"),
    [
        ("mp4", "libx264", "aac", {}),
        ("mp4", "libx264", "aac", {"movflags": "frag_keyframe+empty_moov"}),
        ("mov", "libx264", "aac", {}),
        ("webm", "libvpx-vp9", "libopus", {}),
    ],
)
@pytest.mark.parametrize("sound_start_s", [0.0, 0.2])
def test_the_sound_of_a_film_is_timed_from_its_first_picture(
    tmp_path, container, codec, sound_codec, options, sound_start_s
):
    path = encode_film(
        tmp_path / "film",
        container=container,
        codec=codec,
        sound=chirp_at(0.5, 1.0, 48_000),
        sound_codec=sound_codec,
        sound_start_s=sound_start_s,
        muxer_options=options,
    )

    waveform = decode_audio(path, LIMITS, field="driving_video").waveform

    # MP4's edit list and webm's time stamps count in whole milliseconds, the lossy codec smears two more.
    assert chirp_start_ms(waveform.samples) == pytest.approx(1000 * (0.5 + sound_start_s), abs=3)


def test_a_pause_that_webm_states_is_silence_of_that_length(tmp_path):
    path = tmp_path / "paused.webm"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libopus", rate=48_000, layout="mono")
        for start_s in (0.0, 1.5):
            frame = av.AudioFrame.from_ndarray(chirp_at(0.3, 0.96, 48_000)[None], "flt", "mono")
            frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), round(start_s * 48_000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    samples = decode_audio(path, LIMITS).waveform.samples

    assert np.abs(samples[16_400:23_600]).max() < 0.001  # between 1.0 and 1.5 s, away from the edges
    assert chirp_start_ms(samples[20_000:]) + 1250 == pytest.approx(1800, abs=25)  # one opus packet


def test_a_driving_video_without_sound_is_told_so(tmp_path):
    path = encode_film(tmp_path / "mute.mp4")

    with pytest.raises(InputError, match=r"^driving_video: the file has no sound$") as refused:
        decode_audio(path, LIMITS, field="driving_video")

    assert refused.value.code is InputCode.DRIVING_VIDEO_UNREADABLE


def test_the_sample_speech_decodes_whole():
    assert decode_audio(SAMPLES / "speech.wav", LIMITS).waveform.num_frames == 275
