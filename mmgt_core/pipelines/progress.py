"""How a long run tells where it is, and how it is told to stop."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from mmgt_core.errors import Cancelled, InputWarning


class Stage(StrEnum):
    """The stages of one generation, in order."""

    SPEAKING = "speaking"  # a service's, where text is to be spoken
    DRIVING_POSES = "driving_poses"
    POSE_DIFFUSION = "pose_diffusion"
    CONDITIONS = "conditions"
    VIDEO_DIFFUSION = "video_diffusion"
    DECODING = "decoding"


class InputStep(StrEnum):
    """What is looked at while inputs are prepared; told before, so that who hears no more knows what it was."""

    CAPTIONS_FILE = "captions_file"
    AUDIO = "audio"
    IMAGE = "image"
    BACKDROP_IMAGE = "backdrop_image"
    DRIVING_VIDEO = "driving_video"
    DRIVING_KEYPOINTS = "driving_keypoints"
    PERSON = "person"  # looked for in the image
    DRIVING_POSES = "driving_poses"  # looked for in the driving video's pictures


@dataclass(frozen=True)
class Progress:
    """`step` of `steps` of a stage is done; 0 when the stage begins."""

    stage: Stage
    step: int
    steps: int


def ignore_progress(progress: Progress) -> None:
    """Tell nobody."""


def ignore_input(step: InputStep) -> None:
    """Tell nobody."""


def never_cancelled() -> bool:
    """Run to the end."""
    return False


@dataclass(frozen=True)
class RunControl:
    """The caller's callbacks, the seconds that each stage took, and what was found on the way.

    on_progress: called after each step. is_cancelled: asked before each piece of work; True ends it with Cancelled.
    on_input: called before each look at an input. clock: of the stages' seconds. warnings: by their codes; those of the
    inputs stand with the inputs.
    """

    on_progress: Callable[[Progress], None] = ignore_progress
    is_cancelled: Callable[[], bool] = never_cancelled
    stage_seconds: dict[Stage, float] = field(default_factory=dict)
    on_input: Callable[[InputStep], None] = ignore_input
    clock: Callable[[], float] = time.monotonic
    warnings: dict[str, InputWarning] = field(default_factory=dict)

    @contextmanager
    def stage(self, stage: Stage, steps: int, num_done: int = 0) -> Iterator[Callable[[int], None]]:
        """Enter a stage, or come back to it after `num_done` of its steps; gives the function that reports steps."""
        started = self.clock()
        self.check()
        if not num_done:
            self.on_progress(Progress(stage, 0, steps))

        def report(step: int) -> None:
            self.on_progress(Progress(stage, step, steps))
            self.check()

        try:
            yield report
        finally:
            self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + self.clock() - started

    def warn(self, code: str, message: str) -> None:
        """Tell what is not as good as hoped; of one code the last word counts, as a count that goes on or a new try."""
        self.warnings[code] = InputWarning(code, message)

    def check(self) -> None:
        """Raises: Cancelled: the caller asked to stop."""
        if self.is_cancelled():
            raise Cancelled("the run was cancelled; nothing was written")
