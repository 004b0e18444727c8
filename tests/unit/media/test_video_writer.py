import tracemalloc

import av
import numpy as np
import pytest

from mmgt_core.errors import InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.encoders import LAYERED
from mmgt_core.media.film_streams import layer_frame
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.provenance import GenerationFacts, read_provenance, sign_video
from mmgt_core.media.signing_identity import ensure_identity
from mmgt_core.media.video_decoding import read_video_frames
from mmgt_core.media.video_writer import VideoWriter
from tests.unit.media.recordings import SAMPLES, chirp_at, chirp_start_ms, encode_film, encode_sound

LIMITS = MediaLimits()
COLOURS = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 255),
        (0, 0, 0),
        (128, 128, 128),
        (222, 170, 140),
        (40, 60, 200),
    ],
    np.uint8,
)
PATCHES = COLOURS.reshape(2, 4, 3).repeat(64, axis=0).repeat(64, axis=1)


def write_film(path, num_frames=50, sound=None):
    with VideoWriter(path, 256, 128, sound=sound, num_frames=num_frames) as writer:
        for _ in range(num_frames):
            writer.write(PATCHES)
    return path


def write_and_fail(path, error, announced, written, sound=None):
    with VideoWriter(path, 256, 128, sound=sound, num_frames=announced) as writer:
        for _ in range(written):
            writer.write(PATCHES)
        raise error


@pytest.fixture
def long_sound(tmp_path):
    return encode_sound(tmp_path / "long.flac", chirp_at(1.3, 5.0, 44_100), 44_100, codec="flac", layout="stereo")


def test_the_file_is_h264_in_bt709_at_25_frames_per_second(tmp_path):
    path = write_film(tmp_path / "film.mp4", num_frames=50)

    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, stream.average_rate, stream.frames) == ("h264", "yuv420p", 25, 50)
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert stream.duration * stream.time_base == 2
        assert [frame.time for frame in film.decode(stream)] == pytest.approx([k / 25 for k in range(50)])


def test_the_colour_tags_stand_in_the_container_too(tmp_path):
    content = write_film(tmp_path / "film.mp4").read_bytes()

    assert b"colrnclx" + bytes([0, 1, 0, 1, 0, 1]) in content


def test_colours_come_back_within_a_few_levels(tmp_path):
    path = write_film(tmp_path / "film.mp4")

    frame = list(read_video_frames(path, LIMITS))[20]

    inner = frame.reshape(2, 64, 4, 64, 3)[:, 16:48, :, 16:48].mean((1, 3)).reshape(8, 3)
    np.testing.assert_allclose(inner, COLOURS, atol=3)  # eight-bit YCbCr and crf 18


def test_the_index_stands_before_the_frames(tmp_path, long_sound):
    content = write_film(tmp_path / "film.mp4", sound=long_sound).read_bytes()

    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("num_frames", [1, 13, 80, 200])
def test_the_sound_lasts_as_long_as_the_pictures(tmp_path, long_sound, num_frames):
    path = write_film(tmp_path / "film.mp4", num_frames, sound=long_sound)

    with av.open(str(path)) as film:
        audio, video = film.streams.audio[0], film.streams.video[0]
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "stereo")
        sound_s = (audio.start_time + audio.duration) * audio.time_base
        assert abs(sound_s - video.duration * video.time_base) <= 1 / 25
        assert audio.start_time == 0


@pytest.mark.parametrize(
    ("codec", "container", "rate_hz", "layout"),
    [
        ("pcm_s16le", "wav", 8_000, "mono"),
        ("libmp3lame", "mp3", 44_100, "stereo"),
        ("libopus", "ogg", 48_000, "mono"),
        ("aac", "ipod", 44_100, "stereo"),
        ("flac", "flac", 96_000, "5.1"),
    ],
)
def test_the_sound_is_in_time_with_the_waveform(tmp_path, codec, container, rate_hz, layout):
    sound = chirp_at(1.3, 2.0, rate_hz)
    recording = encode_sound(tmp_path / "recording", sound, rate_hz, codec=codec, container=container, layout=layout)
    heard = decode_audio(recording, LIMITS).waveform

    path = write_film(tmp_path / "film.mp4", heard.num_frames, sound=recording)

    written = decode_audio(path, LIMITS, field="driving_video").waveform
    assert len(written.samples) == len(heard.samples)
    assert abs(chirp_start_ms(written.samples) - chirp_start_ms(heard.samples)) <= 1


def test_speech_survives_the_encoding(tmp_path):
    recording = SAMPLES / "speech.wav"
    heard = decode_audio(recording, LIMITS).waveform.samples

    path = write_film(tmp_path / "film.mp4", 275, sound=recording)

    written = decode_audio(path, LIMITS, field="driving_video").waveform.samples
    assert np.corrcoef(heard, written)[0, 1] > 0.999


def test_missing_sound_is_silence(tmp_path):
    recording = encode_sound(tmp_path / "short.wav", chirp_at(0.3, 0.6, 16_000), 16_000)

    path = write_film(tmp_path / "film.mp4", 50, sound=recording)

    samples = decode_audio(path, LIMITS, field="driving_video").waveform.samples
    assert len(samples) == 32_000
    assert np.abs(samples[11_000:]).max() < 1e-3


