"""Stage 2: poses, speech and the portrait become frames (paper §III-C)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from mmgt_core.config import VideoSampling
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import ImageEncoder
from mmgt_core.pipelines.pictures import clip_pixels, scaled_pixels
from mmgt_core.pipelines.progress import RunControl, Stage
from mmgt_core.pipelines.windows import Window
from mmgt_core.types import ClipConditions, UInt8Array
from mmgt_core.unet.conditions import PreparedClip, PreparedWindow
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet
from mmgt_core.unet.schedule import inference_scheduler

_DECODED_TOGETHER = 4
"""Frames: fewer leave half of a processor's time to the calls, more gain nothing and take 0.4 GB each at 512 px."""


@dataclass(frozen=True)
class DenoisingStep:
    """What one step did: guided prediction and latents after it, each (1, C, F, h, w) float32."""

    step: int
    predicted: torch.Tensor
    latents: torch.Tensor


@dataclass(frozen=True)
class PoseToVideo:
    """The networks that render; all on one device, in one dtype."""

    vae: Autoencoder
    image_encoder: ImageEncoder
    reference_unet: ReferenceUNet
    denoising_unet: DenoisingUNet

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.denoising_unet.conv_in.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What the networks compute in."""
        return self.denoising_unet.conv_in.weight.dtype

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

    def initial_latents(self, num_frames: int, latent_size: int, seed: int, is_shared: bool = False) -> torch.Tensor:
        """Noise drawn on the CPU, so that a seed means the same everywhere: (1, C, F, h, w) float32.

        is_shared: every frame gets the first one's.
        """
        generator = torch.Generator().manual_seed(seed)
        channels, num_drawn = self.denoising_unet.conv_in.in_channels, 1 if is_shared else num_frames
        noise = torch.randn((1, channels, num_drawn, latent_size, latent_size), generator=generator)
        return noise.expand(-1, -1, num_frames, -1, -1).contiguous().to(self.device)

    @torch.inference_mode()
    def denoise(
        self,
        latents: torch.Tensor,
        clip: PreparedClip,
        windows: list[Window],
        window_conditions: Callable[[Window], PreparedWindow],
        sampling: VideoSampling,
        control: RunControl,
        on_step: Callable[[DenoisingStep], None] | None = None,
    ) -> torch.Tensor:
        """Denoise the whole video, window by window at every step: (1, C, F, h, w) float32.

        Args:
            latents: (1, C, F, h, w) float32 noise.
            clip: conditions of the whole video.
            windows: that cover the frames; predictions of a frame in several windows are averaged.
            window_conditions: gives the conditions of a window.
            sampling: steps, guidance and region weights.
            control: progress per step, cancellation per window.
            on_step: called after each step.

        Source: spec §11, §13. Guidance is linear, so averaging guided predictions equals guiding averages.
        """
        scheduler = inference_scheduler(sampling.num_inference_steps)
        timesteps = scheduler.timesteps.tolist()
        timesteps_there = scheduler.timesteps.to(self.device)
        frames = [torch.tensor(window, device=self.device) for window in windows]
        visits = torch.zeros(latents.shape[2], device=self.device)
        for index in frames:
            visits[index] += 1
        visits = visits.view(1, 1, -1, 1, 1)
        with control.stage(Stage.VIDEO_DIFFUSION, sampling.num_inference_steps) as report:
            for step, timestep in enumerate(timesteps):
                summed = torch.zeros_like(latents)
                for window, index in zip(windows, frames, strict=True):
                    control.check()
                    predicted = self.predict(
                        latents[:, :, index], timesteps_there[step], clip, window_conditions(window), sampling
                    )
                    summed[:, :, index] += predicted
                averaged = summed / visits
                latents = scheduler.step(averaged, timestep, latents)
                if on_step is not None:
                    on_step(DenoisingStep(step, averaged, latents))
                report(step + 1)
        return latents

    def predict(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        clip: PreparedClip,
        window: PreparedWindow,
        sampling: VideoSampling,
    ) -> torch.Tensor:
        """Predict one window's velocity, guided unless guidance is 1: (1, C, F, h, w) float32."""
        batch = latents.to(self.dtype)
        is_guided = sampling.guidance_scale > 1
        if is_guided:
            # The unconditional row sees neither portrait nor speech, but the same pose and masks (spec §11).
            batch = batch.repeat(2, 1, 1, 1, 1)  # (2, C, F, h, w)
        velocity = self.denoising_unet(batch, timestep, clip, window).float()
        if not is_guided:
            return velocity
        unconditional, conditional = velocity.chunk(2)
        return unconditional + sampling.guidance_scale * (conditional - unconditional)

    @torch.inference_mode()
    def decode(self, latents: torch.Tensor, control: RunControl) -> Iterator[UInt8Array]:
        """Decode some frames at a time, in the same time as the ones before them are copied: yields (H, W, 3) RGB.

        Args:
            latents: (1, C, F, h, w).
            control: progress per frame, cancellation.
        """
        num_done = 0
        with control.stage(Stage.DECODING, latents.shape[2]) as report:
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
        unscaled = latents.to(self.vae.decoder.conv_in.weight.dtype) / self.vae.config.scaling_factor
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
