"""Laws of the two networks that read pictures: the libraries' keys, and their numbers bit for bit."""

import subprocess
import sys

import pytest
import torch
from diffusers import AutoencoderKL
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from mmgt_core.config import MMGT_DEMO, ImageEncoderConfig, VAEConfig
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import ImageEncoder

PUBLISHED_LIKE = VAEConfig((8, 16, 16, 16), 2, 4)
"""As many layers as sd-vae-ft-mse, narrower."""
TOWERS = [ImageEncoderConfig(32, 64, 3, 4, 56, 24, activation) for activation in ("quick_gelu", "gelu")]


def library_autoencoder(config: VAEConfig) -> AutoencoderKL:
    levels = len(config.block_out_channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        latent_channels=config.latent_channels,
        norm_num_groups=config.norm_num_groups,
    )


@pytest.mark.parametrize("config", [PUBLISHED_LIKE, MMGT_DEMO.vae])
@torch.inference_mode()
def test_the_autoencoder_is_the_library_s_bit_for_bit(config: VAEConfig) -> None:
    library, own = library_autoencoder(config).eval(), Autoencoder(config).eval()
    own.load_state_dict(library.state_dict())
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand((2, 3, 64, 64), generator=generator) * 2 - 1
    latents = torch.randn((2, config.latent_channels, 8, 8), generator=generator)

    expected, found = library.encode(pixels).latent_dist, own.encode(pixels).latent_dist

    assert own.state_dict().keys() == library.state_dict().keys()
    assert torch.equal(found.mean, expected.mean)
    assert torch.equal(found.std, expected.std)
    assert torch.equal(found.var, expected.var)
    assert torch.equal(found.logvar, expected.logvar)
    assert torch.equal(own.decode(latents).sample, library.decode(latents).sample)


@pytest.mark.parametrize("config", TOWERS)
@torch.inference_mode()
def test_the_image_tower_is_the_library_s_bit_for_bit(config: ImageEncoderConfig) -> None:
    library = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            patch_size=config.patch_size,
            projection_dim=config.projection_dim,
            hidden_act=config.hidden_act,
        )
    ).eval()
    own = ImageEncoder(config).eval()
    own.load_state_dict(library.state_dict())
    pixels = torch.randn((2, 3, 224, 224), generator=torch.Generator().manual_seed(0))

    assert torch.equal(own(pixels).image_embeds, library(pixels).image_embeds)


def test_neither_brings_its_library_into_the_process() -> None:
    asked = "import sys, mmgt_core.encoders.autoencoder, mmgt_core.encoders.image_tower as _; print(*sys.modules)"

    modules = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()

    assert not {"diffusers", "transformers", "torch._dynamo"} & set(modules)
