"""Quality modes: the ways of sampling stage 2 that a preset has, from as published to fastest."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mmgt_core.types import RegionWeights


class Quality(StrEnum):
    """Names of modes, from best to fastest; a preset has some of them."""

    EXACT = "exact"
    BALANCED = "balanced"
    FAST = "fast"
    TURBO = "turbo"


class Sampler(StrEnum):
    """How a step's velocity becomes the next latents.

    ddim: as published; at some numbers of steps it ends at the first noise level instead of at clean latents.
    ddim_clean: each step begins where the one before ended, and the last ends at clean latents.
    unipc_bh1, unipc_bh2, dpm_2m: multistep solvers of second order; they end at the first noise level, because a last
    step down to clean latents undoes their order (diffusers' default; bh1 then gives NaN).
    """

    DDIM = "ddim"
    DDIM_CLEAN = "ddim_clean"
    UNIPC_BH1 = "unipc_bh1"
    UNIPC_BH2 = "unipc_bh2"
    DPM_2M = "dpm_2m"


class WindowSchedule(StrEnum):
    """How windows cover a video.

    looping: they overlap, and the last wraps to the beginning, as published. linear: they overlap and never wrap.
    shifted: they follow one another without overlap, from another beginning at each step, so that no seam stays.
    """

    LOOPING = "looping"
    LINEAR = "linear"
    SHIFTED = "shifted"


@dataclass(frozen=True)
class VideoSampling:
    """How stage 2 samples.

    guidance_scale: 1 is off, and half the work. guided_from, guided_to: the timesteps between which it counts, both
    included; before and after, the condition stands alone. is_distilled: by the preset's student, who learned to do in
    few steps without guidance what its teacher does.
    """

    num_inference_steps: int
    guidance_scale: float
    region_weights: RegionWeights = field(default_factory=RegionWeights)
    quality: Quality = Quality.EXACT
    sampler: Sampler = Sampler.DDIM
    window_schedule: WindowSchedule = WindowSchedule.LINEAR
    guided_from: int = 999
    guided_to: int = 0
    is_distilled: bool = False

    def guidance_at(self, timestep: int) -> float:
        """The guidance scale of a step."""
        return self.guidance_scale if self.guided_to <= timestep <= self.guided_from else 1.0


GUIDED_MODES = tuple(
    VideoSampling(steps, 3.5, quality=quality, window_schedule=WindowSchedule.SHIFTED)
    for quality, steps in ((Quality.BALANCED, 12), (Quality.FAST, 8))
)
"""Beside thirty guided steps. Chosen by measurement, as were the others: decision 0019."""

UNGUIDED_MODES = (VideoSampling(2, 1.0, quality=Quality.BALANCED, window_schedule=WindowSchedule.SHIFTED),)
"""Beside two steps without guidance: there is nothing to leave out but frames that are computed twice."""

STUDENT_MODE = VideoSampling(4, 1.0, quality=Quality.TURBO, window_schedule=WindowSchedule.SHIFTED, is_distilled=True)
"""What `mmgt train distill` teaches: four steps without guidance, which the student has in itself."""


@dataclass(frozen=True)
class Asked:
    """What a caller asks for of a mode; None leaves it to the mode."""

    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    window_schedule: WindowSchedule | None = None

    def of(self, mode: VideoSampling, region_weights: RegionWeights) -> VideoSampling:
        """The mode with the numbers that were asked for."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return replace(mode, region_weights=region_weights, **given)


def mode_called(quality: Quality, modes: Sequence[VideoSampling], owner: str) -> VideoSampling:
    """The mode of that name.

    Raises:
        ValueError: there is none; names those that there are.
    """
    for mode in modes:
        if mode.quality is quality:
            return mode
    raise ValueError(f"{owner} has no {quality}; it has {', '.join(mode.quality for mode in modes)}")
