#!/usr/bin/env bash
# Guess: diffusers' schedulers keep their scalars on the host and multiply by them, so a step sends nothing to the device.
# Seen (diffusers 0.42.1, torch 2.13.0, 2026-11-30): DDIM and DPM-Solver++ 2M send nothing; UniPC moves sigmas to the sample's device
# two to six times a step, each from pageable memory, for which a GPU's host waits. No GPU is needed to see it: the meta device counts.
# Follows: a deterministic sampler is linear in noise and velocities; run the library once on unit vectors and keep the factors.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.3.5 diffusers==0.42.1 transformers==5.23.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler
from torch.utils._python_dispatch import TorchDispatchMode


class Sent(TorchDispatchMode):
    """Counts copies from the host to the pretended device."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        is_copy = "_to_copy" in str(function) and args[0].device.type == "cpu"
        self.count += is_copy and str(kwargs.get("device")) == "meta"
        return function(*args, **kwargs)


def copies(scheduler) -> list[int]:
    """What each of ten steps sends."""
    scheduler.set_timesteps(10)
    sample, found = torch.zeros(1, 4, 3, 8, 8, device="meta"), []
    for timestep in scheduler.timesteps:
        with Sent() as sent:
            sample = scheduler.step(torch.zeros_like(sample), timestep, sample, return_dict=False)[0]
        found.append(sent.count)
    return found


common = dict(prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")
seen = {
    "DDIM": copies(DDIMScheduler(**common)),
    "DPM-Solver++ 2M": copies(DPMSolverMultistepScheduler(**common, final_sigmas_type="sigma_min")),
    "UniPC": copies(UniPCMultistepScheduler(**common, final_sigmas_type="sigma_min")),
}
for name, counts in seen.items():
    print(f"{name}: copies to the device, step by step: {counts}")
raise SystemExit(any(seen["DDIM"]) or any(seen["DPM-Solver++ 2M"]) or min(seen["UniPC"]) < 2 or max(seen["UniPC"]) < 5)
PYTHON
