"""Ways of sampling stage 2 that quality modes are chosen among: samplers, steps, guidance intervals, windows."""

from dataclasses import replace

from mmgt_core.config import Preset
from mmgt_core.quality import Sampler, VideoSampling, WindowSchedule


def mode_candidates(preset: Preset) -> list[VideoSampling]:
    """Those worth measuring beside a preset's own modes: its windows alone changed, then fewer and other steps."""
    exact = preset.modes[0]
    shifted = replace(exact, window_schedule=WindowSchedule.SHIFTED)
    if exact.guidance_scale == 1:
        few = [replace(exact, num_inference_steps=steps) for steps in (1, 3, 4)]
        return [shifted, *few, replace(shifted, num_inference_steps=3), replace(shifted, sampler=Sampler.UNIPC_BH2)]
    fewer = [
        replace(shifted, sampler=sampler, num_inference_steps=steps)
        for sampler in (Sampler.DDIM, Sampler.UNIPC_BH2, Sampler.DPM_2M)
        for steps in (6, 8, 10, 12, 15, 20)
    ]
    ten = replace(shifted, sampler=Sampler.UNIPC_BH2, num_inference_steps=10)
    intervals = [
        replace(ten, guided_from=first, guided_to=last)
        for first, last in ((999, 500), (999, 250), (750, 0), (500, 0), (750, 250))
    ]
    unguided = [replace(ten, guidance_scale=1.0), replace(shifted, num_inference_steps=4, guidance_scale=1.0)]
    return [shifted, *fewer, *intervals, *unguided, replace(ten, window_schedule=exact.window_schedule)]


def label_of(sampling: VideoSampling) -> str:
    """A candidate in a few words."""
    words = [sampling.sampler.value, f"{sampling.num_inference_steps} steps", sampling.window_schedule.value]
    if sampling.guidance_scale == 1:
        words.append("unguided")
    elif (sampling.guided_from, sampling.guided_to) != (VideoSampling.guided_from, VideoSampling.guided_to):
        words.append(f"guided {sampling.guided_from} to {sampling.guided_to}")
    return ", ".join(words + ["student"] * sampling.is_distilled)
