"""From the pipeline's steps to the job's progress: per cent, remaining seconds, not more often than is useful."""

import time
from collections.abc import Callable, Mapping

from jobs.errors import StoreUnavailable
from jobs.job import Job
from jobs.job import Progress as JobProgress
from jobs.logging import logger
from jobs.store import JobStore
from mmgt_core.pipelines.progress import Progress, Stage
from worker.lease import Lease

log = logger(__name__)

_BEGUN_SHARE = 0.01
STAGE_SHARES: dict[tuple[Stage, ...], float] = {
    (Stage.SPEAKING,): 0.01,
    (Stage.DRIVING_POSES, Stage.POSE_DIFFUSION): 0.08,
    (Stage.CONDITIONS,): 0.02,
    (Stage.VIDEO_DIFFUSION,): 0.76,
    (Stage.DECODING,): 0.10,
}
"""Which part of the whole each stage is; of two in one line a video has one. The rest is fetching and storing."""

POSES_ALONE: dict[tuple[Stage, ...], float] = {
    (Stage.SPEAKING,): 0.06,
    (Stage.DRIVING_POSES, Stage.POSE_DIFFUSION): 0.90,
}
"""The same of a job that ends with its poses."""

_MIN_SHARE_FOR_ETA = 0.05


class ProgressReporter:
    """Called by the pipeline at every step border; speaks to the store at most once per `period_s`."""

    def __init__(
        self, store: JobStore, job: Job, lease: Lease, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._job, self._lease, self._period_s, self._clock = store, job, lease, period_s, clock
        self._shares = POSES_ALONE if job.request.options.ends_with_poses else STAGE_SHARES
        self._started_at_s = clock()
        self._told_at_s = float("-inf")
        self._done: dict[Stage, float] = {}
        self.num_segments = 0
        self.stage: Stage | None = None

    def __call__(self, progress: Progress) -> None:
        """Note a step; tell the store if it has not heard for a while."""
        self._lease.note_step()
        self.stage = progress.stage
        self._done[progress.stage] = progress.step / max(1, progress.steps)
        now_s = self._clock()
        if now_s - self._told_at_s < self._period_s:
            return
        self._told_at_s = now_s
        told = self._job_progress(progress, now_s - self._started_at_s)
        try:
            self._lease.learn(self._store.progress(self._job.id, self._job.attempt, told))
        except StoreUnavailable as error:  # nobody is told; the render goes on
            log.warning("progress_not_told", job_id=self._job.id, error=str(error))

    def _job_progress(self, progress: Progress, elapsed_s: float) -> JobProgress:
        share = share_done(self._done, self._shares)
        segments = self.num_segments if progress.stage is Stage.POSE_DIFFUSION else 0
        per_segment = max(1, progress.steps // max(1, segments))
        return JobProgress(
            percent=int(100 * share),
            stage=progress.stage.value,
            segment=min(segments, progress.step // per_segment + 1),
            segments=segments,
            step=progress.step,
            steps=progress.steps,
            eta_seconds=round(elapsed_s * (1 - share) / share, 1) if share >= _MIN_SHARE_FOR_ETA else None,
        )


def share_done(done: Mapping[Stage, float], shares: Mapping[tuple[Stage, ...], float] = STAGE_SHARES) -> float:
    """Return the share of the whole work that is done, 0 to 1.

    Stages of a long video take turns, so each counts for itself. One that nobody hears of while a later one is under
    way is done, or has nothing to do: poses that were given need none.

    Args:
        done: of each stage that began, the share of its own steps that is done.
        shares: of the stages of such a job.
    """
    share, is_later_begun = _BEGUN_SHARE, False
    for stages, part in reversed(list(shares.items())):
        begun = [done[stage] for stage in stages if stage in done]
        share += part * (max(begun) if begun else float(is_later_begun))
        is_later_begun = is_later_begun or bool(begun)
    return share
