import tracemalloc
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import at_constant_rate, inspect_driving_video, read_video_frames
from tests.unit.media.recordings import SAMPLES, chirp_at, encode_film, encode_sound, speech

LIMITS = MediaLimits()


def stamps(fps: float, seconds: float, start_s: float = 0.0) -> list[tuple[float, float, int]]:
    return [(start_s + index / fps, 1 / fps, index) for index in range(round(fps * seconds))]


def test_25_frames_per_second_stay_as_they_are():
    assert list(at_constant_rate(stamps(25, 4.0))) == list(range(100))


@pytest.mark.parametrize("fps", [1, 10, 12, 24, 24_000 / 1001, 30, 30_000 / 1001, 50, 60, 120])
def test_each_moment_shows_the_latest_picture_that_has_begun(fps):
    shown = list(at_constant_rate(stamps(fps, 10.0)))

    assert len(shown) == pytest.approx(250, abs=1)
    assert all(shown[k] == int((k / 25 + 0.001) * fps) for k in range(len(shown) - 3))


def test_millisecond_time_stamps_of_webm_lose_no_picture():
    rounded = [(round(start_s, 3), duration_s, index) for start_s, duration_s, index in stamps(25, 8.0, 0.0067)]

    assert list(at_constant_rate(rounded)) == list(range(200))


def test_a_long_picture_is_repeated():
    assert list(at_constant_rate([(0.0, 0.04, "a"), (0.04, 0.04, "b"), (0.2, 0.04, "c")])) == list("abbbbc")


def test_nothing_gives_nothing():
    assert list(at_constant_rate([])) == []


FILMS = [
    ("mp4", "libx264", 30, {}),
    ("mp4", "libx264", 25, {"movflags": "frag_keyframe+empty_moov"}),
    ("mov", "libx264", 24, {}),
    ("mp4", "libx265", 50, {}),
    ("webm", "libvpx", 30, {}),
    ("webm", "libvpx-vp9", 25, {}),
]


@pytest.mark.parametrize(("container", "codec", "fps", "options"), FILMS)
def test_each_format_gives_its_pictures_at_25_per_second(tmp_path, container, codec, fps, options):
    path = encode_film(tmp_path / "film", container=container, codec=codec, fps=fps, muxer_options=options)

    frames = list(read_video_frames(path, LIMITS))

    expected = [4 * int((k / 25 + 0.001) * fps) for k in range(25)]
    assert all(frame.shape == (96, 128, 3) and frame.dtype == np.uint8 for frame in frames)
    np.testing.assert_allclose([frame.mean() for frame in frames], expected, atol=2)  # lossy codecs


@pytest.mark.parametrize(("container", "codec", "fps", "options"), FILMS)
def test_inspecting_tells_what_reading_gives(tmp_path, container, codec, fps, options):
    path = encode_film(tmp_path / "film", container=container, codec=codec, fps=fps, muxer_options=options)

    film = inspect_driving_video(path, LIMITS)

    assert film.num_frames == len(list(read_video_frames(path, LIMITS))) == 25
    assert film.seconds == pytest.approx(1.0, abs=0.001)
    assert not film.has_sound


def test_inspecting_finds_the_sound(tmp_path):
    path = encode_film(tmp_path / "film.mp4", sound=chirp_at(0.5, 1.0, 48_000))

    assert inspect_driving_video(path, LIMITS).has_sound


EIGHT_WAYS = [(x, y, is_swapped) for x in (1, -1) for y in (1, -1) for is_swapped in (False, True)]


@pytest.mark.parametrize(("x", "y", "is_swapped"), EIGHT_WAYS)
def test_the_whole_display_matrix_is_applied(tmp_path, x, y, is_swapped):
    shown = np.zeros((96, 128, 3), np.uint8)
    shown[:40, :40], shown[:40, 88:], shown[56:, :40] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    stored = shown[::y, ::x].swapaxes(0, 1) if is_swapped else shown[::y, ::x]
    # ISO/IEC 14496-12: x' = a x + c y, y' = b x + d y
    a, b, c, d = (0, y, x, 0) if is_swapped else (x, 0, 0, y)
    path = _film_with_matrix(tmp_path / "turned.mp4", np.ascontiguousarray(stored), (a, b, c, d))

    frame = next(read_video_frames(path, LIMITS))

    assert frame.shape == shown.shape
    for rows, columns in [(slice(8, 32), slice(8, 32)), (slice(8, 32), slice(96, 120)), (slice(64, 88), slice(8, 32))]:
        assert np.abs(frame[rows, columns].mean((0, 1)) - shown[rows, columns].mean((0, 1))).max() < 30


