"""Films that are not simply one person at 25 a second: what the command does with them, and what preflight says."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmgt_core.keypoints import FACE
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pose.landmarks import LandmarkDetector
from tests.integration.generate.command import PORTRAIT, film_of, frames_of, generate, record
from tests.unit.media.flash_films import cut_by_packet_copy
from tests.unit.media.recordings import SAMPLES, chirp_at, chirp_start_ms
from worker.inspection import Question, inspect

DATA = Path(__file__).parents[2] / "data" / "media"
NUM_FRAMES = 13
AWAY = range(8, 11)
LARGER = range(4, 6)


def look_at(film: Path, audio: Path | None = None) -> dict[str, dict[str, str]]:
    """What preflight finds in a film: messages of findings and of warnings by code."""
    files = {"image": str(SAMPLES / "presenters" / "man.png"), "driving_video": str(film)} | (
        {"audio": str(audio)} if audio else {}
    )
    found = inspect(Question(files=files, weights="no weights"), lambda told: None)
    return {kind: {each["code"]: each["message"] for each in found[kind]} for kind in ("findings", "warnings")}


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.asarray(Image.open(PORTRAIT).convert("RGB"))


@pytest.fixture(scope="module")
def two_people(media) -> Path:
    """A woman on the left, gone for three frames; a man on the right, who is the larger one for two frames."""
    woman, man = (np.asarray(Image.open(SAMPLES / "presenters" / name)) for name in ("woman.png", "man.png"))
    images = []
    for index in range(NUM_FRAMES):
        image = np.full((512, 1024, 3), 120, np.uint8)
        woman_px, man_px = (490, 512) if index in LARGER else (512, 440)
        image[-man_px:, -man_px:] = cv2.resize(man, (man_px, man_px), interpolation=cv2.INTER_AREA)
        if index not in AWAY:
            image[-woman_px:, :woman_px] = cv2.resize(woman, (woman_px, woman_px), interpolation=cv2.INTER_AREA)
        images.append(image)
    return film_of(images, media / "two_people.mp4", chirp_at(0.2, NUM_FRAMES / 25, 48_000))


def test_of_two_people_the_same_one_is_followed_and_a_gap_is_not_filled_by_the_other(tmp_path, two_people):
    done = generate(tmp_path / "out.mp4", "--driving-video", two_people, "--save", "keypoints")

    assert done.status == 0, done.stderr
    assert re.search(rf"several people in \d+ of {NUM_FRAMES} frames; one is followed", done.message)
    lost = re.search(rf"the person who is followed is not in (\d+) of {NUM_FRAMES} frames; the pose", done.message)
    assert lost is not None
    assert int(lost[1]) >= len(AWAY)
    poses = np.load(tmp_path / "out.keypoints.npy")
    np.testing.assert_array_equal(poses[list(AWAY)], poses[[AWAY.start - 1] * len(AWAY)])
    assert np.ptp(poses[:, FACE, 0].mean(axis=1)) < 80  # half a picture lies between the two
    assert (poses[:, FACE, 2] > 0.3).all()


def test_preflight_says_of_two_people_what_the_command_says(two_people, monkeypatch):
    monkeypatch.setattr("worker.inspection._FILM_S", 60.0)  # however slow this machine is

    said = look_at(two_people)

    assert said["findings"] == {}
    assert said["warnings"].keys() >= {"driving_video_several_people", "driving_video_person_lost"}
    assert "driving_video_sampled" not in said["warnings"]


def test_a_film_that_stands_still_is_looked_at_once(monkeypatch, tmp_path, portrait):
    looks = []
    detect = LandmarkDetector.detect
    monkeypatch.setattr(LandmarkDetector, "detect", lambda self, image: looks.append(0) or detect(self, image))
    still = film_of([portrait] * NUM_FRAMES, tmp_path / "still.mp4", chirp_at(0.2, NUM_FRAMES / 25, 48_000))

    done = generate(tmp_path / "out.mp4", "--driving-video", still)

    assert done.status == 0, done.stderr
    assert len(looks) < NUM_FRAMES


def test_a_pose_video_as_driving_video_is_refused_with_the_way_that_takes_keypoints(tmp_path):
    speech = record(tmp_path / "speech.wav", 0.6)
    drawn = generate(tmp_path / "first.mp4", "--audio", speech, "--save", "pose")
    pose_video = tmp_path / "first.pose.mp4"

    done = generate(tmp_path / "out.mp4", "--driving-video", pose_video, "--audio", speech)

    assert drawn.status == 0, drawn.stderr
    assert done.status == 3
    assert "it shows drawn poses instead of a person" in done.message
    assert "--driving-keypoints" in done.message
    assert "--driving-keypoints" in look_at(pose_video, speech)["findings"]["driving_video_unreadable"]


def test_a_browsers_recording_of_an_empty_room_is_refused_because_nobody_is_in_it(tmp_path):
    done = generate(tmp_path / "out.mp4", "--driving-video", DATA / "browser_camera.webm")

    assert done.status == 3
    assert "no person in 77 of its 77 frames" in done.message
    assert "no person in any of" in look_at(DATA / "browser_camera.webm")["findings"]["driving_video_unreadable"]


def test_preflight_looks_at_some_frames_of_a_long_film_and_says_so(tmp_path, portrait):
    images = [np.roll(portrait, index // 50, axis=1) for index in range(500)]
    film = film_of(images, tmp_path / "long.mp4", chirp_at(0.2, 20.0, 48_000))

    said = look_at(film)

    assert said["findings"] == {}
    sampled = said["warnings"]["driving_video_sampled"]
    num_looks = int(sampled.removeprefix("driving_video: ").split()[0])
    assert 1 <= num_looks <= 16
    assert "of 500 frames were looked at" in sampled


def test_the_sound_of_the_video_is_that_of_the_first_picture_that_could_be_decoded(tmp_path, portrait):
    images = [np.roll(portrait, index // 8, axis=1) for index in range(33)]
    whole = film_of(images, tmp_path / "whole.mp4", chirp_at(1.0, 1.32, 48_000), key_frames_every=20)
    cut = cut_by_packet_copy(whole, tmp_path / "cut.mp4", "mp4", 0.2)

    done = generate(tmp_path / "out.mp4", "--driving-video", cut)

    assert done.status == 0, done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == 13
    sound = decode_audio(tmp_path / "out.mp4", MediaLimits(), field="driving_video").waveform.samples
    assert chirp_start_ms(sound) == pytest.approx(200, abs=5)
