"""The training processes by name: what `mmgt train NAME` runs."""

from collections.abc import Callable
from pathlib import Path

from mmgt_core.training.configuration import TrainingConfiguration
from mmgt_core.training.loop import Prepared, Progress
from mmgt_core.training.presenter_processes import prepare_details, prepare_keypoints, prepare_vae
from mmgt_core.training.smga_data import prepare_smga
from mmgt_core.training.stage_2_processes import prepare_image, prepare_video

Prepare = Callable[[TrainingConfiguration, Path, int, Progress], Prepared]
"""From a configuration, the data's folder, a number of worker processes and where to tell progress."""

PROCESSES: dict[str, Prepare] = {
    "smga": prepare_smga,
    "vae": prepare_vae,
    "keypoints": prepare_keypoints,
    "image": prepare_image,
    "video": prepare_video,
    "details": prepare_details,
}
