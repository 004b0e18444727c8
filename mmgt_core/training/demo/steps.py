"""`make demo-weights`: every training of mmgt-demo in order, from an empty folder to the package's weights.

Each step goes on where it stood and is skipped once it is done, so the same command resumes after any kill. Steps that
do not wait for each other can run side by side: name them after the folder.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from mmgt_core.checkpoints.folders import network_file
from mmgt_core.checkpoints.packaged import KEYPOINTS, PACKAGED_WEIGHTS
from mmgt_core.config import MMGT_DEMO
from mmgt_core.errors import MMGTError
from mmgt_core.metrics.ablations.runs import seed_folder
from mmgt_core.training.demo.export import export_demo_weights
from mmgt_core.training.machinery.checkpointing import claim_folder
from mmgt_core.training.machinery.configuration import TrainingConfiguration, fill, packaged_names, read_configuration
from mmgt_core.training.machinery.loop import Prepared, run_training
from mmgt_core.training.machinery.report import REPORT_FILE
from mmgt_core.training.presenters.dataset import PresenterDatasetConfig, presenters
from mmgt_core.training.presenters.latents import STANDARDISED, adopt_vae, standardise_vae
from mmgt_core.training.processes.by_name import PROCESSES
from mmgt_core.training.stage_2.starts import DENOISING_UNET, VAE_NAME, write_process_1

NUM_WORKERS = os.cpu_count() or 1
"""Processes that make data."""
NUM_CPU_TRAINERS = 2
MEMBER = "--member"
CLIPS = "clips"
ABLATION = "ablation-"
ABLATION_SEEDS = range(3)
"""Trainings of each row: how much they differ has to be known before a difference is (decision 0024)."""
PROCESS_1, PACKAGED_START = "image", "image-of-package"
"""Folders that process 2 starts from: the run of process 1, and what the package's networks have of it."""
PROCESS_2, SPEECH = "video", "speech"
"""Folders of process 2's runs: the second goes on with the first, and its networks are those that stage 2 ends with."""
DATA_FOLDERS = {
    "smga": "poses",
    "vae": "stills",
    "keypoints": "figures",
    "image": CLIPS,
    "video": CLIPS,
    "details": "drawn",
    "distill": "taught",
}
"""By process: stage 1's windows, few frames of many presenters, small for `vae` and large for `keypoints`, stage 2's
consecutive frames, others that it drew, and windows that a student's teacher drew."""

logger = logging.getLogger(__name__)


def train(configuration_name: str, out: Path, seed: int | None = None) -> None:
    """Train by a packaged configuration, in several processes, unless its report is there.

    Args:
        configuration_name: or its path.
        out: the folder of all runs.
        seed: None: the configuration's own.

    Raises:
        MMGTError: a process ended before its time.
    """
    configuration = _configuration(configuration_name, out, seed)
    if (_run_folder(configuration, out) / REPORT_FILE).is_file():
        return
    _prepared(configuration, out)  # draws what is missing, once, before several processes read it
    member = [MEMBER, configuration_name, str(out), *([] if seed is None else [str(seed)])]
    launch = ["torch.distributed.run", "--standalone", "--local-addr=127.0.0.1", f"--nproc-per-node={_num_processes()}"]
    ended = subprocess.run([sys.executable, "-m", *launch, "-m", "mmgt_core.training.demo", *member], check=False)
    if ended.returncode:
        raise MMGTError(
            f"training {configuration_name} ended with {ended.returncode}; the same command goes on with it"
        )


def train_as_member(configuration_name: str, out: Path, seed: int | None = None) -> None:
    """Be one of the processes that train together. Args: as `train`."""
    configuration = _configuration(configuration_name, out, seed)
    prepared = _prepared(configuration, out)
    folder = _run_folder(configuration, out)
    claim_folder(folder, configuration)
    run_training(prepared.process, prepared.data, configuration.loop, folder, _device())


def train_ablations(out: Path, names: Sequence[str] = ()) -> None:
    """Rows of table V that have to be trained, by default all, one seed after the other.

    Stopped between two seeds, it has left rows that can be compared.
    """
    for seed in ABLATION_SEEDS:
        for name in names or ablation_names():
            train_ablation(name, out, seed)


def train_ablation(name: str, out: Path, seed: int) -> None:
    """One row from one seed, and first what it goes on from.

    Those of stage 2 start where `image` ended, else at what the package's networks have of it.
    """
    configuration = _configuration(name, out, seed)
    start = Path(configuration.options.get("start", ""))
    if start.parent.name.startswith(ABLATION):
        train_ablation(start.parent.name, out, seed)
    elif start.name == PACKAGED_START and not _has(out, PACKAGED_START):
        write_process_1(PACKAGED_WEIGHTS, MMGT_DEMO, start)
    if "presenters" in configuration.options:
        encode(out, name)
    train(name, out, seed)


def ablation_names() -> list[str]:
    """Configurations of table V."""
    return [name for name in packaged_names() if name.startswith(ABLATION)]


def train_vae(out: Path) -> None:
    """The autoencoder, and its latents brought to unit variance."""
    train("demo-vae", out)
    if not _standardised_vae(out).is_file():
        standardise_vae(out / VAE_NAME, out / DATA_FOLDERS["vae"], MMGT_DEMO)


def train_student(out: Path) -> None:
    """The few-step student of the networks that the package now has; it joins them there."""
    train("demo-distill", out)
    export_demo_weights(out, PACKAGED_WEIGHTS)


