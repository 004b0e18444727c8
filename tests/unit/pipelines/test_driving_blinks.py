"""A driving video's blinks reach the poses: filmed presenters, whose lids are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.media.encoders import QUICK
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import inspect_driving_video, read_video_frames
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.pipelines.driving_poses import poses_of_every_frame
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.pose.eyelids import blinks, eye_opening, usual_opening
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip

SEEDS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 8)
BEFORE, NUM_FRAMES = 20, 60


@dataclass(frozen=True)
class Filmed:
    """Blinks of a presenter in a film: as drawn, as the detector alone sees them, and in the poses of the pipeline."""

    drawn: list[range]
    detected: list[range]
    read: list[range]


def seen(keypoints: Float32Array) -> list[range]:
    """Blinks by how open the eyes usually are in the same poses."""
    opening = eye_opening(keypoints)
    return blinks(opening / np.percentile(opening, 75))


def filmed(seed: int, detector: WholeBodyDetector, folder: Path) -> Filmed:
    """A film around a presenter's first blink."""
    clip = synthetic_clip(seed, 8)
    truth = clip.pose_sequence.keypoints
    usual = usual_opening(truth[clip.reference_frame])
    assert usual is not None
    first = max(0, blinks(eye_opening(truth) / usual)[0].start - BEFORE)
    path, limits = folder / f"{seed}.mp4", MediaLimits()
    with VideoWriter(path, CANVAS_SIZE, CANVAS_SIZE, None, NUM_FRAMES, QUICK) as film:
        for frame in range(first, first + NUM_FRAMES):
            film.write(clip.render([frame], CANVAS_SIZE)[0])
    found, _ = poses_of_every_frame(path, inspect_driving_video(path, limits), limits, detector, RunControl())
    alone = [detector.detect(image)[0].keypoints for image in read_video_frames(path, limits)]
    drawn = blinks(eye_opening(truth[first : first + NUM_FRAMES]) / usual)
    return Filmed(drawn, seen(np.stack(alone)), seen(found.keypoints))


def num_met(blinks_of_one: list[range], others: list[range]) -> int:
    """How many of them are there in the others too, to two frames."""
    return sum(
        any(other.start < one.stop + 2 and one.start - 2 < other.stop for other in others) for one in blinks_of_one
    )


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Filmed]:
    detector = load_detector(tmp_path_factory.mktemp("no_weights"), MMGT_DEMO)
    return [filmed(seed, detector, tmp_path_factory.mktemp("films")) for seed in SEEDS]


def test_what_the_detector_alone_misses_is_read(films: list[Filmed]) -> None:
    drawn = sum(len(film.drawn) for film in films)

    assert drawn >= len(SEEDS)
    assert sum(num_met(film.drawn, film.detected) for film in films) <= 0.2 * drawn
    assert sum(num_met(film.drawn, film.read) for film in films) >= 0.9 * drawn


def test_no_blink_is_read_that_nobody_made(films: list[Filmed]) -> None:
    assert sum(len(film.read) - num_met(film.read, film.drawn) for film in films) == 0
