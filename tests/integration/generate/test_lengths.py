"""Speech of any length becomes a video of that length that plays everywhere."""

import av
import numpy as np
import pytest

from tests.integration.generate.command import frames_of, generate, record


def check_playable(path, num_frames):
    """The laws of every result: what it holds, how long picture and sound last, and in which order it is written."""
    with av.open(str(path)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        context = video.codec_context
        assert (context.name, context.pix_fmt, video.average_rate) == ("h264", "yuv420p", 25)
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)  # BT.709
        assert (audio.codec_context.name, audio.rate) == ("aac", 48_000)
        assert video.frames == num_frames
        sound_s = float(audio.duration * audio.time_base)
        assert abs(sound_s - num_frames / 25) <= 1 / 25
        assert sum(frame.samples for frame in film.decode(audio)) >= (num_frames - 1) * 1920
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert len(frames_of(path)) == num_frames


@pytest.mark.parametrize("seconds", [0.5, 3.2, 3.3, 7.0])
def test_speech_of_any_length_becomes_a_video_of_that_length(tmp_path, seconds):
    done = generate(tmp_path / "out.mp4", "--audio", record(tmp_path / "speech.wav", seconds))

    assert done.status == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'out.mp4'}\n"
    check_playable(tmp_path / "out.mp4", round(seconds * 25))


def test_more_than_a_minute_works(tmp_path):
    speech = record(tmp_path / "speech.wav", 61.0)
    poses = np.zeros((1600, 134, 3))
    poses[:, :2] = (100, 100, 1), (400, 400, 1)  # two points, which no limb joins: quick to draw
    np.save(tmp_path / "poses.npy", poses)
    cheap = ("--lips", "driving", "--guidance-scale", 1, "--mask-motion", "none")

    done = generate(tmp_path / "out.mp4", "--audio", speech, "--driving-keypoints", tmp_path / "poses.npy", *cheap)

    assert done.status == 0, done.stderr
    check_playable(tmp_path / "out.mp4", 1525)


def test_the_shipped_small_preset_runs(tmp_path, half_a_second, moving_poses):
    inputs = ("--audio", half_a_second, "--driving-keypoints", moving_poses, "--lips", "driving")

    done = generate(tmp_path / "out.mp4", *inputs, preset="mmgt-demo")

    assert done.status == 0, done.stderr
    assert "untrained" not in done.stderr  # what a driven video takes is trained
    check_playable(tmp_path / "out.mp4", 12)


@pytest.mark.parametrize("is_driven", [False, True])
def test_an_untrained_network_is_named_where_it_is_used(tmp_path, half_a_second, moving_poses, is_driven):
    driving = ("--driving-keypoints", moving_poses, "--lips", "driving") if is_driven else ()

    done = generate(tmp_path / "out.mp4", "--audio", half_a_second, *driving, preset="tiny")

    assert done.status == 0, done.stderr
    note = next(line for line in done.stderr.splitlines() if line.startswith("note: tiny is untrained"))
    assert "denoising_unet" in note
    assert ("smga" in note) is not is_driven
