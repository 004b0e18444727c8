"""Laws of stage 2's networks that no recorded number shows."""

from dataclasses import replace

import pytest
import torch

from mmgt_core.config import AudioLayout
from mmgt_core.types import ClipConditions, MotionMasks, RegionWeights, WindowConditions
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet
from tests.small_preset import SMALL

CONFIG = replace(SMALL.unet, layers_per_block=2)
FRAMES, SIDE = 3, 8


def masks(value: float) -> MotionMasks:
    region = tuple(torch.full((FRAMES, (SIDE // 2**level) ** 2), value) for level in range(4))
    return MotionMasks(region, region, region)


def run(network: DenoisingUNet, region_weights: RegionWeights | None = None, **changes: object) -> torch.Tensor:
    torch.manual_seed(1)
    given: dict[str, object] = {
        "latents": torch.randn(2, 4, FRAMES, SIDE, SIDE),
        "image_tokens": torch.randn(2, 1, CONFIG.cross_attention_dim),
        "audio_tokens": torch.randn(2, FRAMES, 8, CONFIG.audio_attention_dim),
        "motion_masks": masks(1.0),
        "pose_features": torch.randn(2, CONFIG.block_out_channels[0], FRAMES, SIDE, SIDE),
        "reference_features": {},
        **changes,
    }
    clip = ClipConditions(given["image_tokens"], given["reference_features"])
    window = WindowConditions(given["pose_features"], given["audio_tokens"], given["motion_masks"])
    with torch.inference_mode():
        seen = network.prepare_clip(clip), network.prepare_window(window, region_weights or RegionWeights())
        return network(given["latents"], torch.tensor(500), *seen)


@pytest.fixture(scope="module")
def network() -> DenoisingUNet:
    torch.manual_seed(0)
    return DenoisingUNet(CONFIG).eval()


@pytest.mark.parametrize(("layout", "count"), [(AudioLayout.DOWN, 6), (AudioLayout.DOWN_MID_UP, 16)])
def test_a_layout_has_its_number_of_audio_modules_and_runs(layout: AudioLayout, count: int) -> None:
    torch.manual_seed(0)
    network = DenoisingUNet(replace(CONFIG, audio_layout=layout)).eval()

    result = run(network)

    assert sum(isinstance(module, AudioAttention) for module in network.modules()) == count
    assert result.shape == (2, 4, FRAMES, SIDE, SIDE)
    assert result.isfinite().all()


def test_the_sixteen_module_layout_has_the_counted_parameters() -> None:
    """212.8 million audio parameters at full size: the count of the method's ancestor."""
    from_published = replace(
        CONFIG, block_out_channels=(320, 640, 1280, 1280), cross_attention_dim=768, audio_attention_dim=768
    )
    with torch.device("meta"):
        network = DenoisingUNet(replace(from_published, audio_layout=AudioLayout.DOWN_MID_UP))

    count = sum(
        parameter.numel()
        for module in network.modules()
        if isinstance(module, AudioAttention)
        for parameter in module.parameters()
    )

    assert count == 212_798_080


def test_reference_features_change_only_the_rows_they_belong_to(network: DenoisingUNet) -> None:
    torch.manual_seed(0)
    reader = ReferenceUNet(CONFIG).eval()
    with torch.inference_mode():
        features = reader(torch.randn(1, 4, SIDE, SIDE), torch.tensor(0.0), torch.randn(1, 1, 64)).features

    alone, reading = run(network), run(network, reference_features=features)

    assert len(features) == 16
    assert torch.allclose(alone[0], reading[0], atol=1e-5)
    assert not torch.allclose(alone[1], reading[1], atol=1e-2)


def test_a_closed_mask_lets_no_audio_through(network: DenoisingUNet) -> None:
    torch.manual_seed(5)
    other = torch.randn(2, FRAMES, 8, CONFIG.audio_attention_dim)

    assert torch.allclose(
        run(network, motion_masks=masks(0.0)), run(network, motion_masks=masks(0.0), audio_tokens=other)
    )
    assert not torch.allclose(run(network), run(network, audio_tokens=other))


def test_a_region_weight_of_zero_silences_its_branch(network: DenoisingUNet) -> None:
    silent = RegionWeights(0.0, 0.0, 0.0)
    torch.manual_seed(5)
    other = torch.randn(2, FRAMES, 8, CONFIG.audio_attention_dim)

    assert torch.allclose(run(network, region_weights=silent), run(network, region_weights=silent, audio_tokens=other))


def test_frames_are_joined_by_the_motion_modules(network: DenoisingUNet) -> None:
    torch.manual_seed(1)
    latents = torch.randn(2, 4, FRAMES, SIDE, SIDE)
    changed = latents.clone()
    changed[:, :, -1] += 1

    difference = (run(network, latents=latents) - run(network, latents=changed)).abs()

    assert difference[:, :, 0].max() > 1e-5
