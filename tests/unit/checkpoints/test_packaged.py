"""What the package's own weights, those of `mmgt-demo`, can do on held-out presenters."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.checkpoints.folders import WeightsIndex, network_file
from mmgt_core.checkpoints.networks import Networks
from mmgt_core.checkpoints.packaged import DETAIL_NETWORK, KEYPOINTS, PACKAGED_WEIGHTS, STUDENT
from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.load import load_pipeline
from mmgt_core.masks.regions import VISIBLE
from mmgt_core.metrics.appearance import flicker
from mmgt_core.metrics.gesture import correlation
from mmgt_core.metrics.image import clip_psnr, frame_psnr
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from tests.unit.pose.photographs import photograph

PHOTOGRAPHS = ("portrait.png", "official_portrait.jpg", "naval_officer.jpg")


@pytest.fixture(scope="module")
def clips() -> list[SyntheticClip]:
    return [synthetic_clip(FIRST_HELD_OUT_SEED + index, 1.5, None) for index in range(4)]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> WholeBodyDetector:
    return load_detector(tmp_path_factory.mktemp("no_weights"), MMGT_DEMO)


def test_every_file_is_the_one_that_the_index_names_and_small_enough() -> None:
    index = WeightsIndex.read(PACKAGED_WEIGHTS)
    files = {name: network_file(PACKAGED_WEIGHTS, name) for name in index.networks}

    assert {name: file_sha256(path) for name, path in files.items()} == index.networks
    assert set(PACKAGED_WEIGHTS.glob("*.safetensors")) == set(files.values())
    assert max(path.stat().st_size for path in files.values()) <= 15_000_000
    assert sum(path.stat().st_size for path in files.values()) <= 30_000_000


def test_the_autoencoder_gives_back_presenters_that_it_has_never_seen(
    clips: list[SyntheticClip], detector: WholeBodyDetector, tmp_path: Path
) -> None:
    pipeline = load_pipeline(MMGT_DEMO, tmp_path, torch.device("cpu"), torch.float32)
    truth = np.concatenate([clip.render([0, 20], MMGT_DEMO.resolution) for clip in clips])

    rebuilt = PipelineSystem(pipeline, SamplingOptions(), detector).rebuild(truth)
    latents = torch.cat([pipeline.pose_to_video.encode(frame, MMGT_DEMO.resolution) for frame in truth])

    assert frame_psnr(rebuilt, truth).mean() > 28
    assert latents.std().item() == pytest.approx(1.0, abs=0.2)  # what stage 2 learns to expect


def test_stage_1_moves_the_mouth_as_the_speech_says_and_not_as_another_speech(tmp_path: Path) -> None:
    pipeline = load_pipeline(MMGT_DEMO, tmp_path, torch.device("cpu"), torch.float32)
    clips = [synthetic_clip(FIRST_HELD_OUT_SEED + index, 3.2, None) for index in range(3)]
    true_mouths = [mouth_opening(clip.pose_sequence) for clip in clips]
    own, other = [], []
    for index, clip in enumerate(clips):
        initial = clip.pose_sequence.keypoints[clip.reference_frame]

        poses = pipeline.audio_to_pose(initial, clip.waveform, SamplingOptions(), RunControl())

        own.append(correlation(mouth_opening(poses), true_mouths[index]))
        other.append(correlation(mouth_opening(poses), true_mouths[index - 1]))
    assert min(own) > 0.75
    assert np.mean(own) > np.mean(other) + 0.5


def test_no_network_of_the_preset_is_random() -> None:
    assert set(WeightsIndex.read(PACKAGED_WEIGHTS).networks) == set(Networks.names()) - {"wavlm", "wav2vec"} | {
        KEYPOINTS,
        DETAIL_NETWORK,
        STUDENT,
    }
    assert MMGT_DEMO.is_trained


def test_stage_2_draws_a_presenter_that_it_has_never_seen_as_the_pose_says(
    clips: list[SyntheticClip], detector: WholeBodyDetector, tmp_path: Path
) -> None:
    pipeline = load_pipeline(MMGT_DEMO, tmp_path, torch.device("cpu"), torch.float32)
    system = PipelineSystem(pipeline, SamplingOptions(), detector)
    for clip in clips[:2]:
        num_frames = len(clip.pose_sequence)
        truth = clip.render(range(num_frames), MMGT_DEMO.resolution)
        reference = clip.render([clip.reference_frame], CANVAS_SIZE)[0]

        initial = clip.pose_sequence.keypoints[clip.reference_frame]
        driven = system.render(reference, initial, clip.pose_sequence, clip.waveform)

        still = np.repeat(truth[clip.reference_frame][None], num_frames, axis=0)
        assert clip_psnr(driven, truth) > clip_psnr(still, truth) + 4
        assert clip_psnr(driven, truth) > 26
        assert flicker(driven, truth)[0] < 0.15


def test_the_detector_finds_presenters_that_it_has_never_seen(
    clips: list[SyntheticClip], detector: WholeBodyDetector
) -> None:
    for clip in clips:
        truth = clip.pose_sequence.keypoints[20]
        is_seen = truth[:, 2] > VISIBLE

        (person,) = detector.detect(clip.render([20], CANVAS_SIZE)[0])

        assert person.is_drawn
        errors = np.linalg.norm(person.keypoints[is_seen, :2] - truth[is_seen, :2], axis=1)
        assert np.median(errors) < 0.02 * np.ptp(truth[is_seen, 1])


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_shows_no_presenter(detector: WholeBodyDetector, name: str) -> None:
    people = detector.detect(photograph(name))

    assert people
    assert not any(person.is_drawn for person in people)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_picture_shows_nobody(detector: WholeBodyDetector, level: int) -> None:
    columns = np.linspace(0, level, CANVAS_SIZE)[None, :, None]
    even, passing = np.full((CANVAS_SIZE, CANVAS_SIZE, 3), level), np.broadcast_to(columns, (CANVAS_SIZE,) * 2 + (3,))

    assert [detector.detect(np.ascontiguousarray(picture, np.uint8)) for picture in (even, passing)] == [[], []]
