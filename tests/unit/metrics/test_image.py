"""Laws of picture metrics."""

import numpy as np
import pytest
import torch

from mmgt_core.errors import WeightsError
from mmgt_core.metrics import image
from mmgt_core.metrics.feature_networks import FeatureNetworks, load_script
from mmgt_core.metrics.image import EQUAL_DB, PictureScores, clip_psnr, frame_psnr, frame_ssim
from mmgt_core.metrics.measurement import Region
from mmgt_core.metrics.regions import LEAST_SIDE_PX, crops, region_squares
from tests.unit.metrics.clips import pictures, speaker
from tests.unit.metrics.stand_ins import MeanColours, MeanDifference, MeanMotion, save_script

CPU = torch.device("cpu")


def values(scores: PictureScores) -> dict[str, float | None]:
    return {found.metric: found.value for found in scores.measurements()}


def all_networks(folder) -> FeatureNetworks:
    return FeatureNetworks(
        load_script(save_script(MeanColours(), folder / "inception.pt"), "--inception", CPU),
        load_script(save_script(MeanMotion(), folder / "i3d.pt"), "--i3d", CPU),
        load_script(save_script(MeanDifference(), folder / "lpips.pt"), "--lpips", CPU),
        CPU,
    )


def test_psnr_is_that_of_the_definition_frame_by_frame() -> None:
    truth = np.full((2, 16, 16, 3), 100, np.uint8)
    frames = truth + np.array([5, 20], np.uint8)[:, None, None, None]

    assert frame_psnr(frames, truth) == pytest.approx([20 * np.log10(255 / 5), 20 * np.log10(255 / 20)], abs=1e-3)


def test_a_clip_of_which_half_stands_still_and_equal_has_the_psnr_of_its_mean_squared_error():
    truth = np.full((4, 16, 16, 3), 100, np.uint8)
    frames = truth.copy()
    frames[:2] += 10

    assert clip_psnr(frames, truth) == pytest.approx(20 * np.log10(255 / 10) + 10 * np.log10(2), abs=1e-3)
    assert clip_psnr(truth, truth) == EQUAL_DB


def test_equal_pictures_have_the_best_of_every_metric(tmp_path) -> None:
    frames = pictures(48, 32, 0)
    scores = PictureScores(Region.VIDEO, all_networks(tmp_path))

    scores.add(frames, frames)

    found = values(scores)
    assert found["PSNR"] == EQUAL_DB
    assert found["SSIM"] == pytest.approx(1, abs=1e-5)  # variances of float32 convolutions are small differences
    assert [found[name] for name in ("LPIPS", "FID", "FVD")] == pytest.approx([0, 0, 0], abs=1e-6)


def test_every_metric_tells_worse_pictures_from_better_ones(tmp_path) -> None:
    networks = all_networks(tmp_path)
    truth = pictures(48, 32, 0)
    better, worse = truth // 2 + 60, truth // 8 + 110
    found = []
    for frames in (better, worse):
        scores = PictureScores(Region.VIDEO, networks)
        scores.add(frames, truth)
        found.append(values(scores))

    first, second = found
    assert all(first[name] > second[name] for name in ("PSNR", "SSIM"))
    assert all(first[name] < second[name] for name in ("LPIPS", "FID", "KID", "FVD", "KVD"))


def test_ssim_of_a_picture_and_its_negative_is_below_that_of_a_picture_and_itself() -> None:
    frames = pictures(2, 32, 1)

    assert (frame_ssim(255 - frames, frames) < 0).all()


def test_ssim_is_the_mean_over_windows_that_lie_wholly_in_the_frame() -> None:
    frames, truth = pictures(2, 20, 3), pictures(2, 20, 4)
    offsets = np.arange(-5, 6)
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2

    def windows(values: np.ndarray) -> np.ndarray:
        """Weighted mean around each pixel that has eleven around it: (F, 10, 10, 3)."""
        seen = np.lib.stride_tricks.sliding_window_view(values, (11, 11), axis=(1, 2))
        return np.einsum("fxycij,ij->fxyc", seen, weights)

    first, second = frames / 255, truth / 255
    means = windows(first), windows(second)
    spreads = windows(first**2) - means[0] ** 2, windows(second**2) - means[1] ** 2
    common = windows(first * second) - means[0] * means[1]
    alike = (2 * means[0] * means[1] + 0.01**2) * (2 * common + 0.03**2)
    expected = alike / ((means[0] ** 2 + means[1] ** 2 + 0.01**2) * (spreads[0] + spreads[1] + 0.03**2))

    np.testing.assert_allclose(frame_ssim(frames, truth), expected.mean(axis=(1, 2, 3)), atol=1e-4)


