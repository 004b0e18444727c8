"""Stage 2, process 2 (video): motion, audio and projection modules learn windows of consecutive frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from einops import rearrange
from torch import nn

from mmgt_core.config import Preset
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import require_between
from mmgt_core.training.stage_2.clips import Reference
from mmgt_core.training.stage_2.conditions import batch_of_one, image_tokens, pose_pixels, reference_and_latents
from mmgt_core.training.stage_2.denoising import (
    DenoisingConfig,
    DenoisingLoss,
    draw_kept,
    kept_features,
    kept_tokens,
    where_kept,
)
from mmgt_core.training.stage_2.masks import unpacked_masks
from mmgt_core.training.stage_2.networks import VideoNetworks
from mmgt_core.training.stage_2.samples import sampled_clip, write_samples
from mmgt_core.types import BackgroundMask, ClipConditions, MaskMotion, RegionWeights, WindowConditions
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.motion_module import MotionModule

_MOST_LESSON_STEPS = 1_000_000


@dataclass(frozen=True)
class VideoTrainingConfig:
    """Process 2's options.

    window_frames: of one training clip. reference: the clip's first frame, or a random one. trained: `modules` are
    those of motion, audio and projection, as published; `speech` those of audio and projection alone; `all` goes on
    with process 1's networks too. background, mask_motion: which motion masks are seen. hears_audio: False keeps speech
    from the networks (table V). region_weights: of the three branches, 1 each as in the published training.
    held_mouths: share of the windows whose drawn mouth rests, none as published; the drawn pose is the easier teacher.
    mouth_lesson: steps in which the projection alone learns to tell mouths from speech before, none as published.
    """

    window_frames: int
    reference: Reference
    trained: Literal["speech", "modules", "all"]
    background: BackgroundMask
    mask_motion: MaskMotion
    hears_audio: bool
    region_weights: RegionWeights
    denoising: DenoisingConfig
    held_mouths: float = 0.0
    mouth_lesson: int = 0

    def __post_init__(self) -> None:
        """Raises: ValueError: a number that cannot be, by name."""
        require_between("held_mouths", self.held_mouths, 0, 1)
        require_between("mouth_lesson", self.mouth_lesson, 0, _MOST_LESSON_STEPS)


def deafen(projection: AudioProjection) -> None:
    """Make every audio token zero for good: without stage-2 audio, in training and after it (table V)."""
    nn.init.zeros_(projection.norm.weight)
    nn.init.zeros_(projection.norm.bias)
    projection.requires_grad_(False)


class VideoTraining:
    """Windows are rows; all frames of a row share one timestep."""

    def __init__(
        self, preset: Preset, networks: VideoNetworks, shown: Sequence[Batch], config: VideoTrainingConfig
    ) -> None:
        """Args: shown: items that are not trained on, of which samples are made."""
        self.preset, self.shown, self.config = preset, shown, config
        self._all = networks
        self._loss = DenoisingLoss(config.denoising)
        self.networks: Mapping[str, nn.Module] = {
            "denoising_unet": networks.denoising_unet,
            "reference_unet": networks.reference_unet,
            "pose_guider": networks.pose_guider,
            "image_encoder": networks.image_encoder,
            "audio_projection": networks.audio_projection,
        }
        networks.vae.requires_grad_(False).eval()
        for network in self.networks.values():
            network.requires_grad_(config.trained == "all")
        for module in networks.denoising_unet.modules():
            if isinstance(module, AudioAttention) or (isinstance(module, MotionModule) and config.trained != "speech"):
                module.requires_grad_(True)
        networks.audio_projection.requires_grad_(True)
        if not config.hears_audio:
            deafen(networks.audio_projection)

    def to(self, device: torch.device) -> None:
        """Move the autoencoder, which does not learn."""
        self._all.vae.to(device)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """The loss of B windows; see `ClipWindows.item`."""
        config = self.config
        references, frames = reference_and_latents(self._all.vae, batch, generator)
        latents = rearrange(frames, "b f c h w -> b c f h w")
        kept = draw_kept(config.denoising, len(latents), generator)
        encoder = self._all.image_encoder
        tokens = image_tokens(encoder, batch["portrait"])  # (B, 1, D)
        read = self._all.reference_unet(references, torch.zeros((), device=latents.device), tokens)
        features = kept_features(read.features, kept.image)
        tokens = kept_tokens(tokens, kept.image, encoder, config.denoising)
        pose = where_kept(self._all.pose_guider(pose_pixels(batch["pose_images"])), kept.pose)  # (B, C, F, h, w)
        audio = where_kept(self._all.audio_projection(batch["speech"]), kept.audio)  # (B, F, M, D)
        masks = unpacked_masks(
            batch["masks"], self.preset.mask_level_sizes, config.background, config.mask_motion, kept.masks
        )

        network = self._all.denoising_unet
        clip = network.prepare_clip(ClipConditions(tokens, features))
        window = network.prepare_window(WindowConditions(pose, audio, masks), config.region_weights)

        def predict(noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
            return network(noisy, timesteps, clip, window)

        cell_weights = self._loss.cell_weights(batch["true_masks"], latents.shape[-1])
        return {"total": self._loss(predict, latents, cell_weights, generator)}

    def sample(self, folder: Path, step: int) -> None:
        """Write references, poses, generated frames and truth of a few windows."""
        device = self._all.denoising_unet.conv_in.weight.device
        background, motion = self.config.background, self.config.mask_motion
        clips = [
            sampled_clip(self._all, batch_of_one(item, device), self.preset, background, motion) for item in self.shown
        ]
        write_samples(folder / f"{step:07d}.png", clips, self._all, self.preset)
