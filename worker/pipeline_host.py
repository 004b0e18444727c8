"""One pipeline per process: loaded, warmed up, held; it renders one job at a time."""

from importlib import import_module
from pathlib import Path

from jobs.job import JobOptions
from jobs.logging import logger
from jobs.private_folders import OwnedFolder
from jobs.scratch import CANARY
from jobs.settings import Settings
from mmgt_core.pipelines.frame_receiver import FrameReceiver
from mmgt_core.pipelines.progress import RunControl
from worker.errors import GpuOutOfMemory
from worker.pipeline import InputPaths, Pipeline, Prepared, Rendered
from worker.sandbox import Sandbox

log = logger(__name__)

METHOD_PIPELINE = "worker.method"
"""Loaded by name and only in the pool child: the parent must never touch the GPU, and starts in a second without it."""


class PipelineHost:
    """Holds the process's pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    @classmethod
    def load(cls, settings: Settings, preset: str, scratch: Path, sandbox: Sandbox | None) -> "PipelineHost":
        """Load the preset and render a canary.

        Raises:
            mmgt_core.errors.WeightsError: weights are absent or not the expected ones.
        """
        module = import_module(settings.worker.scripted_pipeline or METHOD_PIPELINE)
        pipeline: Pipeline = module.load(settings, preset, sandbox)
        with OwnedFolder.new(scratch, CANARY) as folder:
            pipeline.warm_up(folder)
        log.info("canary_passed", model=pipeline.model["id"], device=pipeline.device)
        return cls(pipeline)

    def prepare(self, paths: InputPaths, options: JobOptions, control: RunControl) -> Prepared:
        """Decode and check the inputs, and find the person."""
        return self.pipeline.prepare(paths, options, control)

    def render(
        self,
        prepared: Prepared,
        options: JobOptions,
        folder: Path,
        control: RunControl,
        receiver: FrameReceiver | None = None,
    ) -> Rendered:
        """Render; once more when the device's memory did not suffice.

        Raises:
            GpuOutOfMemory: twice.
            GpuFault
        """
        try:
            return self.pipeline.render(prepared, options, folder, control, receiver)
        except GpuOutOfMemory as error:
            log.warning("gpu_memory_exhausted", error=str(error))
        # Outside the handler: the error's traceback would hold the tensors that are to be freed.
        self.pipeline.free_memory()
        return self.pipeline.render(prepared, options, folder, control, receiver)
