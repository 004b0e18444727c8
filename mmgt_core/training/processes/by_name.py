"""The training processes by name: what `mmgt train NAME` runs. Each is imported when it is asked for."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mmgt_core.training.machinery.configuration import TrainingConfiguration

if TYPE_CHECKING:
    from mmgt_core.training.machinery.loop import Prepared, Progress

Prepare: TypeAlias = "Callable[[TrainingConfiguration, Path, int, Progress], Prepared]"
"""From a configuration, the data's folder, a number of worker processes and where to tell progress."""


def _of(module: str, function: str) -> Prepare:
    def prepare(configuration: TrainingConfiguration, data: Path, workers: int, on_data: "Progress") -> "Prepared":
        prepared: Prepared = getattr(import_module(module), function)(configuration, data, workers, on_data)
        return prepared

    return prepare


PROCESSES: dict[str, Prepare] = {
    "smga": _of("mmgt_core.training.processes.stage_1", "prepare_smga"),
    "vae": _of("mmgt_core.training.processes.presenters", "prepare_vae"),
    "keypoints": _of("mmgt_core.training.processes.presenters", "prepare_keypoints"),
    "image": _of("mmgt_core.training.processes.stage_2", "prepare_image"),
    "video": _of("mmgt_core.training.processes.stage_2", "prepare_video"),
    "distill": _of("mmgt_core.training.processes.distillation", "prepare_distill"),
    "details": _of("mmgt_core.training.processes.presenters", "prepare_details"),
}
