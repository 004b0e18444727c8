"""The networks of stage 2's processes, side by side."""

from dataclasses import dataclass
from typing import Protocol

from torch import nn

from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import ImageEncoder
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.motion_module import MotionModule
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet


class Stage2Networks(Protocol):
    """What renders frames."""

    @property
    def denoising_unet(self) -> DenoisingUNet: ...
    @property
    def reference_unet(self) -> ReferenceUNet: ...
    @property
    def image_encoder(self) -> ImageEncoder: ...
    @property
    def vae(self) -> Autoencoder: ...


@dataclass(frozen=True)
class ImageNetworks:
    """What process 1 trains; the denoising UNet is without audio and motion. vae: frozen, to look at samples."""

    denoising_unet: DenoisingUNet
    reference_unet: ReferenceUNet
    pose_guider: PoseGuider
    image_encoder: ImageEncoder
    vae: Autoencoder


@dataclass(frozen=True)
class VideoNetworks:
    """All of stage 2; the autoencoder is frozen."""

    denoising_unet: DenoisingUNet
    reference_unet: ReferenceUNet
    pose_guider: PoseGuider
    image_encoder: ImageEncoder
    audio_projection: AudioProjection
    vae: Autoencoder


def silence_new_modules(network: DenoisingUNet) -> None:
    """Let motion and audio modules add nothing at first, so that process 2 begins where process 1 ended."""
    for module in network.modules():
        if isinstance(module, MotionModule | AudioAttention):
            nn.init.zeros_(module.proj_out.weight)
            if module.proj_out.bias is not None:
                nn.init.zeros_(module.proj_out.bias)
