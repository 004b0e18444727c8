"""What is measured, where, on which inputs."""

from dataclasses import dataclass
from pathlib import Path

import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import Preset
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs
from mmgt_core.pipelines.progress import RunControl


@dataclass(frozen=True)
class Setting:
    """A preset with its weights, a device and the type of the video networks, and the two input files."""

    preset: Preset
    weights: Path
    device: torch.device
    dtype: torch.dtype
    image: Path
    audio: Path

    def inputs(self) -> Inputs:
        """Prepared as the service prepares them."""
        files = InputFiles(self.image, self.audio)
        make_detector = lambda: load_detector(self.weights, self.preset)  # noqa: E731 - called once the files are good
        return prepare_inputs(files, InputWishes(), MediaLimits(), make_detector, RunControl())
