"""Lost details come back where they belong, and nowhere else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.config import MMGT_512, MMGT_DEMO, DetailNetworkConfig, SamplingOptions
from mmgt_core.finishing.detail_network import EVIDENCE, OF_BONES, DetailNetwork
from mmgt_core.finishing.finisher import ShownPose
from mmgt_core.finishing.portrait_details import PortraitDetails, as_evidence
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.types import PoseSequence, UInt8Array, Waveform
from tests.small_preset import SMALL
from tests.unit.puppet.presenters import drawn

SIDE = 64


def pictures() -> tuple[UInt8Array, UInt8Array]:
    """A portrait (a blob with a fine pattern on a plain ground), and the same without its pattern."""
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float32)
    blob = np.exp(-((rows - 30) ** 2 + (columns - 26) ** 2) / 120)
    drawn = (60 + 150 * blob)[..., None].repeat(3, axis=2)
    pattern = 12 * ((rows // 2 + columns // 2) % 2 * 2 - 1) * (blob > 0.4)
    return (drawn + pattern[..., None]).round().astype(np.uint8), drawn.round().astype(np.uint8)


def shifted(picture: UInt8Array, by: int) -> UInt8Array:
    return np.roll(picture, by, axis=1)


def mean_error(a: UInt8Array, b: UInt8Array) -> float:
    return float(np.abs(a.astype(np.float32) - b).mean())


class Takes(DetailNetwork):
    """Believes one of its candidates everywhere."""

    def __init__(self, candidate: int, sees_bones: bool = False) -> None:
        super().__init__(DetailNetworkConfig(widths=(8, 8, 8), sees_bones=sees_bones))
        self.out.bias.data[candidate * 4 : candidate * 4 + 4] = 100


FRAME, DETAILED, MOVED, STILL, PUPPET, PLATE = range(6)


def restored(candidate: int, portrait: UInt8Array, drawn: UInt8Array, *frames: UInt8Array) -> list[UInt8Array]:
    black = np.zeros_like(portrait)
    details = PortraitDetails(Takes(candidate), portrait, drawn, black)
    return list(details.restored(iter(frames), iter([shown(black)] * len(frames))))


def shown(picture: UInt8Array) -> ShownPose:
    return ShownPose(picture, np.zeros((134, 3), np.float32))


def test_a_frame_that_shows_what_was_drawn_becomes_the_portrait() -> None:
    portrait, drawn = pictures()

    for candidate in (DETAILED, MOVED, STILL):
        (found,) = restored(candidate, portrait, drawn, drawn)

        assert mean_error(found, portrait) < 0.1
    assert mean_error(drawn, portrait) > 1


def test_details_move_with_what_they_belong_to() -> None:
    portrait, drawn = pictures()

    (found,) = restored(DETAILED, portrait, drawn, shifted(drawn, 4))

    assert mean_error(found, shifted(portrait, 4)) < 0.4 * mean_error(shifted(drawn, 4), shifted(portrait, 4))


def test_every_frame_comes_out_once_and_in_order() -> None:
    portrait, drawn = pictures()
    frames = [np.full_like(drawn, 40 * index) for index in range(5)]

    found = restored(FRAME, portrait, drawn, *frames)

    assert [int(frame[0, 0, 0]) for frame in found] == pytest.approx([0, 40, 80, 120, 160], abs=1)


def test_restored_frames_are_at_rest_where_nothing_moves() -> None:
    portrait, drawn = pictures()

    first, second = restored(FRAME, portrait, drawn, drawn, drawn + np.uint8(2))

    assert np.array_equal(first, second)


def test_each_frame_is_seen_with_its_own_pose_and_the_portraits() -> None:
    portrait, drawn = pictures()
    own_pose, *poses = (np.full_like(portrait, level) for level in (10, 20, 30))
    seen: list[torch.Tensor] = []
    network = Takes(FRAME)
    network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))

    list(PortraitDetails(network, portrait, drawn, own_pose).restored(iter([drawn, drawn]), map(shown, poses)))

    expected = [[portrait, drawn, pose, own_pose] for pose in poses]
    for evidence, (*pictures_, pose, own) in zip(torch.cat(seen).split(1), expected, strict=True):
        for place, picture in zip((3, 4, 5, 6), (*pictures_, pose, own), strict=True):
            assert torch.equal(evidence[:, [place]], as_evidence(picture[None, None]))


@pytest.fixture
def pipeline() -> AudioToVideo:
    preset = replace(SMALL, resolution=64, is_noise_shared=True)
    return load_pipeline(preset, Path("none"), torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("is_on", [False, True])
def test_frames_get_the_details_of_the_portrait_as_drawn_in_its_own_pose_where_a_network_for_it_is_loaded(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    numbers, options = np.random.default_rng(0), SamplingOptions(num_inference_steps=1)
    image = numbers.integers(0, 256, (CANVAS_SIZE, CANVAS_SIZE, 3)).astype(np.uint8)
    own_pose, *poses = numbers.uniform(100, 400, (4, 134, 3)).astype(np.float32)
    made: list[tuple[PortraitDetails, list[ShownPose]]] = []

    def note(
        details: PortraitDetails, frames: Iterator[UInt8Array], poses_of: Iterator[ShownPose]
    ) -> Iterator[UInt8Array]:
        given = list(frames)
        made.append((details, list(poses_of)))
        return iter(given)

    def drawn(chosen: AudioToVideo, *keypoints: Float32Array) -> list[UInt8Array]:
        speech = Waveform(np.zeros(len(keypoints) * 640, np.float32))
        poses = PoseSequence(np.stack(keypoints))
        frames = chosen.frames(image, own_pose, iter((poses,)), speech, options, RunControl())
        return [frame.image for frame in frames]

    monkeypatch.setattr(PortraitDetails, "restored", note)
    frames = drawn(replace(pipeline, detail_network=Takes(FRAME) if is_on else None), *poses)

    assert len(frames) == 3
    assert len(made) == is_on
    for details, given in made:
        assert np.array_equal(details.portrait, scaled(image, 64))
        assert np.array_equal(details.drawn, *drawn(pipeline, own_pose))
        assert not np.array_equal(details.drawn, *drawn(pipeline, poses[0]))
        assert np.array_equal([pose.picture for pose in given], [scaled(draw_pose(pose), 64) for pose in poses])
        assert np.array_equal([pose.keypoints for pose in given], poses)
        assert np.array_equal(details.own_pose, scaled(draw_pose(own_pose), 64))


def test_a_network_that_sees_bones_can_believe_the_moved_portrait_and_what_is_behind(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmgt_core.finishing.portrait_details._MOST_OFF", 255.0)
    presenter = drawn(900201)
    image = presenter.clip.render([0], CANVAS_SIZE)[0]
    own, *poses = presenter.keypoints[[0, 20, 30]]
    speech = Waveform(np.zeros(len(poses) * 640, np.float32))

    def frames(candidate: int) -> list[UInt8Array]:
        chosen = replace(pipeline, detail_network=Takes(candidate, sees_bones=True))
        options, driving = SamplingOptions(num_inference_steps=1), PoseSequence(np.stack(poses))
        found = chosen.frames(image, own, iter((driving,)), speech, options, RunControl())
        return [frame.image for frame in found]

    puppet = Puppet.of(scaled(image, 64), own, PersonMatte())
    for candidate, expected in ((PUPPET, [puppet.moved(pose) for pose in poses]), (PLATE, [puppet.plate] * 2)):
        found = frames(candidate)

        errors = [mean_error(one, other) for one, other in zip(found, expected, strict=True)]
        assert max(errors) < 4  # averaged over time
        assert mean_error(found[0], scaled(image, 64)) > 2 * max(errors)


@pytest.mark.parametrize(("off_by", "is_believed"), [(24, True), (37, False)])
def test_whom_stage_2_cannot_draw_is_moved_along_the_bones(off_by: int, is_believed: bool) -> None:
    presenter = drawn(900201)
    portrait = scaled(presenter.clip.render([0], CANVAS_SIZE)[0], SIDE)
    own, *poses = presenter.keypoints[[0, 20, 30]]
    redrawn = np.where(portrait < 128, portrait + off_by, portrait - off_by).astype(np.uint8)
    puppet = Puppet.of(portrait, own, PersonMatte())
    frames = [np.full_like(portrait, level) for level in (50, 51)]

    details = PortraitDetails(Takes(FRAME, sees_bones=True), portrait, redrawn, np.zeros_like(portrait), puppet)
    found = list(details.restored(iter(frames), (ShownPose(portrait, pose) for pose in poses)))

    expected = frames if is_believed else [puppet.moved(pose) for pose in poses]
    assert max(mean_error(one, other) for one, other in zip(found, expected, strict=True)) <= (1 if is_believed else 0)


def test_the_packaged_network_sees_and_believes_what_it_learned_from() -> None:
    ends = load_pipeline(MMGT_DEMO, Path("none"), torch.device("cpu"), torch.float32).detail_network

    assert ends is not None
    assert ends.sees_bones
    assert ends.fine_in[0].in_channels == 3 * len(EVIDENCE + OF_BONES) * 4
    assert ends.out.out_channels == (6 + 3) * 4


def test_the_published_preset_has_nothing_of_the_kind() -> None:
    assert MMGT_512.details is None
    assert MMGT_DEMO.details is not None
