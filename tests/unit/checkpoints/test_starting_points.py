"""Stage 2 may start from Stable Diffusion's UNet and AnimateDiff's motion modules: which layers they fill."""

import pytest
import torch
from diffusers import UNet2DConditionModel

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.published_names import published_name
from mmgt_core.checkpoints.starting_points import start_from_animate_diff, start_from_stable_diffusion
from mmgt_core.errors import WeightsError
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet
from tests.small_preset import SMALL

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def stable_diffusion() -> State:
    """The library's own UNet, so that its names are not ours."""
    torch.manual_seed(1)
    config = SMALL.unet
    network = UNet2DConditionModel(
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        cross_attention_dim=config.cross_attention_dim,
        attention_head_dim=config.num_heads,
        norm_num_groups=config.norm_num_groups,
    )
    return {key: torch.randn_like(value) for key, value in network.state_dict().items()}


@pytest.fixture
def network() -> DenoisingUNet:
    torch.manual_seed(0)
    return DenoisingUNet(SMALL.unet)


def motion_modules(network: DenoisingUNet) -> State:
    return {
        published_name(key_maps.UNET, key): torch.randn_like(value)
        for key, value in network.state_dict().items()
        if "motion_module" in key
    }


def changed_keys(before: State, network: torch.nn.Module) -> set[str]:
    return {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}


def copied(network: torch.nn.Module) -> State:
    return {key: value.clone() for key, value in network.state_dict().items()}


def test_stable_diffusion_fills_every_spatial_layer_and_no_other(network: DenoisingUNet, stable_diffusion) -> None:
    before = copied(network)

    start_from_stable_diffusion(network, stable_diffusion)

    spatial = {key for key in before if "motion" not in key and "audio" not in key}
    assert changed_keys(before, network) == spatial
    assert torch.equal(network.conv_out.weight, stable_diffusion["conv_out.weight"])


def test_the_reference_unet_is_filled_whole_and_the_output_layer_left_over(stable_diffusion) -> None:
    network = ReferenceUNet(SMALL.unet)
    before = copied(network)

    start_from_stable_diffusion(network, stable_diffusion)

    assert changed_keys(before, network) == set(before)


def test_animate_diff_fills_the_motion_modules_with_their_positions(network: DenoisingUNet) -> None:
    published, before = motion_modules(network), copied(network)

    start_from_animate_diff(network, published)

    assert changed_keys(before, network) == {key for key in before if "motion" in key}
    name = "mid_block.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.pos_encoder.pe"
    assert torch.equal(network.mid_block.motion_module.block.attn1.position, published[name])


def test_a_missing_layer_is_named(network: DenoisingUNet, stable_diffusion) -> None:
    holed = {key: value for key, value in stable_diffusion.items() if key != "conv_in.weight"}

    with pytest.raises(WeightsError, match=r"1 missing: conv_in\.weight"):
        start_from_stable_diffusion(network, holed)


def test_another_width_is_named_with_both_shapes(network: DenoisingUNet) -> None:
    published = motion_modules(network)
    key = next(iter(published))
    published[key] = published[key][:3]

    with pytest.raises(WeightsError, match=r"1 tensors of another shape: .* not "):
        start_from_animate_diff(network, published)
