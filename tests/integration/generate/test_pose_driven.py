"""Poses from a film or a keypoint file stand instead of stage 1 (paper table III)."""

import json

import numpy as np
import pytest
from PIL import Image

from mmgt_core.keypoints import FACE, LIPS
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pose.face_motion import JAW
from tests.integration.generate.command import PORTRAIT, film_of, frames_of, generate, record
from tests.unit.media.recordings import chirp_at, chirp_start_ms

NUM_FRAMES = 15
SHIFT_PX = 4


@pytest.fixture(scope="module")
def driving_video(media):
    """The portrait sliding to the right, with a chirp at 0.2 s as its sound."""
    portrait = np.asarray(Image.open(PORTRAIT).convert("RGB"))
    images = [np.roll(portrait, SHIFT_PX * index, axis=1) for index in range(NUM_FRAMES)]
    return film_of(images, media / "driving.mp4", chirp_at(0.2, NUM_FRAMES / 25, 48_000))


def test_a_driving_video_gives_its_poses_and_its_sound(tmp_path, driving_video):
    done = generate(tmp_path / "out.mp4", "--driving-video", driving_video, "--save", "keypoints,manifest")

    assert done.status == 0, done.stderr
    assert "driving poses" in done.stderr
    assert "stage 1" not in done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == NUM_FRAMES
    faces = np.load(tmp_path / "out.keypoints.npy")[:, FACE, 0].mean(axis=1)
    np.testing.assert_allclose(np.diff(faces).mean(), SHIFT_PX, atol=1)
    sound = decode_audio(tmp_path / "out.mp4", MediaLimits(), field="driving_video").waveform.samples
    assert chirp_start_ms(sound) == pytest.approx(200, abs=5)
    assert json.loads((tmp_path / "out.manifest.json").read_text())["is_pose_driven"] is True


def test_given_speech_stands_before_the_sound_of_the_film_and_the_shorter_of_both_decides(
    tmp_path, driving_video, half_a_second
):
    done = generate(tmp_path / "out.mp4", "--driving-video", driving_video, "--audio", half_a_second)

    assert done.status == 0, done.stderr
    assert "sound of 0.48 s and driving poses of 0.60 s: cut to 0.48 s" in done.message
    assert len(frames_of(tmp_path / "out.mp4")) == 12


def test_frames_without_a_person_hold_the_pose_before(tmp_path):
    portrait = np.asarray(Image.open(PORTRAIT).convert("RGB"))
    empty = np.full_like(portrait, 90)
    driving = film_of([empty] * 2 + [portrait] * 10 + [empty] * 3, tmp_path / "driving.mp4", chirp_at(0.1, 0.6, 48_000))

    done = generate(tmp_path / "out.mp4", "--driving-video", driving, "--save", "keypoints")

    assert done.status == 0, done.stderr
    assert "no person in 5 of 15 frames" in done.message
    poses = np.load(tmp_path / "out.keypoints.npy")
    np.testing.assert_array_equal(poses[:2], poses[[2, 2]])
    np.testing.assert_array_equal(poses[-3:], poses[[-4, -4, -4]])


@pytest.mark.parametrize(("num_poses", "seconds", "num_frames"), [(40, 1.0, 25), (14, 1.0, 14), (24, 1.0, 24)])
def test_the_video_is_as_long_as_the_shorter_of_speech_and_poses(
    tmp_path, portrait_keypoints, num_poses, seconds, num_frames
):
    np.save(tmp_path / "poses.npy", np.repeat(portrait_keypoints[None], num_poses, axis=0).astype(np.float64))
    inputs = ("--audio", record(tmp_path / "it.wav", seconds), "--driving-keypoints", tmp_path / "poses.npy")

    done = generate(tmp_path / "out.mp4", *inputs, "--mask-motion", "none", "--guidance-scale", 1)

    assert done.status == 0, done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == num_frames
    assert ("cut to" in done.stderr) == (abs(num_poses - 25) > 1)


def test_a_saved_pose_sequence_drives_another_run_to_the_same_frames(tmp_path, half_a_second):
    first = generate(tmp_path / "first.mp4", "--audio", half_a_second, "--save", "keypoints")
    driving = ("--driving-keypoints", tmp_path / "first.keypoints.npy", "--lips", "driving")

    again = generate(tmp_path / "again.mp4", "--audio", half_a_second, *driving)

    assert (first.status, again.status) == (0, 0)
    np.testing.assert_array_equal(frames_of(tmp_path / "first.mp4"), frames_of(tmp_path / "again.mp4"))


@pytest.mark.parametrize(
    ("asked", "sound_of_its_own", "lips"),
    [((), False, "audio"), (("--lips", "driving"), False, "driving"), ((), True, "driving"),
     (("--lips", "audio"), True, "audio")],
)  # fmt: skip
def test_other_sound_moves_the_lips_of_driving_poses_unless_they_are_to_stay(
    tmp_path, driving_video, half_a_second, asked, sound_of_its_own, lips
):
    sound = () if sound_of_its_own else ("--audio", half_a_second)
    inputs = ("--driving-video", driving_video, *sound)

    done = generate(tmp_path / "out.mp4", *inputs, *asked, "--save", "keypoints,manifest", preset="mmgt-demo")
    kept = generate(tmp_path / "as.mp4", *inputs, "--lips", "driving", "--save", "keypoints", preset="mmgt-demo")

    assert (done.status, kept.status) == (0, 0), done.stderr + kept.stderr
    assert json.loads((tmp_path / "out.manifest.json").read_text())["lips"] == lips
    assert ("stage 1" in done.stderr) == (lips == "audio")
    poses, driving = (np.load(tmp_path / f"{name}.keypoints.npy") for name in ("out", "as"))
    speaking = np.r_[JAW, LIPS]
    np.testing.assert_array_equal(np.delete(poses, speaking, axis=1), np.delete(driving, speaking, axis=1))
    assert np.array_equal(poses[:, speaking], driving[:, speaking]) == (lips == "driving")


def test_until_poses_writes_those_that_a_video_would_be_rendered_of_and_no_video(tmp_path, half_a_second):
    wishes = ("--audio", half_a_second, "--gesture-strength", 0.5, "--seed", 3)

    done = generate(tmp_path / "alone.mp4", *wishes, "--until", "poses")
    whole = generate(tmp_path / "whole.mp4", *wishes, "--save", "keypoints,pose")

    assert (done.status, whole.status) == (0, 0), done.stderr
    written = [tmp_path / "alone.keypoints.npy", tmp_path / "alone.pose.mp4"]
    assert done.stdout.splitlines() == [str(path) for path in written]
    assert sorted(tmp_path.glob("alone*")) == written
    assert "stage 2" not in done.stderr
    assert written[0].read_bytes() == (tmp_path / "whole.keypoints.npy").read_bytes()
    np.testing.assert_array_equal(frames_of(written[1]), frames_of(tmp_path / "whole.pose.mp4"))
