"""Quality modes: ways of sampling stage 2 that a preset has, from as published to fastest; what each of them takes."""

from enum import StrEnum


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
