"""Where loading the method begins: the process that hears for stage 1 starts first, and torch is imported beside it.

What it imports compiles for seconds; on two cores a worker is ready that much earlier.
"""

from importlib import import_module

from jobs.logging import logger
from jobs.settings import Settings
from mmgt_core.audio.hand_made import HandMade, HeardBeside, HearingLost, heard_here
from mmgt_core.keypoints import Float32Array
from worker.pipeline import Pipeline
from worker.sandbox import Sandbox

log = logger(__name__)

PIPELINE_MODULE = "worker.method_pipeline"


def load(settings: Settings, preset: str, sandbox: Sandbox | None) -> Pipeline:
    """Load a preset onto the device of this process, which keeps the process beside for as long as it lives.

    Raises:
        GpuNotOpened
        mmgt_core.errors.WeightsError
    """
    hearing = heard_by(HeardBeside().__enter__())
    pipeline: Pipeline = import_module(PIPELINE_MODULE).load(settings, preset, sandbox, hearing)
    return pipeline


def heard_by(beside: HandMade) -> HandMade:
    """The process beside; where that is lost, this one, which then pays for the import once."""

    def hear(samples: Float32Array, sample_rate_hz: int) -> Float32Array:
        try:
            return beside(samples, sample_rate_hz)
        except HearingLost as error:
            log.warning("hearing_lost", problem=str(error))
            return heard_here(samples, sample_rate_hz)

    return hear
