"""Stage 2, process 1 (image): reference and denoising UNet, pose guider and image encoder learn single frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from einops import rearrange
from torch import nn

from mmgt_core.config import Preset
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.stage_2.clips import Reference
from mmgt_core.training.stage_2.conditions import (
    batch_of_one,
    image_tokens,
    pose_pixels,
    reference_and_latents,
    repeated_features,
)
from mmgt_core.training.stage_2.denoising import (
    DenoisingConfig,
    DenoisingLoss,
    draw_kept,
    kept_features,
    kept_tokens,
    where_kept,
)
from mmgt_core.training.stage_2.networks import ImageNetworks
from mmgt_core.training.stage_2.samples import SampledClip, write_samples
from mmgt_core.types import ClipConditions, MotionMasks, RegionWeights, WindowConditions


@dataclass(frozen=True)
class ImageTrainingConfig:
    """Process 1's options.

    targets_per_reference: frames that share one pass of the reference UNet. reference: the clip's first frame, or a
    random one. is_encoder_trained: whether the image encoder learns along, as one without published weights must.
    is_last_reference_block_trained: False in the published training; nobody reads what that block makes.
    """

    targets_per_reference: int
    reference: Reference
    is_encoder_trained: bool
    denoising: DenoisingConfig
    is_last_reference_block_trained: bool = True


class ImageTraining:
    """Each target frame is a row of its own, with its own timestep."""

    def __init__(
        self, preset: Preset, networks: ImageNetworks, shown: Sequence[Batch], config: ImageTrainingConfig
    ) -> None:
        """Args: shown: items that are not trained on, of which samples are made."""
        self.preset, self.shown, self.config = preset, shown, config
        self._all = networks
        self._loss = DenoisingLoss(config.denoising)
        networks.denoising_unet.requires_grad_(True)
        networks.reference_unet.requires_grad_(True)
        networks.reference_unet.up_blocks[-1].requires_grad_(config.is_last_reference_block_trained)
        networks.pose_guider.requires_grad_(True)
        networks.image_encoder.requires_grad_(config.is_encoder_trained)
        networks.vae.requires_grad_(False).eval()
        self.networks: Mapping[str, nn.Module] = {
            "denoising_unet": networks.denoising_unet,
            "reference_unet": networks.reference_unet,
            "pose_guider": networks.pose_guider,
            "image_encoder": networks.image_encoder,
        }

    def to(self, device: torch.device) -> None:
        """Move the autoencoder, which does not learn."""
        self._all.vae.to(device)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """The loss of B references with K targets each; see `ReferenceTargets.item`."""
        references, targets = reference_and_latents(self._all.vae, batch, generator)
        num_targets = targets.shape[1]
        latents = rearrange(targets, "b k c h w -> (b k) c 1 h w")
        masks = rearrange(batch["masks"], "b k r n -> (b k) 1 r n")
        kept = draw_kept(self.config.denoising, len(latents), generator)
        encoder = self._all.image_encoder
        tokens = image_tokens(encoder, batch["portrait"])  # (B, 1, D)
        read = self._all.reference_unet(references, torch.zeros((), device=latents.device), tokens)
        features = kept_features(repeated_features(read.features, num_targets), kept.image)
        tokens = kept_tokens(tokens.repeat_interleave(num_targets, dim=0), kept.image, encoder, self.config.denoising)
        pose_images = rearrange(pose_pixels(batch["pose_images"]), "b c k h w -> (b k) c 1 h w")
        pose = where_kept(self._all.pose_guider(pose_images), kept.pose)  # (B K, C, 1, h, w)

        network = self._all.denoising_unet
        clip = network.prepare_clip(ClipConditions(tokens, features))
        window = network.prepare_window(self._unheard(pose), RegionWeights())

        def predict(noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
            return network(noisy, timesteps, clip, window)

        cell_weights = self._loss.cell_weights(masks, latents.shape[-1])
        return {"total": self._loss(predict, latents, cell_weights, generator)}

    def sample(self, folder: Path, step: int) -> None:
        """Write references, poses, generated frames and truth of a few clips."""
        clips = [self._clip(item) for item in self.shown]
        write_samples(folder / f"{step:07d}.png", clips, self._all, self.preset)

    def _unheard(self, pose: torch.Tensor) -> WindowConditions:
        """Poses, (B, C, F, h, w), with neither speech nor masks: a spatial network reads none."""
        no_speech = pose.new_zeros(len(pose), pose.shape[2], 1, self.preset.unet.audio_attention_dim)
        return WindowConditions(pose, no_speech, MotionMasks((), (), ()))

    def _clip(self, item: Batch) -> SampledClip:
        device = self._all.denoising_unet.conv_in.weight.device
        batch = batch_of_one(item, device)
        references, latents = reference_and_latents(self._all.vae, batch, torch.Generator(device).manual_seed(0))
        pose = self._all.pose_guider(pose_pixels(batch["pose_images"]))
        return SampledClip(
            reference_latents=references[0],
            portrait=batch["portrait"][0],
            conditions=self._unheard(pose),
            pose_images=item["pose_images"].numpy(),
            latents=latents[0],
        )
