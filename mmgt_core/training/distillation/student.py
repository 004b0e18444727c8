"""Distillation: a student makes in a few steps of one row what its teacher makes in many steps of two.

The teacher is deterministic: from the same noise it ends at the same latents, so these are the target of every step of
the student. It walks its own path, and a step drawn at random is told where the path should end. Guidance is in the
target; the student runs conditional rows alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import nn
from torch.func import functional_call

from mmgt_core.checkpoints.packaged import STUDENT
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.media.image_writing import write_image
from mmgt_core.training.distillation.lessons import LessonConfig
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import require_between
from mmgt_core.training.stage_2 import losses
from mmgt_core.training.stage_2.conditions import batch_of_one, image_tokens, pose_pixels, reference_and_latents
from mmgt_core.training.stage_2.masks import unpacked_masks, weights_of_places
from mmgt_core.training.stage_2.networks import VideoNetworks
from mmgt_core.training.stage_2.samples import decoded, renderer
from mmgt_core.types import ClipConditions, WindowConditions
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.schedule import inference_scheduler
from mmgt_core.unet.student import StudentDifferences


@dataclass(frozen=True)
class DistillConfig:
    """What the student learns.

    num_steps: of the student. face_hands_weight, lips_weight: added to the loss weight, 1, of cells in those masks.
    """

    num_steps: int
    face_hands_weight: float
    lips_weight: float

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        require_between("num_steps", self.num_steps, 1, 100)
        for name in ("face_hands_weight", "lips_weight"):
            require_between(name, getattr(self, name), 0, float("inf"))


class FewSteps(nn.Module):
    """A walk from noise to latents, as the pipeline samples windows without guidance."""

    def __init__(self, denoising_unet: DenoisingUNet, num_steps: int) -> None:
        super().__init__()
        self.denoising_unet = denoising_unet
        self.num_steps = num_steps

    def forward(
        self, noise: torch.Tensor, clip: ClipConditions, window: WindowConditions, last_step: int
    ) -> torch.Tensor:
        """Where a step thinks that the walk ends: latents, (B, C, F, h, w).

        Args:
            noise: (B, C, F, h, w).
            clip: of B rows.
            window: of B rows.
            last_step: the step that is asked. Those before it give it a place to begin at, and no gradients.
        """
        network, scheduler = self.denoising_unet, inference_scheduler(self.num_steps)
        prepared = network.prepare_clip(clip), network.prepare_window(window, SamplingOptions().region_weights)
        *before, last = scheduler.timesteps[: last_step + 1].to(noise.device)
        latents = noise
        with torch.no_grad():
            for timestep in before:
                latents = scheduler.step(network(latents, timestep, *prepared), int(timestep), latents)
        return scheduler.clean(network(latents, last, *prepared), int(last), latents)


class DistillTraining:
    """The teacher's networks are frozen; what is trained is what the student adds to its denoising UNet."""

    def __init__(
        self,
        preset: Preset,
        teacher: VideoNetworks,
        shown: Sequence[Batch],
        lesson: LessonConfig,
        config: DistillConfig,
    ) -> None:
        """Args: preset: of the teacher. shown: lessons that are not trained on, of which samples are made."""
        self._preset, self._teacher, self._shown, self._lesson, self._config = preset, teacher, shown, lesson, config
        for network in self._frozen:
            network.requires_grad_(False).eval()
        self._walk = FewSteps(teacher.denoising_unet, config.num_steps)
        self._differences = StudentDifferences(teacher.denoising_unet)
        self.networks: Mapping[str, nn.Module] = {STUDENT: self._differences}

    @property
    def _frozen(self) -> tuple[nn.Module, ...]:
        of = self._teacher
        return (
            of.denoising_unet, of.reference_unet, of.pose_guider, of.image_encoder, of.audio_projection, of.vae,
        )  # fmt: skip

    def to(self, device: torch.device) -> None:
        """Move the teacher."""
        for network in self._frozen:
            network.to(device)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """The loss of B lessons; see `TaughtWindows.item`."""
        with torch.no_grad():
            clip, window = self.conditions(batch, generator)
        step = int(torch.randint(self._walk.num_steps, (), generator=generator, device=generator.device))
        end, config = self.walked(batch["noise"], clip, window, step), self._config
        places = weights_of_places(
            batch["masks"], end.shape[-1], config.face_hands_weight, config.lips_weight
        )  # (B, 1, F, h, w)
        return {"total": losses.video_loss(end, batch["taught"], torch.ones(len(end), device=end.device), places)}

    def conditions(self, batch: Batch, generator: torch.Generator) -> tuple[ClipConditions, WindowConditions]:
        """What B rows see, as the teacher's networks read it."""
        of, lesson = self._teacher, self._lesson
        references, _ = reference_and_latents(of.vae, batch, generator)
        tokens = image_tokens(of.image_encoder, batch["portrait"])  # (B, 1, D)
        features = of.reference_unet(references, torch.zeros((), device=tokens.device), tokens).features
        sizes = self._preset.mask_level_sizes
        window = WindowConditions(
            pose_features=of.pose_guider(pose_pixels(batch["pose_images"])),
            audio_tokens=of.audio_projection(batch["speech"]),
            motion_masks=unpacked_masks(batch["masks"], sizes, lesson.background, lesson.mask_motion),
        )
        return ClipConditions(tokens, features), window

    @torch.no_grad()
    def sample(self, folder: Path, step: int) -> None:
        """Write three rows a lesson: the teacher's frames, the student's, and plain ones of as few steps."""
        device, render = self._differences.values.device, renderer(self._teacher)
        rows = []
        for item in self._shown:
            batch = batch_of_one(item, device)
            clip, window = self.conditions(batch, torch.Generator(device).manual_seed(0))
            last = self._walk.num_steps - 1
            student = self.walked(batch["noise"], clip, window, last)
            plain = self._walk(batch["noise"], clip, window, last)
            for latents in (batch["taught"], student, plain):
                frames = decoded(render, rearrange(latents, "1 c f h w -> f c h w"))
                rows.append(np.concatenate(list(frames), axis=1))
        write_image(folder / f"{step:07d}.png", np.concatenate(rows))

    def walked(
        self, noise: torch.Tensor, clip: ClipConditions, window: WindowConditions, last_step: int
    ) -> torch.Tensor:
        """The student's walk; see `FewSteps.forward`."""
        own = self._differences.added_to(self._teacher.denoising_unet)
        own = {f"denoising_unet.{name}": value for name, value in own.items()}
        end: torch.Tensor = functional_call(self._walk, own, (noise, clip, window, last_step))
        return end
