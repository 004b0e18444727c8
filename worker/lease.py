"""The claim on a job while it is rendered: a thread renews it, learns of cancels, and ends a process that hangs."""

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Never, Self

from jobs.errors import StoreUnavailable
from jobs.job import ErrorCode, Failure, Job
from jobs.logging import logger
from jobs.settings import LeaseSettings
from jobs.store import JobStore
from jobs.verbs.lifecycle import Renewal
from worker.errors import AttemptLost, CancelRequested, WorkerDraining
from worker.noticeboard import NoticeBoard

log = logger(__name__)

EXIT_STALLED = 70
_JOIN_S = 10.0


class Lease:
    """One attempt's claim, renewed for as long as the block runs and steps are reported."""

    def __init__(
        self,
        store: JobStore,
        job: Job,
        settings: LeaseSettings,
        board: NoticeBoard,
        clock: Callable[[], float] = time.monotonic,
        end_process: Callable[[int], Never] = os._exit,
    ) -> None:
        self._store, self._job, self._settings, self._board = store, job, settings, board
        self._clock, self._end_process = clock, end_process
        self._ended = threading.Event()
        self._is_lost = self._is_cancel_requested = False
        self._started_at_s = self._stepped_at_s = clock()
        self._limit_s = _hard_limit_s(job, settings)
        self._thread = threading.Thread(target=self._keep_on, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._board.hold(self._job.id)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_JOIN_S)
        self._board.let_go(self._job.id)

    def note_step(self) -> None:
        """The work goes on; without this for `stall_timeout_s` the process is ended."""
        self._stepped_at_s = self._clock()

    def learn(self, renewal: Renewal) -> None:
        """Take over what the store answered to any word about this attempt."""
        self._is_lost = self._is_lost or not renewal.is_current
        self._is_cancel_requested = self._is_cancel_requested or renewal.is_cancel_requested

    def check(self) -> bool:
        """Return False ("go on"), the form that a pipeline's control asks for.

        Raises:
            AttemptLost, CancelRequested, WorkerDraining: why to stop.
        """
        attempt = f"{self._job.id} attempt {self._job.attempt}"
        if self._is_lost:
            raise AttemptLost(f"{attempt} is no longer the current one")
        if self._is_cancel_requested:
            raise CancelRequested(f"{attempt}: cancel was requested")
        if self._board.is_draining:
            raise WorkerDraining(f"{attempt}: this worker was asked to stop")
        return False

    def keep(self) -> None:
        """Renew the claim; or end the process, when no step was reported for long or the attempt takes too long."""
        now_s, stall_s = self._clock(), self._settings.stall_timeout_s
        silent_s, age_s = now_s - self._stepped_at_s, now_s - self._started_at_s
        if silent_s > stall_s:
            self._give_up(f"no step was reported for {silent_s:.0f} s; the limit is {stall_s:g} s")
        if self._limit_s is not None and age_s > self._limit_s:
            self._give_up(f"it ran for {age_s:.0f} s; its limit is {self._limit_s:.0f} s")
        self._renew()

    def _keep_on(self) -> None:
        period_s = min(self._settings.renew_s, self._settings.stall_timeout_s / 4)
        while not self._ended.wait(period_s):
            self.keep()

    def _renew(self) -> None:
        try:
            self.learn(self._store.renew(self._job.id, self._job.attempt, self._settings.lease_s))
        except StoreUnavailable as error:  # a renewal succeeds late too; the render goes on meanwhile
            log.warning("lease_not_renewed", job_id=self._job.id, attempt=self._job.attempt, error=str(error))
        self._board.tell_held()

    def _give_up(self, reason: str) -> Never:
        """End the process: a thread that hangs cannot be ended otherwise."""
        job = self._job
        log.error("render_stalled", job_id=job.id, attempt=job.attempt, reason=reason)
        failure = Failure(ErrorCode.WORKER_LOST, reason, retryable=True, attempt=job.attempt)
        try:
            self._store.release(job.id, job.attempt, lost=failure, max_lost_attempts=self._settings.max_lost_attempts)
        finally:  # without the store's answer the lease ends by itself
            self._end_process(EXIT_STALLED)


def _hard_limit_s(job: Job, settings: LeaseSettings) -> float | None:
    estimate_s = job.request.estimate_s
    if estimate_s is None:
        return None
    return max(settings.min_hard_limit_s, settings.hard_limit_per_estimate * estimate_s)
