"""SMGA's guided step of the published size beside another checkout's: `python -m tests.load.smga_step OTHER [PAIRS]`.

Not a test: it measures, and prints a line of JSON. Each checkout's own Python holds its network, random and the same;
in each pair first the other's then this one's makes four steps, on one thread. Seconds are the processor's. Target
beside 8713862: 1.4 times faster.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEPS, TIMESTEP, GUIDANCE = 4, 500, 2.0


def held() -> None:
    """One checkout's side: makes some steps for each line that it reads, and says what they took and what came out."""
    import torch

    from mmgt_core.config import MMGT_512
    from mmgt_core.smga.model import SMGA

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = SMGA(MMGT_512.smga).requires_grad_(False).eval()
    numbers = torch.Generator().manual_seed(1)
    noisy, first = (torch.randn(shape, generator=numbers) for shape in ((1, 80, 402), (1, 402)))
    features = torch.randn(1, 80, MMGT_512.smga.condition_features, generator=numbers)
    with torch.inference_mode():
        speech = network.encode_condition(features, torch.tensor([True, False]))
        if hasattr(network, "prepare"):
            segment = network.prepare(first.expand(2, -1), speech)
            times = network.at_times(torch.full((2,), TIMESTEP), segment)

        def step() -> torch.Tensor:
            if hasattr(network, "prepare"):
                predicted = network.denoise(noisy, segment, times)
            else:
                timesteps = torch.full((2,), TIMESTEP)
                predicted = network(noisy.expand(2, -1, -1), first.expand(2, -1), speech, timesteps)
            heard, unheard = predicted.chunk(2)
            return unheard + GUIDANCE * (heard - unheard)

        for _ in sys.stdin:
            started_s = time.process_time()
            for _ in range(STEPS):
                result = step()
            took_s = (time.process_time() - started_s) / STEPS
            sys.stdout.write(json.dumps([took_s, result.double().abs().mean().item()]) + "\n")
            sys.stdout.flush()


def main(other: Path, num_pairs: int) -> None:
    """Measure both sides in turns."""
    sides = [
        subprocess.Popen(
            [checkout / ".venv/bin/python", "-W", "ignore", __file__, "held"],
            cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for checkout in (other, ROOT)
    ]  # fmt: skip
    took_s: list[list[float]] = [[], []]
    for pair in range(num_pairs + 1):
        outputs = []
        for side, seconds in zip(sides, took_s, strict=True):
            side.stdin.write("go\n")
            side.stdin.flush()
            one, output = json.loads(side.stdout.readline())
            outputs.append(output)
            if pair:  # the first one warms up
                seconds.append(one)
        assert abs(outputs[0] - outputs[1]) < 1e-5, outputs
    theirs, ours = (statistics.median(seconds) for seconds in took_s)
    ratios = sorted(a / b for a, b in zip(*took_s, strict=True))
    told = {"theirs_ms": theirs * 1000, "ours_ms": ours * 1000, "ratio": theirs / ours, "ratios": ratios}
    sys.stdout.write(json.dumps(told) + "\n")
    for side in sides:
        side.stdin.close()
        side.wait()


if __name__ == "__main__":
    if sys.argv[1] == "held":
        held()
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
