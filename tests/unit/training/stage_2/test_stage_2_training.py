"""Both processes of stage 2: they learn, drop conditions, and hand over."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.loop import LoopConfig, run_training
from mmgt_core.training.presenters.dataset import PresenterDataset
from mmgt_core.training.stage_2.clips import ClipWindows, ReferenceTargets
from mmgt_core.training.stage_2.denoising import DenoisingConfig, DenoisingLoss, draw_kept, kept_tokens
from mmgt_core.training.stage_2.image import ImageTraining, ImageTrainingConfig
from mmgt_core.training.stage_2.masks import unpacked_masks
from mmgt_core.training.stage_2.networks import ImageNetworks, VideoNetworks, silence_new_modules
from mmgt_core.training.stage_2.video import VideoTraining, VideoTrainingConfig
from mmgt_core.types import BackgroundMask, ClipConditions, MaskMotion, RegionWeights, WindowConditions
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.denoising_unet import DenoisingUNet
from tests.unit.training.learning import batch_of, losses_over_steps
from tests.unit.training.presenters.tiny_presenters import TINY, encoded, networks

CPU = torch.device("cpu")
DENOISING = DenoisingConfig("linear", 0.05, 5.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0)
IMAGE = ImageTrainingConfig(targets_per_reference=2, reference="random", is_encoder_trained=True, denoising=DENOISING)
VIDEO = VideoTrainingConfig(
    window_frames=4,
    reference="first",
    trained="modules",
    background=BackgroundMask.ONE_PLUS_LIPS,
    mask_motion=MaskMotion.MOVING,
    hears_audio=True,
    region_weights=RegionWeights(),
    denoising=DENOISING,
)
LOOP = LoopConfig(steps=2, batch_size=2, learning_rate=1e-3, optimiser="adamw", checkpoint_every_steps=1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> PresenterDataset:
    return encoded(tmp_path_factory.mktemp("presenters"))


def image_training(dataset: PresenterDataset, config: ImageTrainingConfig = IMAGE) -> ImageTraining:
    built = networks()
    torch.manual_seed(0)
    return ImageTraining(
        TINY,
        ImageNetworks(
            DenoisingUNet(TINY.unet, spatial_only=True),
            built.reference_unet,
            built.pose_guider,
            built.image_encoder,
            built.vae,
        ),
        shown(reference_targets(dataset, config)),
        config,
    )


def video_training(dataset: PresenterDataset, config: VideoTrainingConfig = VIDEO) -> VideoTraining:
    built = networks()
    return VideoTraining(
        TINY,
        VideoNetworks(
            built.denoising_unet,
            built.reference_unet,
            built.pose_guider,
            built.image_encoder,
            built.audio_projection,
            built.vae,
        ),
        shown(clip_windows(dataset, config)),
        config,
    )


def reference_targets(dataset: PresenterDataset, config: ImageTrainingConfig) -> ReferenceTargets:
    return ReferenceTargets(dataset, config.targets_per_reference, config.reference)


def clip_windows(dataset: PresenterDataset, config: VideoTrainingConfig) -> ClipWindows:
    return ClipWindows(dataset, config.window_frames, config.reference)


def shown(source) -> list[Batch]:
    return [source.item(9, np.random.default_rng(0))]


@pytest.mark.parametrize("kind", ["image", "video"])
def test_steps_on_one_batch_lower_its_loss(dataset: PresenterDataset, kind: str) -> None:
    processes = {
        "image": lambda: (image_training(dataset), reference_targets(dataset, IMAGE)),
        "video": lambda: (video_training(dataset), clip_windows(dataset, VIDEO)),
    }
    process, source = processes[kind]()

    found = losses_over_steps(process, batch_of(source), steps=8)

    assert found[-1] < 0.95 * found[0]


@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_run_that_was_stopped_goes_on_and_leaves_weights_and_a_sheet(
    dataset: PresenterDataset, tmp_path: Path, kind: str
) -> None:
    def run(steps: int) -> list[int]:
        taken: list[int] = []
        if kind == "image":
            process, source = image_training(dataset), reference_targets(dataset, IMAGE)
        else:
            process, source = video_training(dataset), clip_windows(dataset, VIDEO)
        run_training(process, source, replace(LOOP, steps=steps), tmp_path, CPU, lambda step, _: taken.append(step))
        return taken

    assert (run(1), run(2)) == ([1], [2])

    assert (tmp_path / "denoising_unet.safetensors").is_file()
    assert [path.name for path in sorted((tmp_path / "samples").iterdir())] == ["0000001.png", "0000002.png"]


def test_conditions_are_dropped_as_often_as_asked_and_rows_without_an_image_come_first() -> None:
    config = replace(DENOISING, drop_image=0.1, drop_audio=0.05, drop_pose=0.2, drop_masks=0.5)

    kept = draw_kept(config, 20_000, torch.Generator().manual_seed(0))

    shares = [1 - value.float().mean().item() for value in (kept.image, kept.audio, kept.pose, kept.masks)]
    assert shares == pytest.approx([0.1, 0.05, 0.2, 0.5], abs=0.01)
    assert kept.image.long().diff().min() >= 0


def test_a_dropped_image_is_nothing_or_the_embedding_of_zeros() -> None:
    encoder, kept = networks().image_encoder, torch.tensor([False, True])
    tokens = torch.randn(2, 1, encoder.config.projection_dim)
    embedded = encoder(torch.zeros(1, 3, 224, 224)).image_embeds

    nothing = kept_tokens(tokens, kept, encoder, DENOISING)
    published = kept_tokens(tokens, kept, encoder, replace(DENOISING, dropped_image="embedded_zeros"))

    assert torch.equal(nothing, torch.stack([torch.zeros_like(tokens[0]), tokens[1]]))
    torch.testing.assert_close(published, torch.stack([embedded, tokens[1]]))


def test_the_last_block_of_the_reference_unet_is_left_alone_where_published_so(dataset: PresenterDataset) -> None:
    process = image_training(dataset, replace(IMAGE, is_last_reference_block_trained=False))
    unet = process.networks["reference_unet"]

    frozen = {name.split(".")[1] for name, value in unet.named_parameters() if not value.requires_grad}

    assert frozen == {str(len(unet.up_blocks) - 1)}


@pytest.mark.parametrize("condition", ["image", "pose", "audio", "masks"])
def test_what_is_always_dropped_has_no_influence(dataset: PresenterDataset, condition: str) -> None:
    config = replace(VIDEO, denoising=replace(DENOISING, **{f"drop_{condition}": 1.0}))
    process, batch = video_training(dataset, config), dict(batch_of(clip_windows(dataset, config)))
    names = {"image": "portrait", "pose": "pose_images", "audio": "speech", "masks": "masks"}
    changed = {**batch, names[condition]: torch.zeros_like(batch[names[condition]])}
    if condition == "image":
        changed["reference_latents"] = torch.zeros_like(batch["reference_latents"])

    before, after = (process.losses(one, torch.Generator().manual_seed(2))["total"] for one in (batch, changed))

    assert torch.equal(before, after)


def test_without_stage_2_audio_every_token_stays_zero(dataset: PresenterDataset) -> None:
    process = video_training(dataset, replace(VIDEO, hears_audio=False))

    losses_over_steps(process, batch_of(clip_windows(dataset, VIDEO)), steps=2)

    tokens = process.networks["audio_projection"](torch.randn(1, 2, 5, 1, TINY.wav2vec.hidden_size))
    assert (tokens == 0).all()


def test_process_2_trains_the_new_modules_alone_unless_told_otherwise(dataset: PresenterDataset) -> None:
    def trained(config: VideoTrainingConfig) -> set[str]:
        return {
            f"{name}.{key}"
            for name, network in video_training(dataset, config).networks.items()
            for key, value in network.named_parameters()
            if value.requires_grad
        }

    modules, everything = trained(VIDEO), trained(replace(VIDEO, trained="all"))

    assert all("motion_module" in key or "audio" in key for key in modules)
    assert trained(replace(VIDEO, trained="speech")) == {key for key in modules if "motion_module" not in key}
    assert {"audio_projection.proj1.weight", "denoising_unet.down_blocks.0.audio_modules.0.proj_in.weight"} <= modules
    assert "reference_unet.conv_in.weight" in everything - modules


def test_process_2_begins_where_process_1_ended(dataset: PresenterDataset) -> None:
    spatial = DenoisingUNet(TINY.unet, spatial_only=True)
    network = DenoisingUNet(TINY.unet)
    silence_new_modules(network)
    loaded = network.load_state_dict(spatial.state_dict(), strict=False)
    latents, timestep, image = torch.randn(1, 4, 3, 8, 8), torch.tensor(300), torch.randn(1, 1, 64)
    masks = unpacked_masks(
        torch.tensor(dataset.masks[:1, :3]), TINY.mask_level_sizes, BackgroundMask.HANDS, MaskMotion.MOVING
    )

    pose, clip = torch.randn(1, 16, 3, 8, 8), ClipConditions(image, {})

    with torch.inference_mode():
        conditions = WindowConditions(pose, torch.randn(1, 3, 8, 64), masks)
        frames, video = (
            unet(latents, timestep, unet.prepare_clip(clip), unet.prepare_window(conditions, RegionWeights()))
            for unet in (spatial, network)
        )

    assert not loaded.unexpected_keys
    assert any(isinstance(module, AudioAttention) for module in network.modules())
    torch.testing.assert_close(frames, video, atol=1e-5, rtol=1e-5)


def test_errors_count_where_the_lips_are_whatever_the_networks_see_of_them(dataset: PresenterDataset) -> None:
    process, batch = video_training(dataset), dict(batch_of(clip_windows(dataset, VIDEO)))

    def loss(**changed: torch.Tensor) -> torch.Tensor:
        return process.losses({**batch, **changed}, torch.Generator().manual_seed(2))["total"]

    elsewhere = batch["true_masks"].roll(1, dims=2)
    assert not torch.equal(loss(), loss(true_masks=elsewhere))


def test_places_that_matter_count_more_and_a_frame_as_much_as_before(dataset: PresenterDataset) -> None:
    weights = DenoisingLoss(DENOISING).cell_weights(torch.tensor(dataset.masks[:2]), 8)

    assert weights.shape == (2, 1, dataset.masks.shape[1], 8, 8)
    torch.testing.assert_close(weights.mean(dim=(3, 4)), torch.ones(2, 1, dataset.masks.shape[1]))
    assert (weights.amax(dim=(3, 4)) > 2).all()


@pytest.mark.parametrize("is_shared", [False, True])
def test_frames_of_a_window_get_the_same_noise_when_it_is_shared(is_shared: bool) -> None:
    seen = []

    def predict(noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        seen.append(noisy)
        return noisy

    loss = DenoisingLoss(replace(DENOISING, is_noise_shared=is_shared))
    loss(predict, torch.zeros(2, 4, 5, 8, 8), torch.ones(2, 1, 5, 8, 8), torch.Generator().manual_seed(0))

    assert torch.equal(seen[0][:, :, 0], seen[0][:, :, 3]) == is_shared
    assert not torch.equal(seen[0][0], seen[0][1])
