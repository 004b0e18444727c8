"""Laws of the acceptance list: a perfect system reaches every figure, one that stands still almost none."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.metrics.pose_autoencoder import train_pose_autoencoder
from mmgt_core.metrics.presenter_report import RunFacts, write_presenter_report
from mmgt_core.metrics.presenter_store import ClipStore
from mmgt_core.metrics.presenters import FIGURES, measure_presenters
from mmgt_core.metrics.regions import resize_frames
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, SyntheticClip, synthetic_clip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.synthetic.texts import HELD_OUT_LANGUAGE
from mmgt_core.types import PoseSequence, UInt8Array, Waveform

SIDE = 128
SECONDS = 2.0


@dataclass(frozen=True)
class KnowingSystem:
    """Knows every clip's truth by the first samples of its speech, and every presenter by the reference image."""

    clips: list[SyntheticClip]
    is_still: bool = False
    resolution: int = SIDE

    def find(self, image: UInt8Array) -> Float32Array | None:
        for clip in self.clips:
            frames = range(0, len(clip.pose_sequence), 20)
            for frame, picture in zip(frames, clip.render(frames, CANVAS_SIZE), strict=True):
                if np.array_equal(picture, image):
                    return None if self.is_still and frame else clip.pose_sequence.keypoints[frame]
        return None

    def speak(self, initial_keypoints: Float32Array, waveform: Waveform) -> PoseSequence:
        clip = next(
            clip for clip in self.clips if np.array_equal(clip.waveform.samples[:9000], waveform.samples[:9000])
        )
        keypoints = np.resize(clip.pose_sequence.keypoints, (waveform.num_frames, 134, 3))
        return PoseSequence(np.repeat(initial_keypoints[None], len(keypoints), axis=0) if self.is_still else keypoints)

    def render(self, reference_image: UInt8Array, poses: PoseSequence, waveform: Waveform | None) -> UInt8Array:
        if self.is_still:
            return np.repeat(resize_frames(reference_image[None], SIDE), len(poses), axis=0)
        clip = next(
            clip
            for clip in self.clips
            if np.array_equal(clip.render([clip.reference_frame], CANVAS_SIZE)[0], reference_image)
        )
        return draw_presenter(clip.identity, poses.keypoints, SIDE)

    def rebuild(self, frames: UInt8Array) -> UInt8Array:
        return frames


@pytest.fixture(scope="module")
def clips() -> list[SyntheticClip]:
    known = [synthetic_clip(FIRST_HELD_OUT_SEED + index, SECONDS) for index in range(3)]
    return [*known, synthetic_clip(FIRST_HELD_OUT_SEED + 3, SECONDS, HELD_OUT_LANGUAGE)]


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> list[ClipStore]:
    return [ClipStore(tmp_path_factory.mktemp("clips"), name) for name in ("perfect", "still")]


@pytest.fixture(scope="module")
def results(clips, stores):
    """Of a perfect system and of one that stands still."""
    network = train_pose_autoencoder([clip.pose_sequence for clip in clips], num_steps=4)
    still = KnowingSystem(clips, is_still=True)
    return [
        measure_presenters(clips, HELD_OUT_LANGUAGE, system, still, network, store, lambda name, done, total: None)
        for system, store in zip((KnowingSystem(clips), still), stores, strict=True)
    ]


def missed(results) -> set[str]:
    return {figure.name for figure in FIGURES if results.is_reached(figure) is False}


def test_a_perfect_system_reaches_every_figure_that_a_few_clips_can_show(results) -> None:
    perfect, _ = results

    # Other speech correlates by chance in clips of two seconds; that figure takes many clips.
    assert missed(perfect) <= {"mouth_swapped", "seen_swapped"}
    assert perfect.figures["mouth_own"] > 0.99
    assert perfect.figures["seen_own"] > 0.9
    assert perfect.figures["fgd"] < 1e-6


def test_a_system_that_stands_still_reaches_neither_motion_nor_mouth_nor_distance_from_still(results) -> None:
    _, still = results

    assert missed(still) >= {
        "found", "fgd_share", "mouth_own", "hand_speed", "hand_variance", "psnr_above_still",
        "mouth_psnr_above_still", "seen_own",
    }  # fmt: skip
    assert still.figures["psnr_driven"] == pytest.approx(still.figures["psnr_still"], abs=2)


def test_a_perfect_renderer_shows_that_the_drawn_pose_alone_carries_its_mouth(results) -> None:
    perfect, _ = results

    assert perfect.figures["seen_pose_alone"] > 0.9
    # A mouth held shut has no opening to see; what is left is chance in clips of two seconds.
    assert abs(perfect.figures["seen_audio_alone"]) < 0.5


def test_the_held_out_language_stands_apart(results) -> None:
    perfect, _ = results

    assert perfect.languages[-1] == HELD_OUT_LANGUAGE
    assert perfect.of_language(HELD_OUT_LANGUAGE, "mouth_own") > 0.99


def test_the_report_has_every_figure_each_clips_numbers_and_pictures(results, tmp_path) -> None:
    facts = RunFacts("mmgt-demo", "none", "mmgt evaluate presenters", 5, 90)

    page = write_presenter_report(results[0], facts, tmp_path)

    numbers = json.loads((tmp_path / "presenters.json").read_text())
    assert set(numbers["figures"]) == {figure.name for figure in FIGURES}
    assert [clip["seed"] for clip in numbers["clips"]] == [FIRST_HELD_OUT_SEED + index for index in range(4)]
    assert all(figure.meaning in page.read_text() for figure in FIGURES)
    assert {path.name for path in tmp_path.glob("*.png")} == {"sheet.png", "speech.png", "hand_timing.png"}


def test_a_finished_clip_is_read_and_not_measured_again_unless_something_it_depends_on_changed(results, stores) -> None:
    perfect, _ = results
    first = perfect.clips[0]

    kept = stores[0].read(first.seed)

    assert kept is not None
    assert kept.numbers == first.numbers
    np.testing.assert_array_equal(kept.sheet.spoken, first.sheet.spoken)
    np.testing.assert_array_equal(kept.spoken_poses.keypoints, first.spoken_poses.keypoints)
    assert ClipStore(stores[0].folder, "other weights").read(first.seed) is None
    assert stores[0].read(first.seed + 100) is None


def test_one_clip_is_too_few(clips, stores) -> None:
    system = KnowingSystem(clips)

    with pytest.raises(ValueError, match="1 clips in trained languages"):
        measure_presenters(
            clips[:1], HELD_OUT_LANGUAGE, system, system, None, stores[0], lambda name, done, total: None
        )
