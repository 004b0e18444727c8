"""One guided call of the denoising UNet at full width, beside another checkout.

    python -m tests.load.unet_call OTHER [PAIRS [FRAMES [SIDE]]]

Not a test: it measures, and prints a line of JSON. Both checkouts build `mmgt-512`'s network with the same random
weights in a process of their own, with their own `.venv`, and call it by turns, on one thread; ratios are of medians.
FRAMES and SIDE (latent cells; the published window has 12 frames of 64) are small, or a call would take minutes. Each
process holds 6 GB. Target beside 8713862: 1.3 times faster.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from mmgt_core.config import MMGT_512, SamplingOptions
from mmgt_core.types import ClipConditions, MotionMasks, WindowConditions
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet

ROOT = Path(__file__).parents[2]


class Caller:
    """A process that calls the network of one checkout whenever it is asked to."""

    def __init__(self, checkout: Path, frames: int, side: int) -> None:
        command = [checkout / ".venv/bin/python", __file__, "--serve", str(frames), str(side)]
        self.process = subprocess.Popen(
            command, cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.call()  # the first call allocates

    def call(self) -> dict[str, float]:
        """Seconds of the processor and by the clock of one call, and the mean of its result."""
        self.process.stdin.write("call\n")
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def serve(frames: int, side: int) -> None:
    """Build the network, then call it once for every line that comes in."""
    torch.set_num_threads(1)
    predict = guided_call(frames, side)
    for _ in sys.stdin:
        clock_s, processor_s = time.monotonic(), time.process_time()
        velocity = predict()
        taken = {"processor_s": time.process_time() - processor_s, "clock_s": time.monotonic() - clock_s}
        sys.stdout.write(json.dumps({**taken, "mean": velocity.abs().mean().item()}) + "\n")
        sys.stdout.flush()


def guided_call(frames: int, side: int) -> Callable[[], torch.Tensor]:
    """A guided prediction of random conditions as this process's checkout makes it, conditions already prepared."""

    generator = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        unet, reference = DenoisingUNet(MMGT_512.unet), ReferenceUNet(MMGT_512.unet)
    unet.load_state_dict(random_state(unet.state_dict(), generator), assign=True)
    unet.requires_grad_(False).eval()
    meta = {"device": "meta"}
    portrait, token = torch.empty(1, 4, side, side, **meta), torch.empty(1, 1, 768, **meta)
    shapes = {name: value.shape for name, value in reference(portrait, torch.zeros((), **meta), token).features.items()}

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    clip = ClipConditions(random(1, 1, 768), {name: random(*shape) for name, shape in sorted(shapes.items())})
    levels = tuple(random(frames, (side >> level) ** 2).sigmoid() for level in range(4))
    window = WindowConditions(
        random(1, 320, frames, side, side), random(1, frames, 32, 768), MotionMasks(levels, levels, levels)
    )
    noisy, sampling = random(1, 4, frames, side, side), SamplingOptions().video_sampling(MMGT_512)
    rows, timestep, weights = noisy.repeat(2, 1, 1, 1, 1), torch.tensor(500), sampling.region_weights
    if hasattr(unet, "prepare_clip"):
        unet.to(memory_format=torch.channels_last)  # as it is loaded
        with torch.inference_mode():
            prepared = unet.prepare_clip(clip), unet.prepare_window(window, weights)
        return torch.inference_mode()(lambda: unet(rows, timestep, *prepared))
    # Checkouts before it take the conditions of both rows as they are.
    images, speech = (torch.cat([value * 0, value]) for value in (clip.image_tokens, window.audio_tokens))
    conditions = images, speech, window.motion_masks, weights, window.pose_features, clip.reference_features
    return torch.inference_mode()(lambda: unet(rows, timestep, *conditions))


def random_state(state: Mapping[str, torch.Tensor], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random tensors, never zeros, whose variances keep activations in range; long ones repeat a million numbers."""
    drawn = torch.randn(1_000_003, generator=generator)

    def value(key: str, shape: torch.Size) -> torch.Tensor:
        numbers = drawn.repeat(shape.numel() // len(drawn) + 1)[: shape.numel()].view(shape)
        if len(shape) == 1:
            return numbers.mul(0.02).add_(float("norm" in key and key.endswith("weight")))
        return numbers.mul((shape.numel() / shape[0]) ** -0.5)

    return {key: value(key, tensor.shape) for key, tensor in sorted(state.items())}


def main() -> None:
    other = Path(sys.argv[1]).resolve()
    pairs, frames, side = (int(given) for given in [*sys.argv[2:], *("5", "4", "32")[len(sys.argv) - 2 :]])
    callers = Caller(other, frames, side), Caller(ROOT, frames, side)
    runs = [tuple(caller.call() for caller in callers) for _ in range(pairs)]
    for caller in callers:
        caller.end()
    found: dict[str, object] = {
        "call": "guided, mmgt-512 widths, float32",
        "frames": frames,
        "side": side,
        "pairs": pairs,
    }
    for name in ("processor_s", "clock_s"):
        before, now = (statistics.median(pair[index][name] for pair in runs) for index in (0, 1))
        found[name] = {"other": round(before, 2), "own": round(now, 2), "times_faster": round(before / now, 3)}
    found["mean_of_result"] = [round(result["mean"], 6) for result in runs[0]]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
