"""The denoising UNet of whichever version is imported, on random weights and numbers: time, and what it predicts.

`PYTHONPATH=FOLDER python -m mmgt_core.bench.published WEIGHTS PRESET DEVICE DTYPE OUT`, where FOLDER holds an earlier
version's package with this file and `mmgt_core/warm_up` put into it: they keep to what both versions have.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from mmgt_core.checkpoints.converted import write_network
from mmgt_core.checkpoints.untrained import untrained_networks
from mmgt_core.config import PRESETS, Preset
from mmgt_core.load import load_pipeline
from mmgt_core.warm_up.caught import GUIDED, UNGUIDED, window_call

_SPREAD = 0.02
"""Of numbers that stand where a new network has zeros: products of zeros are faster than any real ones."""


def write_random_weights(weights: Path, preset: Preset, device: torch.device) -> None:
    """A converted folder of a preset with random networks, drawn on the device and nowhere zero."""
    folder = weights / preset.name
    folder.mkdir(parents=True)
    with torch.device(device):
        networks = untrained_networks(preset).named()
        generator = torch.Generator(device).manual_seed(1)
        for value in (value for network in networks.values() for value in network.parameters()):
            if not value.any():
                value.data.normal_(0, _SPREAD, generator=generator)
    written = {
        name: write_network(folder, name, network, network.state_dict())
        for name, network in networks.items()
        if network.state_dict()
    }
    index = {"preset": preset.name, "networks": written, "sources": {}}
    (folder / "weights.json").write_text(json.dumps(index))


def median_ms(call: Callable[[], object], device: torch.device, times: int) -> float:
    """Milliseconds of a call to its end on the device, after two to warm up."""
    took = []
    for _ in range(times + 2):
        began = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        took.append(1000 * (time.perf_counter() - began))
    return float(np.median(took[2:]))


def main(weights: str, preset_name: str, device_name: str, dtype_name: str, out: str) -> None:
    """Measure the version whose package this is: writes OUT.json and, of the predictions, OUT.pt."""
    preset, device, dtype = PRESETS[preset_name], torch.device(device_name), getattr(torch, dtype_name)
    if not (Path(weights) / preset.name).exists():
        write_random_weights(Path(weights), preset, device)
    began = time.perf_counter()
    pipeline = load_pipeline(preset, Path(weights), device, dtype)
    told: dict[str, float] = {"load_s": time.perf_counter() - began}
    predicted = {}
    for name, scale in (("guided", GUIDED), ("unguided", UNGUIDED)):
        call = window_call(pipeline, scale, lambda poses: poses)
        predicted[name] = call().float().cpu()
        told[f"{name}_ms"] = median_ms(call, device, times=5)
    torch.save(predicted, f"{out}.pt")
    Path(f"{out}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