def encode(out: Path, configuration_name: str = "demo-image") -> None:
    """Draw stage 2's presenters and encode them with the autoencoder trained here, else with the package's."""
    configuration = _configuration(configuration_name, out)
    folder = _data_folder(configuration, out)
    if (folder / f"{VAE_NAME}.safetensors").is_file():
        return
    chosen = fill(PresenterDatasetConfig, configuration.options["presenters"], f"{configuration_name} [presenters]")
    presenters(folder, MMGT_DEMO, chosen, NUM_WORKERS, _log_data)
    own = _standardised_vae(out)
    vae = own if own.is_file() else network_file(PACKAGED_WEIGHTS, VAE_NAME)
    adopt_vae(vae, folder, MMGT_DEMO, _device(), _log_data)


STEPS: dict[str, Callable[[Path], object]] = {
    "smga": partial(train, "demo-smga"),
    "vae": train_vae,
    "keypoints": partial(train, "demo-keypoints"),
    "encode": encode,
    "image": partial(train, "demo-image"),
    PROCESS_2: partial(train, "demo-video"),
    SPEECH: partial(train, "demo-speech"),
    "details": partial(train, "demo-details"),
    "export": lambda out: export_demo_weights(out, PACKAGED_WEIGHTS),
    "distill": train_student,
}
"""In order. `smga` and `keypoints` wait for nothing."""

WHEN_ASKED: dict[str, Callable[[Path], object]] = {"ablations": train_ablations}
"""No part of the weights. So is each of the ablations by its own name."""


def main(arguments: Sequence[str]) -> None:
    """Run all steps, or those that are named after the folder.

    Raises:
        MMGTError: an unknown step.
    """
    if arguments[0] == MEMBER:
        train_as_member(arguments[1], Path(arguments[2]), *map(int, arguments[3:]))
        return
    out, names = Path(arguments[0]), list(arguments[1:]) or list(STEPS)
    rows: dict[str, Callable[[Path], object]] = {
        name: partial(train_ablations, names=[name]) for name in ablation_names()
    }
    steps = {**STEPS, **WHEN_ASKED, **rows}
    unknown = [name for name in names if name not in steps]
    if unknown:
        raise MMGTError(f"there is no step {', '.join(unknown)}; there are {', '.join(steps)}")
    for name in names:
        logger.info("step_began name=%s", name)
        steps[name](out)
        logger.info("step_finished name=%s", name)


def _configuration(name: str, out: Path, seed: int | None = None) -> TrainingConfiguration:
    """By name or path, from another seed where one is given, and starting from what this folder has.

    Process 2 starts from process 1; an ablation from the one that its configuration names, from the same seed, or from
    process 1, without one from the package's. Speech goes on with process 2, else the package's networks, and the end
    of stage 2 learns from what networks with speech draw, this folder's or the package's.
    """
    configuration = read_configuration(name, is_on_gpu=torch.cuda.is_available())
    if seed is not None:
        configuration = replace(configuration, loop=replace(configuration.loop, seed=seed))
    if configuration.process == "details":
        return replace(configuration, options={**configuration.options, **_stage_2(out), **_detector(out)})
    if "start" not in configuration.options:
        return configuration
    return replace(configuration, options={**configuration.options, "start": str(_start(configuration, out))})


def _start(configuration: TrainingConfiguration, out: Path) -> Path:
    """Where process 2 starts."""
    if configuration.name == f"demo-{SPEECH}":
        return out / PROCESS_2 if _has(out, PROCESS_2) else PACKAGED_WEIGHTS
    named = Path(configuration.options["start"]).name
    if named.startswith(ABLATION):
        return seed_folder(out, named, configuration.loop.seed)
    return out / (PACKAGED_START if _is_ablation(configuration) and not _has(out, PROCESS_1) else PROCESS_1)


def _stage_2(out: Path) -> dict[str, str]:
    """The finished networks of stage 2, and the autoencoder that they learned with."""
    start, vae_folder = (out / SPEECH, out / CLIPS) if _has(out, SPEECH) else (PACKAGED_WEIGHTS, PACKAGED_WEIGHTS)
    return {"start": str(start), "vae": str(network_file(vae_folder, VAE_NAME))}


def _detector(out: Path) -> dict[str, str]:
    """The detector that was trained here, or the package's."""
    own = network_file(out / KEYPOINTS, KEYPOINTS)
    return {"detector": str(own if own.is_file() else network_file(PACKAGED_WEIGHTS, KEYPOINTS))}


def _has(out: Path, run: str) -> bool:
    """Whether a run of stage 2 is finished in the folder."""
    return network_file(out / run, DENOISING_UNET).is_file()


def _is_ablation(configuration: TrainingConfiguration) -> bool:
    return configuration.name.startswith(ABLATION)


def _prepared(configuration: TrainingConfiguration, out: Path) -> Prepared:
    data = _data_folder(configuration, out)
    return PROCESSES[configuration.process](configuration, data, NUM_WORKERS, _log_data)


def _data_folder(configuration: TrainingConfiguration, out: Path) -> Path:
    """Ablations of stage 2 learn from fewer presenters than the demo, in a folder of their own."""
    name = DATA_FOLDERS[configuration.process]
    return out / (ABLATION + CLIPS if _is_ablation(configuration) and name == CLIPS else name)


def _standardised_vae(out: Path) -> Path:
    return network_file(out / VAE_NAME / STANDARDISED, VAE_NAME)


def _run_folder(configuration: TrainingConfiguration, out: Path) -> Path:
    """`demo-NAME` trains in the folder NAME, an ablation in a folder for each seed."""
    if _is_ablation(configuration):
        return seed_folder(out, configuration.name, configuration.loop.seed)
    return out / configuration.name.removeprefix("demo-")


def _num_processes() -> int:
    """One for each GPU; on a CPU two of one thread each, which do more than one of two threads."""
    return torch.cuda.device_count() or NUM_CPU_TRAINERS


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _log_data(done: int, total: int) -> None:
    if done == total or done % 100 == 0:
        logger.info("data_made done=%d total=%d", done, total)
