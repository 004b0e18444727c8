"""Every network of a preset, built without weights; the converter, the loader and the layout all start here."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    Wav2Vec2Config,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.checkpoints.converted import fill_network
from mmgt_core.config import ImageEncoderConfig, LogMelConfig, Preset, SpeechEncoderConfig, VAEConfig
from mmgt_core.smga.model import SMGA
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet


@dataclass(frozen=True)
class Networks:
    """The nine networks of the method; the field names are those of the converted files."""

    smga: SMGA
    denoising_unet: DenoisingUNet
    reference_unet: ReferenceUNet
    pose_guider: PoseGuider
    audio_projection: AudioProjection
    vae: AutoencoderKL
    image_encoder: CLIPVisionModelWithProjection
    wavlm: WavLMModel | LogMelEncoder
    wav2vec: Wav2Vec2Model | LogMelEncoder

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The field names."""
        return tuple(field.name for field in fields(cls))

    def named(self) -> dict[str, nn.Module]:
        """Field name to network."""
        return {name: getattr(self, name) for name in self.names()}


def build_networks(preset: Preset) -> Networks:
    """Build the networks on the current default device, initialised at random, in evaluation mode."""
    networks = Networks(
        smga=SMGA(preset.smga),
        denoising_unet=DenoisingUNet(preset.unet),
        reference_unet=ReferenceUNet(preset.unet),
        pose_guider=PoseGuider(preset.pose_guider),
        audio_projection=AudioProjection(preset.audio_projection),
        vae=build_vae(preset.vae),
        image_encoder=build_image_encoder(preset.image_encoder),
        wavlm=build_wavlm(preset.wavlm),
        wav2vec=build_wav2vec(preset.wav2vec),
    )
    for network in networks.named().values():
        network.requires_grad_(False).eval()
    return networks


def empty_networks(preset: Preset) -> Networks:
    """The same on the meta device: keys and shapes, no memory."""
    with torch.device("meta"):
        return build_networks(preset)


def read_networks(folder: Path, preset: Preset, device: torch.device, dtypes: Mapping[str, torch.dtype]) -> Networks:
    """Load networks strictly onto a device, each in its dtype, after comparing its file with the recorded hash.

    Those that `dtypes` does not name stay empty.

    Raises:
        WeightsError: a file is absent, not what was converted, unreadable, of another preset, or its keys are not the
            network's.
    """
    networks = empty_networks(preset)
    for name, dtype in dtypes.items():
        fill_network(networks.named()[name], name, folder, preset, device, dtype)
    return networks


def build_vae(config: VAEConfig) -> AutoencoderKL:
    """The image autoencoder (sd-vae-ft-mse's shape)."""
    levels = len(config.block_out_channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        latent_channels=config.latent_channels,
        norm_num_groups=config.norm_num_groups,
        scaling_factor=config.scaling_factor,
    )


def build_image_encoder(config: ImageEncoderConfig) -> CLIPVisionModelWithProjection:
    """CLIP's image tower with its projection."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            patch_size=config.patch_size,
            projection_dim=config.projection_dim,
            hidden_act=config.hidden_act,
            image_size=224,
        )
    )


def build_wavlm(config: SpeechEncoderConfig | LogMelConfig) -> WavLMModel | LogMelEncoder:
    """WavLM in the Large manner: layer norm in the convolutions and before each layer."""
    if isinstance(config, LogMelConfig):
        return LogMelEncoder(config)
    return WavLMModel(
        WavLMConfig(
            **_speech_encoder_arguments(config),
            feat_extract_norm="layer",
            do_stable_layer_norm=True,
            num_buckets=320,
            max_bucket_distance=800,
        )
    )


def build_wav2vec(config: SpeechEncoderConfig | LogMelConfig) -> Wav2Vec2Model | LogMelEncoder:
    """wav2vec 2.0 in the base manner: group norm in the first convolution."""
    if isinstance(config, LogMelConfig):
        return LogMelEncoder(config)
    return Wav2Vec2Model(Wav2Vec2Config(**_speech_encoder_arguments(config), feat_extract_norm="group"))


def _speech_encoder_arguments(config: SpeechEncoderConfig) -> dict[str, object]:
    return {
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "conv_dim": (config.conv_channels,) * 7,
        "conv_bias": False,
        "num_conv_pos_embeddings": config.position_kernel,
        "num_conv_pos_embedding_groups": config.position_groups,
        "apply_spec_augment": False,
    }
