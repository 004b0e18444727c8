"""The training loop of every process: one or many processes, CPU or GPU, resumable after any kill."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from mmgt_core.errors import Cancelled, MMGTError
from mmgt_core.training.machinery.batches import Batch, TrainingData, batches, step_generator
from mmgt_core.training.machinery.checkpointing import RunState, export_weights, load_checkpoint, save_checkpoint
from mmgt_core.training.machinery.configuration import ConfigurationError, LoopConfig
from mmgt_core.training.machinery.ema import MovingAverage
from mmgt_core.training.machinery.optimisers import build_optimiser, learning_rate, set_learning_rate
from mmgt_core.training.machinery.report import REPORT_FILE, TrainingReport, device_name, peak_memory_bytes

__all__ = ["LoopConfig", "Prepared", "Progress", "TrainingProcess", "run_training"]

LOG_EVERY_STEPS = 20

logger = logging.getLogger(__name__)


class DivergedError(MMGTError):
    """A loss is no longer a finite number."""


class TrainingProcess(Protocol):
    """What is trained, and how it is judged.

    networks: by name; their parameters that require gradients are trained, averaged, kept in checkpoints; the whole
    networks are exported. Frozen helpers belong to the process, not here, and move by `to`.
    """

    networks: Mapping[str, nn.Module]

    def to(self, device: torch.device) -> None:
        """Move what is not in `networks` (frozen encoders, tables) to the device."""
        ...

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Scalars by name; "total" is minimised, the others are only shown. The generator is on the device."""
        ...

    def sample(self, folder: Path, step: int) -> None:
        """Write something to look at or listen to; the networks hold the averaged weights and are in evaluation."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A process and what it learns from."""

    process: TrainingProcess
    data: TrainingData


Progress = Callable[[int, int], None]
"""Called with the finished steps and all steps."""


def ignore_progress(step: int, steps: int) -> None:
    """Tell nobody."""


def never_interrupted() -> bool:
    """Run to the end."""
    return False


def run_training(
    process: TrainingProcess,
    source: TrainingData,
    config: LoopConfig,
    folder: Path,
    device: torch.device,
    on_progress: Progress = ignore_progress,
    is_interrupted: Callable[[], bool] = never_interrupted,
) -> TrainingReport:
    """Train from the newest checkpoint of a folder, or from the start, to the last step.

    Leaves in the folder: a checkpoint, NETWORK.safetensors (averaged weights), samples/, tensorboard/, report.json.

    Args:
        process: what is trained.
        source: items to learn from.
        config: the loop's numbers.
        folder: of this run; the same folder again goes on with it.
        device: CPU or GPU; with several GPUs, each process takes its own.
        on_progress: called after each step.
        is_interrupted: asked after each step; True writes a checkpoint and ends.

    Raises:
        ConfigurationError: the folder's run has another loop, or this device cannot train so.
        DivergedError: a loss is not finite.
        Cancelled: interrupted; the checkpoint is written.
    """
    if config.mixed_precision == "fp16" and device.type == "cpu":
        raise ConfigurationError("mixed_precision is fp16; a CPU trains with no or bf16")
    run = TrainingRun(process, config, folder, device)
    run.resume()
    if run.step >= config.steps and (folder / REPORT_FILE).is_file():
        return TrainingReport.read(folder)
    run.train(source, on_progress, is_interrupted)
    return run.finish()


class _Losses(nn.Module):
    """The process as one module whose forward gives the losses, so that gradients are averaged between processes."""

    def __init__(self, process: TrainingProcess) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(process.networks)
        self._process = process

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        return self._process.losses(batch, generator)