def test_a_display_matrix_of_zeros_changes_nothing(tmp_path):
    stored = np.zeros((96, 128, 3), np.uint8)
    stored[:48, :64] = 255
    path = _film_with_matrix(tmp_path / "film.mp4", stored, (0, 0, 0, 0))

    frame = next(read_video_frames(path, LIMITS))

    assert np.abs(frame.astype(int) - stored).mean() < 10


COLOURS = [
    ("film.mp4", "libx264", "yuv420p", {}),
    ("film.mp4", "libx264", "yuv420p10le", {}),
    ("film.mp4", "libx264", "yuvj420p", {}),
    ("film.mp4", "libx264", "yuv420p", {"flags": "+ildct+ilme", "x264-params": "tff=1"}),
    ("film.mp4", "libx264rgb", "rgb24", {}),
    ("film.mp4", "libx265", "yuv420p10le", {"x265-params": "pools=none:frame-threads=1:log-level=error"}),
    ("film.mov", "prores_ks", "yuva444p10le", {"profile": "4444"}),
    ("film.mov", "mjpeg", "yuvj420p", {}),
]


@pytest.mark.parametrize(("name", "codec", "pixels", "options"), COLOURS)
def test_colours_are_the_same_in_every_kind_of_pixels(tmp_path, name, codec, pixels, options):
    colour = (200, 60, 30)
    with av.open(str(tmp_path / name), "w") as output:
        stream = output.add_stream(codec, rate=25, width=128, height=96, options=options)
        stream.pix_fmt = pixels
        for index in range(15):
            frame = av.VideoFrame.from_ndarray(np.full((96, 128, 3), colour, np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    frames = list(read_video_frames(tmp_path / name, LIMITS))

    assert len(frames) == 15
    np.testing.assert_allclose(frames[7].mean((0, 1)), colour, atol=4)  # lossy codecs


def oblong(path, pixel_shape):
    """Black pictures of 96 x 96 pixels, each so many times as wide as high."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, width=96, height=96)
        stream.sample_aspect_ratio = pixel_shape
        for index in range(15):
            frame = av.VideoFrame.from_ndarray(np.zeros((96, 96, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_pictures_with_oblong_pixels_are_widened(tmp_path):
    path = oblong(tmp_path / "oblong.mp4", Fraction(4, 3))

    assert next(read_video_frames(path, LIMITS)).shape == (96, 128, 3)


def test_pictures_that_oblong_pixels_make_narrow_are_refused_with_their_ratio(tmp_path):
    path = oblong(tmp_path / "oblong.mp4", Fraction(5, 1))

    with pytest.raises(InputError, match=r"480 x 96 pixels; the long side is 5.0 times the short one, the limit is 4"):
        next(read_video_frames(path, LIMITS))


UNREADABLE = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no film\n" * 1000),
    "random": lambda path: path.write_bytes(np.random.default_rng(0).bytes(50_000)),
    "playlist": lambda path: path.write_text("#EXTM3U\n#EXTINF:10,\nfilm.mp4\n#EXT-X-ENDLIST\n"),
    "png": lambda path: path.write_bytes((SAMPLES / "portrait.png").read_bytes()),
    "wav": lambda path: path.write_bytes((SAMPLES / "speech.wav").read_bytes()),
    "m4a": lambda path: encode_sound(path, *speech(), codec="aac", container="ipod"),
    "avi": lambda path: encode_film(path, codec="mpeg4", container="avi"),
    "mpeg-ts": lambda path: encode_film(path, container="mpegts"),
    "500 per second": lambda path: encode_film(path, container="mp4", fps=500),
    "moving png": lambda path: encode_film(path, codec="png", container="mov", pixels="rgb24"),
    "unusual codec": lambda path: encode_film(path, codec="ffv1", container="matroska"),
    "cut moov": lambda path: path.write_bytes(encode_film(path, container="mp4").read_bytes()[:1000]),
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("reads", [inspect_driving_video, lambda path, limits: next(read_video_frames(path, limits))])
def test_what_is_no_film_is_unreadable(tmp_path, kind, reads):
    path = tmp_path / "film.mp4.upload"
    UNREADABLE[kind](path)

    with pytest.raises(InputError) as refused:
        reads(path, LIMITS)

    assert refused.value.code is InputCode.DRIVING_VIDEO_UNREADABLE
    assert str(refused.value).startswith("driving_video: ")


def test_a_codec_that_is_not_read_is_named(tmp_path):
    path = encode_film(tmp_path / "film.mov", codec="png", pixels="rgb24")

    with pytest.raises(InputError, match="the codec png is not supported"):
        inspect_driving_video(path, LIMITS)


@pytest.mark.parametrize("container", ["mp4", "webm"])
@pytest.mark.parametrize("reads", [inspect_driving_video, lambda path, limits: list(read_video_frames(path, limits))])
def test_a_long_film_is_refused(tmp_path, container, reads):
    codec = {"mp4": "libx264", "webm": "libvpx"}[container]
    path = encode_film(tmp_path / "film", container=container, codec=codec, seconds=2.0)

    with pytest.raises(InputError, match=r"the limit (is|of) 1\.5 s") as refused:
        reads(path, replace(LIMITS, max_audio_s=1.5))

    assert refused.value.code is InputCode.DRIVING_VIDEO_TOO_LONG


def test_a_time_stamp_hours_away_does_not_make_hours_of_frames(tmp_path):
    path = tmp_path / "gap.webm"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libvpx", rate=25, width=64, height=64)
        for pts in (0, 1, 2, 25 * 3600):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    with pytest.raises(InputError) as refused:
        list(read_video_frames(path, LIMITS))

    assert refused.value.code is InputCode.DRIVING_VIDEO_TOO_LONG


@pytest.mark.parametrize("reads", [inspect_driving_video, lambda path, limits: list(read_video_frames(path, limits))])
def test_a_short_film_is_refused_with_its_length(tmp_path, reads):
    path = encode_film(tmp_path / "film.mp4", fps=25, seconds=0.2)

    with pytest.raises(InputError, match=r"^driving_video: 0\.20 s long; at least 0\.5 s is needed$"):
        reads(path, LIMITS)


def test_large_pictures_are_refused(tmp_path):
    path = encode_film(tmp_path / "film.mp4", size=(640, 480))

    with pytest.raises(InputError, match="640 x 480 pixels"):
        inspect_driving_video(path, replace(LIMITS, max_video_pixels=640 * 480 - 1))


def test_a_file_over_the_byte_limit_is_not_opened(tmp_path):
    path = encode_film(tmp_path / "film.mp4")

    with pytest.raises(InputError, match="MB; the limit is"):
        inspect_driving_video(path, replace(LIMITS, max_video_bytes=1000))


def test_a_webm_that_ends_early_is_used_as_far_as_it_goes(tmp_path):
    path = encode_film(tmp_path / "film.webm", codec="libvpx", seconds=2.0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10])

    assert 13 <= len(list(read_video_frames(path, LIMITS))) < 50


def test_a_still_picture_beside_the_sound_is_not_a_film(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as output:
        cover = output.add_stream("mjpeg", rate=1, width=64, height=64)
        cover.pix_fmt = "yuvj420p"
        frame = av.VideoFrame(64, 64, "yuvj420p")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        output.mux(cover.encode(frame))
        output.mux(cover.encode(None))

    with pytest.raises(InputError, match="no moving pictures"):
        inspect_driving_video(path, LIMITS)


def test_memory_does_not_grow_with_the_length(tmp_path):
    paths = [encode_film(tmp_path / f"{s}.mp4", seconds=s, fps=25, size=(320, 240)) for s in (2, 20)]
    peaks = []
    for path in paths:
        tracemalloc.start()
        for _ in read_video_frames(path, LIMITS):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 3 * 320 * 240 * 3  # numpy's arrays are traced: no more than a few frames at once


def _film_with_matrix(path, image: np.ndarray, matrix: tuple[int, int, int, int]):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, width=image.shape[1], height=image.shape[0])
        for index in range(15):
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    upright = b"".join(number.to_bytes(4, "big") for number in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    a, b, c, d = (number << 16 for number in matrix)
    placed = b"".join(n.to_bytes(4, "big", signed=True) for n in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    content = path.read_bytes()
    track = content.index(upright, content.index(b"tkhd"))
    path.write_bytes(content[:track] + placed + content[track + 36 :])
    return path
