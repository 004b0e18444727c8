"""Stage 2: poses, speech and the portrait become frames (paper §III-C)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import ImageEncoder
from mmgt_core.errors import WeightsError
from mmgt_core.execution.execution import PLAIN, Execution
from mmgt_core.pipelines.denoising import (
    BegunFrames,
    DenoisedStretch,
    DenoisingPlan,
    DenoisingStep,
    FrameNoise,
    denoise,
)
from mmgt_core.pipelines.pictures import clip_pixels, scaled_pixels
from mmgt_core.pipelines.progress import RunControl, Stage
from mmgt_core.pipelines.windows import Window
from mmgt_core.processor import calls_at_once, give_back_memory
from mmgt_core.quality import VideoSampling
from mmgt_core.types import ClipConditions, UInt8Array
from mmgt_core.unet.conditions import PreparedClip, PreparedWindow
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet

_DECODED_TOGETHER = 4
"""Frames: fewer leave half of a processor's time to the calls, more gain nothing and take 0.4 GB each at 512 px."""


@dataclass(frozen=True)
class PoseToVideo:
    """The networks that render; all on one device, in one dtype.

    student_unet: of the mode that is distilled. execution: how the denoising UNet is called.
    """

    vae: Autoencoder
    image_encoder: ImageEncoder
    reference_unet: ReferenceUNet
    denoising_unet: DenoisingUNet
    student_unet: DenoisingUNet | None = None
    execution: Execution = PLAIN

    @property
    def denoising_unets(self) -> tuple[DenoisingUNet, ...]:
        """The one that denoises, and its student where there is one."""
        return (self.denoising_unet,) if self.student_unet is None else (self.denoising_unet, self.student_unet)

    def rendering_as(self, sampling: VideoSampling) -> "PoseToVideo":
        """These networks with the student in its teacher's place, where a mode is the student's.

        Raises:
            WeightsError: it is, and there is no student.
        """
        if not sampling.is_distilled:
            return self
        if self.student_unet is None:
            raise WeightsError(f"the weights have no student for {sampling.quality}")
        return replace(self, denoising_unet=self.student_unet)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.denoising_unet.conv_in.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What the networks compute in."""
        return self.denoising_unet.conv_in.weight.dtype

    @property
    def decoding_dtype(self) -> torch.dtype:
        """What the decoder computes in."""
        return self.vae.post_quant_conv.weight.dtype

    @torch.inference_mode()
    def clip_conditions(self, reference_image: UInt8Array, resolution: int) -> ClipConditions:
        """Read the portrait once.

        Args:
            reference_image: (H, W, 3) RGB.
            resolution: of the video.

        Source: spec §8, §11.
        """
        pixels = clip_pixels(reference_image).to(self.device, self.dtype)
        image_tokens = self.image_encoder(pixels).image_embeds.unsqueeze(1)  # (1, 1, D)
        latents = self.encode(reference_image, resolution)  # (1, C, h, w)
        timestep = torch.zeros((), device=self.device)
        features = self.reference_unet(latents, timestep, image_tokens).features
        return ClipConditions(image_tokens, features)

    @torch.inference_mode()
    def prepared_clip(self, reference_image: UInt8Array, resolution: int) -> PreparedClip:
        """Read the portrait once, as the denoising UNet takes it. Args: as `clip_conditions`."""
        return self.denoising_unet.prepare_clip(self.clip_conditions(reference_image, resolution))

    @torch.inference_mode()
    def encode(self, image: UInt8Array, resolution: int) -> torch.Tensor:
        """Scaled latents of an image, the posterior's mean: (1, C, h, w)."""
        pixels = scaled_pixels(image, resolution) * 2 - 1  # (1, 3, H, W) in [-1, 1]
        posterior = self.vae.encode(pixels.to(self.device, self.dtype)).latent_dist
        return posterior.mean * self.vae.config.scaling_factor

    def noise(self, latent_size: int, seed: int, is_shared: bool = False) -> FrameNoise:
        """What a video's frames begin with; is_shared: every frame gets the first one's."""
        return FrameNoise((self.denoising_unet.conv_in.in_channels, latent_size, latent_size), seed, is_shared)

    @torch.inference_mode()
    def denoise(
        self,
        noise: torch.Tensor,
        clip: PreparedClip,
        plan: DenoisingPlan,
        window_conditions: Callable[[Window], PreparedWindow],
        *,
        begun: BegunFrames | None = None,
        num_carried: int = 0,
        check: Callable[[], None] = lambda: None,
        on_step: Callable[[DenoisingStep], None] = lambda done: None,
    ) -> DenoisedStretch:
        """Denoise one stretch on the networks' device.

        Args:
            noise: (1, C, F, h, w) float32.
            clip: conditions of the whole video.
            plan: what happens at each step.
            window_conditions: gives the conditions of a window.
            begun, num_carried, check, on_step: as `denoising.denoise`.
        """

        def predict(
            latents: torch.Tensor, timestep: torch.Tensor, window: Window, guidance_scale: float
        ) -> torch.Tensor:
            return self.predict(latents, timestep, clip, window_conditions(window), guidance_scale)

        give_back_memory()  # what making the conditions left
        return denoise(
            noise.to(self.device),
            plan,
            predict,
            begun=begun,
            num_carried=num_carried,
            num_at_once=calls_at_once(self.denoising_unet),
            check=check,
            on_step=on_step,
        )

    @torch.inference_mode()
    def predict(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        clip: PreparedClip,
        window: PreparedWindow,
        guidance_scale: float,
    ) -> torch.Tensor:
        """Predict one window's velocity, guided unless guidance is 1: (1, C, F, h, w) float32."""
        batch = latents.to(self.dtype).contiguous()  # a compiled network knows one layout
        is_guided = guidance_scale > 1
        if is_guided:
            # The unconditional row sees neither portrait nor speech, but the same pose and masks (spec §11).
            batch = batch.repeat(2, 1, 1, 1, 1)  # (2, C, F, h, w)
        with self.execution.calling():
            velocity = self.denoising_unet(batch, timestep, clip, window).float()
        if not is_guided:
            return velocity
        unconditional, conditional = velocity.chunk(2)
        return unconditional + guidance_scale * (conditional - unconditional)

    @torch.inference_mode()
    def decode(self, stretches: Iterable[torch.Tensor], num_frames: int, control: RunControl) -> Iterator[UInt8Array]:
        """Decode some frames at a time, in the same time as the ones before them are copied: yields (H, W, 3) RGB.

        Args:
            stretches: latents, (1, C, F, h, w) each; the next ones are asked for when all frames of the last have left.
            num_frames: of all of them.
            control: progress per frame, cancellation.
        """
        num_done = 0
        for latents in stretches:
            give_back_memory()  # what denoising left
            with control.stage(Stage.DECODING, num_frames, num_done) as report:
                parts = latents[0].transpose(0, 1).split(_DECODED_TOGETHER)  # (B, C, h, w) each
                for copied in _each_behind_the_next(self._decoded(part) for part in parts):
                    for frame in copied.numpy():
                        yield frame
                        num_done += 1
                        report(num_done)

    def _decoded(self, latents: torch.Tensor) -> "_Copied":
        """Frames of latents, (B, C, h, w); on a GPU they are still to be made when this returns."""
        pixels = self.decode_frame(latents)  # (B, 3, H, W)
        return _Copied.begin((pixels.permute(0, 2, 3, 1) * 255).round().to(torch.uint8))

    @torch.inference_mode()
    def decode_frame(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode scaled latents of images, (B, C, h, w), to (B, 3, H, W) float32 in [0, 1]."""
        unscaled = latents.to(self.decoding_dtype) / self.vae.config.scaling_factor
        return (self.vae.decode(unscaled).sample.float() / 2 + 0.5).clamp(0, 1)


@dataclass(frozen=True)
class _Copied:
    """Frames, (B, H, W, 3) uint8, on their way to the CPU; made: when they are there, None where they are already."""

    frames: torch.Tensor
    made: torch.cuda.Event | None

    @classmethod
    def begin(cls, frames: torch.Tensor) -> "_Copied":
        if frames.device.type != "cuda":
            return cls(frames.cpu(), None)
        there = torch.empty(frames.shape, dtype=frames.dtype, pin_memory=True).copy_(frames, non_blocking=True)
        made = torch.cuda.Event()
        made.record()
        return cls(there, made)

    def numpy(self) -> UInt8Array:
        """Wait for them."""
        if self.made is not None:
            self.made.synchronize()
        return np.asarray(self.frames.numpy())


def _each_behind_the_next(parts: Iterable[_Copied]) -> Iterator[_Copied]:
    """Each part when the one behind it has begun."""
    before: _Copied | None = None
    for part in parts:
        if before is not None:
            yield before
        before = part
    if before is not None:
        yield before