def test_ssim_compares_sixteen_frames_at_once_and_gives_each_what_it_has_alone(monkeypatch) -> None:
    frames, truth = pictures(35, 32, 0), pictures(35, 32, 1)
    alone = [frame_ssim(frames[index : index + 1], truth[index : index + 1])[0] for index in range(35)]
    compare, sizes = image.structural_similarity_index_measure, []

    def remember(first, second, **options):
        sizes.append(len(first))
        return compare(first, second, **options)

    monkeypatch.setattr(image, "structural_similarity_index_measure", remember)

    found = frame_ssim(frames, truth)

    assert sizes == [16, 16, 3]
    np.testing.assert_allclose(found, alone, atol=1e-5)  # float32 convolutions of one picture and of many


def test_blocks_give_what_one_piece_gives(tmp_path) -> None:
    networks = all_networks(tmp_path)
    frames, truth = pictures(64, 32, 0), pictures(64, 32, 1)
    whole, parts = PictureScores(Region.VIDEO, networks), PictureScores(Region.VIDEO, networks)

    whole.add(frames, truth)
    for block in (slice(0, 32), slice(32, 64)):
        parts.add(frames[block], truth[block])

    assert values(whole) == pytest.approx(values(parts), rel=1e-5, abs=1e-6)


def test_a_metric_without_its_network_is_not_measured_and_names_the_option() -> None:
    scores = PictureScores(Region.VIDEO, FeatureNetworks())

    scores.add(pictures(16, 16, 0), pictures(16, 16, 1))

    notes = {found.metric: found.note for found in scores.measurements() if found.value is None}
    assert notes == {
        "LPIPS": "not measured: give --lpips PATH",
        "FID": "not measured: give --inception PATH",
        "KID": "not measured: give --inception PATH",
        "FVD": "not measured: give --i3d PATH",
        "KVD": "not measured: give --i3d PATH",
    }


def test_too_few_clips_for_a_distance_are_counted_in_the_note(tmp_path) -> None:
    scores = PictureScores(Region.VIDEO, all_networks(tmp_path))

    scores.add(pictures(20, 16, 0), pictures(20, 16, 1))

    assert {found.note for found in scores.measurements() if found.metric in ("FVD", "KVD")} == {
        "not measured: only 1 clips of 16 frames; at least 2 are needed"
    }


def test_a_file_that_is_no_torchscript_is_refused_by_option_and_name(tmp_path) -> None:
    path = tmp_path / "wrong.pt"
    path.write_bytes(b"not a network")

    with pytest.raises(WeightsError, match=r"--inception: .*wrong\.pt is not a TorchScript file"):
        load_script(path, "--inception", CPU)
    with pytest.raises(WeightsError, match=r"--i3d: .*absent\.pt is not a file"):
        load_script(tmp_path / "absent.pt", "--i3d", CPU)


def test_region_crops_are_of_one_size_and_follow_the_keypoints() -> None:
    poses = speaker(3, 0)
    poses.keypoints[1, 24:92, 0] += 64

    squares = region_squares(poses, Region.LIPS, 128)

    assert squares is not None
    assert {(box.x1 - box.x0, box.y1 - box.y0) for box in squares} == {(27, 27)}
    assert squares[1].x0 - squares[0].x0 == 16
    assert crops(pictures(3, 128, 0), squares).shape == (3, 27, 27, 3)


def test_a_small_region_is_cut_large_enough_for_ssim_and_an_unseen_one_not_at_all() -> None:
    poses = speaker(2, 0)

    squares = region_squares(poses, Region.LIPS, 32)
    poses.keypoints[:, 72:92, 2] = 0

    assert squares is not None
    assert squares[0].x1 - squares[0].x0 == LEAST_SIDE_PX
    assert region_squares(poses, Region.LIPS, 32) is None