def test_the_sound_of_a_driving_video_keeps_its_offset(tmp_path):
    driving = encode_film(tmp_path / "driving.mp4", sound=chirp_at(0.4, 0.8, 48_000), sound_start_s=0.2)

    path = write_film(tmp_path / "film.mp4", 25, sound=driving)

    samples = decode_audio(path, LIMITS, field="driving_video").waveform.samples
    assert chirp_start_ms(samples) == pytest.approx(600, abs=3)  # MP4 counts edits in milliseconds


def test_a_film_may_be_mute(tmp_path):
    path = write_film(tmp_path / "poses.mp4")

    with av.open(str(path)) as film:
        assert len(film.streams.audio) == 0


def test_the_same_frames_and_sound_give_the_same_bytes(tmp_path, long_sound):
    frames = np.random.default_rng(0).integers(0, 256, (30, 128, 256, 3), np.uint8)
    contents = []
    for name in ("first.mp4", "second.mp4"):
        with VideoWriter(tmp_path / name, 256, 128, sound=long_sound, num_frames=30) as writer:
            for frame in frames:
                writer.write(frame)
        contents.append((tmp_path / name).read_bytes())

    assert contents[0] == contents[1]


def test_only_a_finished_file_has_the_name(tmp_path):
    path = tmp_path / "film.mp4"
    with VideoWriter(path, 256, 128, sound=None, num_frames=2) as writer:
        writer.write(PATCHES)
        writer.write(PATCHES)
        assert [found.name for found in tmp_path.iterdir()] == ["film.mp4.part"]

    assert [found.name for found in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("num_written", [0, 1, 30])
def test_after_an_error_nothing_is_left(tmp_path, error, num_written):
    folder = tmp_path / "results"
    folder.mkdir()

    with pytest.raises(error):
        write_and_fail(folder / "film.mp4", error, 60, num_written, sound=SAMPLES / "speech.wav")

    assert list(folder.iterdir()) == []


def test_an_earlier_file_stays_when_a_new_one_fails(tmp_path):
    path = write_film(tmp_path / "film.mp4")
    before = path.read_bytes()

    with pytest.raises(RuntimeError):
        write_and_fail(path, RuntimeError, 2, 1)

    assert path.read_bytes() == before


def test_fewer_frames_than_announced_are_an_error_and_leave_nothing(tmp_path):
    with (
        pytest.raises(ValueError, match="1 frames were written of the announced 3"),
        VideoWriter(tmp_path / "film.mp4", 256, 128, sound=None, num_frames=3) as writer,
    ):
        writer.write(PATCHES)

    assert list(tmp_path.iterdir()) == []


def test_more_frames_than_announced_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="more than the announced 1 frames"):
        write_and_fail(tmp_path / "film.mp4", RuntimeError, 1, 2)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frame", [PATCHES[:, :-2], PATCHES.astype(np.float32), PATCHES[..., 0]])
def test_a_frame_of_another_kind_is_an_error(tmp_path, frame):
    with (
        pytest.raises(ValueError, match="a frame must be"),
        VideoWriter(tmp_path / "film.mp4", 256, 128, sound=None, num_frames=1) as writer,
    ):
        writer.write(frame)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(511, 512), (512, 511), (0, 512), (1, 1)])
def test_odd_sizes_are_an_error(tmp_path, size):
    with pytest.raises(ValueError, match="must be even"):
        VideoWriter(tmp_path / "film.mp4", *size, sound=None, num_frames=1)


def test_unreadable_sound_is_told_before_the_first_frame_and_leaves_nothing(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")

    with pytest.raises(InputError), VideoWriter(folder / "film.mp4", 256, 128, sound=broken, num_frames=1):
        pytest.fail("the writer opened without its sound")

    assert list(folder.iterdir()) == []


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError), VideoWriter(tmp_path / "no" / "film.mp4", 256, 128, None, 1):
        pytest.fail("the writer opened without its folder")


def test_memory_does_not_grow_with_the_length(tmp_path, long_sound):
    peaks = []
    for num_frames in (50, 500):
        tracemalloc.start()
        write_film(tmp_path / "film.mp4", num_frames, sound=long_sound)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 2 * PATCHES.nbytes


def test_a_layer_comes_back_with_its_opacity_within_one_level_and_can_be_marked(tmp_path, long_sound):
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (128, 1, 1))
    layer = np.concatenate([PATCHES, ramp], axis=-1)
    path = tmp_path / "layer.mov"

    with VideoWriter(path, 256, 128, sound=long_sound, num_frames=5, encoder=LAYERED) as writer:
        for _ in range(5):
            writer.append(layer_frame(layer, LAYERED.pixels))
    sign_video(path, ensure_identity(tmp_path / "identity"), GenerationFacts("tiny", False, 1))

    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgba") for frame in film.decode(video=0)]
        assert (film.streams.video[0].codec_context.name, len(film.streams.audio)) == ("prores", 1)
    assert len(frames) == 5
    assert np.abs(frames[0][..., 3].astype(int) - ramp[..., 0]).max() <= 1
    inside = np.abs(frames[0][8:56, 200:, :3].astype(int) - PATCHES[8:56, 200:])  # the last patch, nearly opaque
    assert np.median(inside) <= 3
    assert read_provenance(path).is_valid
