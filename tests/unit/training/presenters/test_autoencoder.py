"""The small preset's own autoencoder: it learns, its latents are brought to one measure, and datasets adopt it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmgt_core.keypoints import LIPS
from mmgt_core.training.machinery.checkpointing import export_weights
from mmgt_core.training.presenters.autoencoder import (
    PictureCrops,
    VAETraining,
    VAETrainingConfig,
    along_colour_axes,
    as_pixels,
    mouth_pixels,
)
from mmgt_core.training.presenters.dataset import PresenterDataset
from mmgt_core.training.presenters.latents import adopt_vae, adopted_vae, standardise_latents, standardise_vae
from mmgt_core.training.stage_2.starts import VAE_NAME
from tests.unit.training.learning import batch_of, losses_over_steps
from tests.unit.training.presenters.tiny_presenters import TINY, build, encoded, networks

VAE = VAETrainingConfig(
    crop=32, detail_fraction=0.5, square_weight=4.0, hue_weight=3.0, edge_weight=1.0, lips_weight=4.0, kl_weight=1e-4
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> PresenterDataset:
    return encoded(tmp_path_factory.mktemp("presenters"))


def test_steps_on_one_batch_lower_its_loss(dataset: PresenterDataset) -> None:
    process, source = VAETraining(networks().vae, dataset, VAE), PictureCrops(dataset, VAE)

    found = losses_over_steps(process, batch_of(source), steps=8)

    assert found[-1] < 0.95 * found[0]


def test_standardised_latents_have_unit_variance_and_decode_to_the_same_picture() -> None:
    vae = networks().vae
    pictures = torch.randint(0, 256, (6, 64, 64, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    pixels = F.avg_pool2d(as_pixels(pictures), 5, 1, 2)
    with torch.inference_mode():
        latents = vae.encode(pixels).latent_dist
        before = vae.decode(latents.mean).sample
        noise = (latents.std / latents.mean.std(dim=(0, 2, 3), keepdim=True)).clone()

    standardise_latents(vae, latents.mean.clone())

    with torch.inference_mode():
        standard = vae.encode(pixels).latent_dist
        after = vae.decode(standard.mean).sample
    torch.testing.assert_close(standard.mean.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(standard.mean.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(standard.std, noise, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)


def test_an_adopted_autoencoder_stands_beside_its_latents(tmp_path: Path) -> None:
    built, vae = build(tmp_path / "clips", num_clips=9), networks().vae
    (tmp_path / "run").mkdir()
    export_weights(tmp_path / "run", VAE_NAME, vae)

    adopt_vae(standardise_vae(tmp_path / "run", built.folder, TINY), built.folder, TINY, torch.device("cpu"))

    latents = torch.from_numpy(built.latents[:].astype(np.float32))
    pixels = as_pixels(torch.from_numpy(np.array(built.pictures[0])))
    with torch.inference_mode():
        decoded = adopted_vae(built.folder, TINY).decode(latents[0]).sample
        expected = vae.decode(vae.encode(pixels).latent_dist.mean).sample
    assert latents.std(dim=(0, 1, 3, 4)).tolist() == pytest.approx([1.0] * 4, abs=0.02)
    torch.testing.assert_close(decoded, expected, atol=5e-3, rtol=0)


def test_pixels_of_the_mouth_are_those_around_the_lips() -> None:
    keypoints = np.zeros((134, 3), np.float32)
    keypoints[LIPS, :2] = (200.0, 300.0)
    keypoints[LIPS.start, 0], keypoints[LIPS.start + 1, 1] = 240.0, 312.0

    rows, columns = np.nonzero(mouth_pixels(keypoints, 128))

    assert (columns.min(), columns.max()) == (48, 61)  # 192 to 248 of 512, a pixel counts by its middle
    assert (rows.min(), rows.max()) == (73, 79)  # 292 to 320


def test_errors_at_the_mouth_weigh_more(dataset: PresenterDataset) -> None:
    vae, batch = networks().vae, batch_of(PictureCrops(dataset, VAE), 2)
    at_mouth = {"pictures": batch["pictures"], "is_mouth": torch.ones_like(batch["is_mouth"])}

    def pixel_loss(lips_weight: float) -> float:
        training = VAETraining(vae, dataset, replace(VAE, lips_weight=lips_weight))
        return training.losses(at_mouth, torch.Generator().manual_seed(0))["pixel"].item()

    assert pixel_loss(4.0) == pytest.approx(5 * pixel_loss(0.0), rel=1e-5)


def test_every_picture_is_encoded_into_its_own_row(dataset: PresenterDataset, tmp_path: Path) -> None:
    vae = networks().vae
    index, frame = dataset.num_clips - 1, 2

    with torch.no_grad():
        expected = vae.encode(as_pixels(torch.from_numpy(dataset.pictures[index, frame][None]))).latent_dist.mean

    found = dataset.latents[index, frame].astype(np.float32)
    np.testing.assert_allclose(found, expected[0].numpy() * vae.config.scaling_factor, rtol=2e-3, atol=2e-3)


def test_errors_of_hue_count_more_than_those_of_lightness_by_their_weight() -> None:
    grey, green = (torch.tensor(colour).view(1, 3, 1, 1) for colour in ([1.0, 1.0, 1.0], [-1.0, 2.0, -1.0]))

    lightness, hue = along_colour_axes(grey, 2.0), along_colour_axes(green, 2.0)

    assert lightness.square().sum().item() == pytest.approx(3)
    assert hue.square().sum().item() == pytest.approx(6 * 2.0**2)
    assert lightness[:, 1:].abs().max().item() == pytest.approx(0, abs=1e-6)
