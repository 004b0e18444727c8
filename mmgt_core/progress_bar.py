"""Progress in a terminal: one bar a stage, on standard error, with step and remaining time."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from mmgt_core.pipelines.progress import Progress, Stage

_NAMES = {
    Stage.SPEAKING: "speaking",
    Stage.DRIVING_POSES: "driving poses",
    Stage.POSE_DIFFUSION: "stage 1, poses",
    Stage.CONDITIONS: "conditions",
    Stage.VIDEO_DIFFUSION: "stage 2, video",
    Stage.DECODING: "decoding, writing",
}


class ProgressBar:
    """Shows what `show` is told, from the first time on; results on standard output stay clean."""

    def __init__(self) -> None:
        self._bars = Bars(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, progress: Progress) -> None:
        """Take one step of a stage."""
        self.advance(_NAMES[progress.stage], progress.step, progress.steps)

    def advance(self, name: str, done: int, total: int | None) -> None:
        """Set the bar of that name; the first call makes it."""
        if not self._tasks:
            self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[name], completed=done, total=total)
