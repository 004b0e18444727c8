"""The scripted pipeline with inputs that take a second, and with the times of its renders written down."""

import json
import time
from pathlib import Path
from typing import Any

from jobs.job import JobOptions
from jobs.settings import Settings
from mmgt_core.pipelines.progress import RunControl
from tests.integration.scripted_pipeline import ScriptedPipeline
from worker.pipeline import InputPaths, Prepared, Rendered

PREPARE_S = 1.0


class TimedPipeline(ScriptedPipeline):
    """As `tests.load.idle_between_jobs` measures it."""

    def __init__(self, preset: str, settings: Settings) -> None:
        super().__init__(preset, {"max_seconds": settings.limits.max_seconds})
        self._told = settings.data / "renders.jsonl"

    def prepare(self, paths: InputPaths, options: JobOptions, control: RunControl) -> Prepared:
        time.sleep(PREPARE_S)
        return super().prepare(paths, options, control)

    def render(
        self, prepared: Prepared, options: JobOptions, folder: Path, control: RunControl, *more: Any
    ) -> Rendered:
        begun_s = time.monotonic()
        rendered = super().render(prepared, options, folder, control, *more)
        with self._told.open("a") as told:
            told.write(json.dumps([begun_s, time.monotonic()]) + "\n")
        return rendered


def load(settings: Settings, preset: str, sandbox: None) -> TimedPipeline:
    return TimedPipeline(preset, settings)
