"""The smallest process there is: a line is fitted to points. Run as a program, it trains in a process of its own."""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.loop import LoopConfig, run_training

CONFIG = LoopConfig(steps=12, batch_size=4, learning_rate=0.05, optimiser="adam", ema_decay=0.5)


class Points:
    """y = 2 x + 1 at random x; each visit to an item draws its noise anew."""

    def __len__(self) -> int:
        return 10

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        x = torch.tensor([index / 10])
        return {"x": x, "y": 2 * x + 1 + 0.01 * float(generator.standard_normal())}


class LineFitting:
    """One linear layer."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.line = nn.Linear(1, 1)
        self.networks: Mapping[str, nn.Module] = {"line": self.line}
        self.sampled: list[int] = []
        self.seen: list[float] = []

    def to(self, device: torch.device) -> None:
        """Nothing else to move."""

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        self.seen += batch["y"].flatten().tolist()
        noise = torch.randn(batch["x"].shape, generator=generator, device=generator.device)
        error = (self.line(batch["x"] + 0.01 * noise) - batch["y"]).square().mean()
        return {"total": error, "error": error}

    def sample(self, folder: Path, step: int) -> None:
        self.sampled.append(step)
        (folder / f"{step}.txt").write_text(f"{self.line.weight.item()} {self.line.bias.item()}")


if __name__ == "__main__":
    process = LineFitting()
    run_training(process, Points(), CONFIG, Path(sys.argv[1]), torch.device("cpu"))
    state = {**process.line.state_dict(), "seen": torch.tensor(process.seen)}
    save_file(state, Path(sys.argv[1]) / f"rank-{torch.distributed.get_rank()}.safetensors")