class TrainingRun:
    """One run's moving parts: networks, average, optimiser, counters."""

    def __init__(self, process: TrainingProcess, config: LoopConfig, folder: Path, device: torch.device) -> None:
        AcceleratorState._reset_state()  # a run before in the same process may have had another precision
        self.accelerator = Accelerator(
            cpu=device.type == "cpu",
            mixed_precision=config.mixed_precision,
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )
        self.process, self.config, self.folder = process, config, folder
        found: torch.device = self.accelerator.device
        self.device = (
            torch.device("cpu") if found.type == "cpu" else found
        )  # processes on a CPU call it cpu:0, cpu:1, …
        self.step = 0
        self.started = time.monotonic()
        self.training_seconds = 0.0
        self.peak_memory_before = 0
        self.losses: dict[str, float] = {}
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")  # TF32, which convolutions use anyway
        process.to(self.device)
        for network in process.networks.values():
            network.to(self.device).train()
        self.parameters = _trained_parameters(process.networks)
        self.buffers = _buffers(process.networks)
        self.average = MovingAverage(self.parameters, config.ema_decay)
        optimiser = build_optimiser(config, self.parameters.values())
        self.model, self.optimiser = self.accelerator.prepare(_Losses(process), optimiser)

    def resume(self) -> None:
        """Take up the newest checkpoint, if there is one."""
        state = load_checkpoint(self.folder, self.config)
        if state is None:
            return
        with torch.no_grad():
            for name, value in {**self.parameters, **self.buffers}.items():
                value.copy_(state.weights[name])
        self.average.restore(state.averages)
        self.optimiser.load_state_dict(state.optimiser)
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state.scaler)
        self.step = state.step
        self.started -= state.seconds
        self.training_seconds = state.training_seconds
        self.peak_memory_before = state.peak_memory_bytes
        logger.info("training_resumed step=%d", state.step)

    def train(self, source: TrainingData, on_progress: Progress, is_interrupted: Callable[[], bool]) -> None:
        """Every remaining step."""
        config, main = self.config, self.accelerator.is_main_process
        writer = SummaryWriter(self.folder / "tensorboard", purge_step=self.step) if main else None
        shown = _MeanLosses(writer)
        saved_at = time.monotonic()
        loader = batches(source, config, self.step, self.accelerator.process_index, self.accelerator.num_processes)
        for batch in loader:
            began = time.monotonic()
            shown.add(self.train_step(batch))
            self.training_seconds += time.monotonic() - began
            if self.step % LOG_EVERY_STEPS == 0 or self.step == config.steps:
                self.losses = shown.show(self.step, learning_rate(config, self.step - 1))
            if not main:
                continue
            on_progress(self.step, config.steps)
            if is_interrupted():
                shown.require_finite(self.step)
                self._save()
                raise Cancelled(f"interrupted after step {self.step}; the same command goes on from there")
            is_last = self.step == config.steps
            if is_last or _is_due(self.step, config.checkpoint_every_steps) or _seconds_passed(saved_at, config):
                shown.require_finite(self.step)
                self._save()
                saved_at = time.monotonic()
            if not is_last and _is_due(self.step, config.sample_every):
                self._sample()
        if writer is not None:
            writer.close()

    def train_step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One optimiser step; the losses, detached."""
        set_learning_rate(self.optimiser, learning_rate(self.config, self.step))
        generator = step_generator(self.config.seed, self.step, self.accelerator.process_index, self.device)
        on_device = {name: value.to(self.device, non_blocking=True) for name, value in batch.items()}
        losses = self.model(on_device, generator)
        self.accelerator.backward(losses["total"])
        self.accelerator.clip_grad_norm_(self.parameters.values(), self.config.max_gradient_norm)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        self.average.update(self.step)
        return {name: value.detach() for name, value in losses.items()}

    def _save(self) -> None:
        scaler = self.accelerator.scaler
        state = RunState(
            step=self.step,
            seconds=time.monotonic() - self.started,
            training_seconds=self.training_seconds,
            peak_memory_bytes=self._peak_memory_bytes(),
            weights={**self.parameters, **self.buffers},
            averages=self.average.averages,
            optimiser=self.optimiser.state_dict(),
            scaler=scaler.state_dict() if scaler is not None else {},
        )
        save_checkpoint(self.folder, state, self.config)

    @torch.no_grad()
    def _sample(self) -> None:
        samples = self.folder / "samples"
        samples.mkdir(exist_ok=True)
        for network in self.process.networks.values():
            network.eval()
        with self.average.applied():
            self.process.sample(samples, self.step)
        for network in self.process.networks.values():
            network.train()

    def finish(self) -> TrainingReport:
        """Sample, export, report."""
        report = TrainingReport(
            steps=self.step,
            parameters=sum(value.numel() for value in self.parameters.values()),
            hours=(time.monotonic() - self.started) / 3600,
            peak_memory_bytes=self._peak_memory_bytes(),
            seconds_per_step=self.training_seconds / self.step,
            device=device_name(self.device),
            num_processes=self.accelerator.num_processes,
            mixed_precision=self.config.mixed_precision,
            losses=self.losses,
        )
        if self.accelerator.is_main_process:
            self._sample()
            with self.average.applied():
                for name, network in self.process.networks.items():
                    export_weights(self.folder, name, network)
            report.write(self.folder)
        self.accelerator.wait_for_everyone()
        return report

    def _peak_memory_bytes(self) -> int:
        return max(self.peak_memory_before, peak_memory_bytes(self.device))


class _MeanLosses:
    """Means of the losses since they were last shown; summed on the device, so that steps need not wait."""

    def __init__(self, writer: SummaryWriter | None) -> None:
        self._writer = writer
        self._sums: defaultdict[str, torch.Tensor] = defaultdict(lambda: torch.zeros(()))
        self._count = 0

    def add(self, losses: Mapping[str, torch.Tensor]) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums[name].to(value.device) + value
        self._count += 1

    def require_finite(self, step: int) -> None:
        """Before weights replace the last ones that were good.

        Raises:
            DivergedError: a loss since they were last shown is not finite.
        """
        broken = [name for name, value in self._sums.items() if not math.isfinite(value.item())]
        if broken:
            raise DivergedError(f"the losses {', '.join(broken)} are not finite at step {step}")

    def show(self, step: int, rate: float) -> dict[str, float]:
        """Write the means, and give them.

        Raises:
            DivergedError: a mean is not finite.
        """
        self.require_finite(step)
        means = {name: value.item() / self._count for name, value in self._sums.items()}
        self._sums.clear()
        self._count = 0
        if self._writer is not None:
            for name, value in means.items():
                self._writer.add_scalar(f"loss/{name}", value, step)
            self._writer.add_scalar("learning_rate", rate, step)
            logger.info("training_step step=%d loss=%.5g learning_rate=%.3g", step, means["total"], rate)
        return means


def _trained_parameters(networks: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    """Of all networks, each with its network's name before its own."""
    return {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.named_parameters()
        if value.requires_grad
    }


def _buffers(networks: Mapping[str, nn.Module]) -> dict[str, torch.Tensor]:
    return {f"{name}.{key}": value for name, network in networks.items() for key, value in network.named_buffers()}


def _is_due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def _seconds_passed(since: float, config: LoopConfig) -> bool:
    return time.monotonic() - since > config.checkpoint_every_s
