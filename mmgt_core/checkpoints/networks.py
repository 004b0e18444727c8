"""Every network of a preset, built without weights; the converter, the loader and the layout all start here."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.checkpoints.converted import fill_network
from mmgt_core.config import ImageEncoderConfig, LogMelConfig, Preset, SpeechEncoderConfig, VAEConfig
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import ImageEncoder
from mmgt_core.smga.model import SMGA
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet

if TYPE_CHECKING:  # two seconds of imports that the small preset has no use for
    from transformers import Wav2Vec2Model, WavLMModel

SPEECH_NETWORKS_MODULE = "mmgt_core.checkpoints.speech_networks"


@dataclass(frozen=True)
class Networks:
    """The nine networks of the method; the field names are those of the converted files."""

    smga: SMGA
    denoising_unet: DenoisingUNet
    reference_unet: ReferenceUNet
    pose_guider: PoseGuider
    audio_projection: AudioProjection
    vae: Autoencoder
    image_encoder: ImageEncoder
    wavlm: "WavLMModel | LogMelEncoder"
    wav2vec: "Wav2Vec2Model | LogMelEncoder"

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


def build_vae(config: VAEConfig) -> Autoencoder:
    """The image autoencoder."""
    return Autoencoder(config)


def build_image_encoder(config: ImageEncoderConfig) -> ImageEncoder:
    """CLIP's image tower with its projection."""
    return ImageEncoder(config)


def build_wavlm(config: SpeechEncoderConfig | LogMelConfig) -> "WavLMModel | LogMelEncoder":
    """WavLM in the Large manner, or what stands in its place."""
    if isinstance(config, LogMelConfig):
        return LogMelEncoder(config)
    return import_module(SPEECH_NETWORKS_MODULE).wavlm(config)


def build_wav2vec(config: SpeechEncoderConfig | LogMelConfig) -> "Wav2Vec2Model | LogMelEncoder":
    """wav2vec 2.0 in the base manner, or what stands in its place."""
    if isinstance(config, LogMelConfig):
        return LogMelEncoder(config)
    return import_module(SPEECH_NETWORKS_MODULE).wav2vec(config)
