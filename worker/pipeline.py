"""What the service asks of a pipeline: the one of the method, or a scripted one in tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jobs.job import JobOptions, Notice
from mmgt_core.pipelines.frame_receiver import FrameReceiver
from mmgt_core.pipelines.progress import RunControl


@dataclass(frozen=True)
class InputPaths:
    """A job's inputs as local files.

    said: what captions are made of, where they are wanted: JSON of CaptionSource's `text`, `language` and `heard`.
    """

    image: Path
    audio: Path | None = None
    driving_video: Path | None = None
    driving_keypoints: Path | None = None
    poses: Path | None = None
    backdrop_image: Path | None = None
    captions_file: Path | None = None
    said: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """Inputs that were decoded and checked.

    Attributes:
        seconds: length of the video to come.
        segments: stage-1 segments it takes; 0 where poses are given.
        warnings: told to the client.
        inputs: what the pipeline itself needs of them.
        size: width x height of the video to come; None where it is as told before.
    """

    seconds: float
    segments: int
    warnings: tuple[Notice, ...]
    inputs: Any
    size: str | None = None


@dataclass(frozen=True)
class Rendered:
    """Finished files and how they came about.

    Attributes:
        files: local path by variant: `video`, `thumbnail`, `pose`, `masks`, `keypoints`, `captions`.
        manifest: enough to make the video again; `preset`, `is_trained` and `stage_seconds` are always in it.
    """

    files: Mapping[str, Path]
    seconds: float
    warnings: tuple[Notice, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)


class Pipeline(Protocol):
    """One loaded preset on one device."""

    @property
    def model(self) -> Mapping[str, Any]:
        """What `/v1/models` tells of it: `id`, `size`, `fps`, `qualities`, defaults and limits."""
        ...

    @property
    def device(self) -> str:
        """The device in words."""
        ...

    def warm_up(self, folder: Path) -> None:
        """Render the smallest video there is; raises when that does not work."""
        ...

    def prepare(self, paths: InputPaths, options: JobOptions, control: RunControl) -> Prepared:
        """Decode and check the inputs, and find the person.

        Raises:
            mmgt_core.errors.InputError
        """
        ...

    def render(
        self,
        prepared: Prepared,
        options: JobOptions,
        folder: Path,
        control: RunControl,
        receiver: FrameReceiver | None = None,
    ) -> Rendered:
        """Render into a folder; receiver: is given the frames as they come.

        Raises:
            GpuOutOfMemory, GpuFault
        """
        ...

    def free_memory(self) -> None:
        """Give unused device memory back."""
        ...

    def memory_bytes(self) -> int:
        """Most device memory that was in use at once; 0 on a CPU."""
        ...
