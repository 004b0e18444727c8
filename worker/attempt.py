"""One attempt at one job: its claim, its folder, its control; and however it ends, the job's record says so."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from structlog.contextvars import bound_contextvars

from jobs.disk import as_storage_error, need_room
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import Job, Notice, attempt_prefix
from jobs.logging import logger
from jobs.patience import patiently
from jobs.private_folders import OwnedFolder
from jobs.scratch import finished_folder
from jobs.storage import delete_prefix
from jobs.verbs.lifecycle import Outcome, Results
from mmgt_core.backdrop.backdrop import TRANSPARENT
from mmgt_core.pipelines.progress import RunControl
from worker.ahead import Preparation
from worker.errors import AttemptLost, CancelRequested
from worker.failures import Remedy, describe, row_of
from worker.job_inputs import prepare_job
from worker.lease import Lease
from worker.live_preview import LivePreview
from worker.pipeline import Prepared
from worker.progress import ProgressReporter
from worker.results import Finished, find_finished
from worker.workplace import Workplace

log = logger(__name__)

EXIT_GPU_FAULT = 71
_BYTES_PER_S = 1_500_000  # of video: decoded sound 0.4 MB, three videos of 512 pixels at most 1.1 MB together
_LAYER_BYTES_PER_S = 4_000_000  # of a film with opacity of 512 pixels
_USUAL_S = 60.0  # where nobody has looked at the length
_STORE_PATIENCE_S = 150.0  # with a last word: the store may be restarting


@dataclass
class Attempt:
    """A claimed job and what its rendering needs.

    Attributes:
        folder: everything local of this job; kept only while it holds a finished video that is not stored.
        preparation: of its inputs, if it began before the claim.
        ended_as: for the log's one line about this attempt.
    """

    job: Job
    place: Workplace
    lease: Lease
    reporter: ProgressReporter
    folder: Path
    control: RunControl
    preview: LivePreview
    preparation: Preparation | None = None
    ended_as: str = "completed"
    error_code: str | None = None
    keeps_folder: bool = False
    started_at_s: float = field(default_factory=time.monotonic)

    @property
    def is_alone(self) -> bool:
        """A job that was lost before may take its process along: nobody else's work goes on beside it."""
        return self.job.lost_attempts > 0

    def prepare_inputs(self) -> Prepared:
        """The inputs, ready to be rendered: as they were prepared ahead, else fetched and looked at now.

        Raises:
            InputError, SpeechUnavailable, SpeechTooLong, SandboxLost, StorageUnavailable, ObjectNotFound
        """
        if self.preparation is not None:
            made = self.preparation.result(self.control.on_progress, self.may_go_on)
            if made is not None:
                return made
        return prepare_job(self.place, self.job, self.folder, self.control, self.may_go_on)

    def need_room(self) -> None:
        """Wait a while for the disk to have room for everything that this job writes.

        Raises:
            StorageUnavailable: it has none.
        """
        settings = self.place.settings
        copies = 2 if settings.storage.kind == "local" else 1
        layer = _LAYER_BYTES_PER_S if self.job.request.options.backdrop == TRANSPARENT else 0
        num_bytes = round((self.job.seconds or _USUAL_S) * (_BYTES_PER_S + layer) * copies)
        compare = partial(need_room, self.place.scratch, num_bytes, settings.storage.reserve_bytes)
        patiently(compare, StorageUnavailable, settings.worker.storage_patience_s, self.may_go_on)

    def note_inputs(self, prepared: Prepared) -> None:
        """Tell the client what is known now: length and size, and what is not as good as hoped."""
        self.reporter.num_segments = prepared.segments
        warnings = self._warnings_with(prepared.warnings)
        try:
            self.place.store.annotate(
                self.job.id, self.job.attempt, seconds=prepared.seconds, warnings=warnings, size=prepared.size
            )
        except StoreUnavailable as error:  # finalise tells it again
            log.warning("inputs_not_noted", error=str(error))

    def finalise(self, keys: dict[str, str], finished: Finished) -> None:
        """Complete the job: the store confirmed every object.

        Raises:
            AttemptLost, CancelRequested: another word came first.
            StoreUnavailable: nobody knows.
        """
        warnings = self._warnings_with(finished.warnings)
        results = Results(keys, finished.seconds, finished.pipeline_seconds, warnings)
        outcome = patiently(
            partial(self.place.store.finalise, self.job.id, self.job.attempt, results),
            StoreUnavailable, _STORE_PATIENCE_S, self.lease.note_step,
        )  # fmt: skip
        if outcome is Outcome.CANCELLED:
            raise CancelRequested(f"{self.job.id} was cancelled before it was complete")
        if outcome.is_lost:
            raise AttemptLost(f"{self.job.id} attempt {self.job.attempt}: {outcome.value}")

    def _warnings_with(self, own: tuple[Notice, ...]) -> tuple[Notice, ...]:
        """What was told before, and what the pipeline tells; it has seen all of a driving video, preflight a sample."""
        before = (told for told in self.job.warnings if not told.code.startswith("driving_video_"))
        return tuple(dict.fromkeys((*before, *own)))

    def may_go_on(self) -> None:
        """A border between two pieces of work that are not the pipeline's; raises to stop."""
        self.lease.note_step()
        self.lease.check()

    def named(self) -> AbstractContextManager[None]:
        """For as long as the block runs, every line of this thread's log names the attempt."""
        job = self.job
        return bound_contextvars(job_id=job.id, attempt=job.attempt, request_id=job.request.request_id)


@contextmanager
def attempt_at(job: Job, place: Workplace) -> Iterator[Attempt]:
    """Hold the claim for as long as the block runs; answer what it raises by the table in `failures.py`.

    It may be left in another thread than the one that entered it.
    """
    preparation = place.ahead.take(job)
    owned = _own_folder(job, place, preparation)
    lease = Lease(place.store, job, place.settings.leases, place.board)
    reporter = ProgressReporter(place.store, job, lease, place.settings.worker.progress_period_s)
    control, preview = RunControl(reporter, lease.check), LivePreview(place.storage, place.store, job)
    attempt = Attempt(job, place, lease, reporter, owned.path, control, preview, preparation)
    with attempt.named():
        log.info("job_claimed", queue_seconds=job.queue_seconds)
    with lease:
        try:
            yield attempt
            preview.settle()
        except Exception as error:
            preview.abandon()
            with attempt.named():
                _answer(error, attempt)
    owned.close(keep=attempt.keeps_folder)
    with attempt.named():
        log.info(
            "job_attempt_ended", outcome=attempt.ended_as, code=attempt.error_code, model=job.request.model,
            tenant=job.tenant, traceparent=job.request.traceparent, wall_s=_since(attempt.started_at_s),
            stage_s={stage.value: round(took, 3) for stage, took in attempt.control.stage_seconds.items()},
        )  # fmt: skip
    place.board.post(outcome=attempt.ended_as)
    if attempt.ended_as == Remedy.RETRY_ELSEWHERE:
        place.behind.wait()  # the device failed, not what another job is stored by
        os._exit(EXIT_GPU_FAULT)


def _own_folder(job: Job, place: Workplace, preparation: Preparation | None) -> OwnedFolder:
    """That of an earlier attempt that finished, else of the preparation, else a new one."""
    finished = finished_folder(place.scratch, job.id)
    if finished is not None and preparation is not None:
        preparation.drop()
    return finished or (preparation.owned if preparation else OwnedFolder.new(place.scratch, job.id))


def _answer(error: Exception, attempt: Attempt) -> None:
    error = as_storage_error(error)
    remedy = row_of(error).remedy
    stage = attempt.reporter.stage.value if attempt.reporter.stage else None
    failure = describe(error, stage, attempt.job.attempt)
    attempt.ended_as = remedy.value
    attempt.error_code = failure.code.value if remedy in (Remedy.FAIL, Remedy.RETRY, Remedy.RETRY_ELSEWHERE) else None
    may_come_back = remedy in (Remedy.RELEASE, Remedy.RETRY, Remedy.LEAVE)
    attempt.keeps_folder = may_come_back and find_finished(attempt.folder) is not None
    log.log(
        40 if attempt.error_code else 20, "attempt_stopped", remedy=remedy.value, error=str(error),
        exc_info=error if row_of(error).kind is Exception or remedy is Remedy.RETRY_ELSEWHERE else None,
    )  # fmt: skip
    if remedy is not Remedy.LEAVE:
        _discard_results(attempt)
    store, job, max_lost = attempt.place.store, attempt.job, attempt.place.settings.leases.max_lost_attempts
    words = {
        Remedy.FAIL: partial(store.fail, job.id, job.attempt, failure),
        Remedy.CANCEL: partial(store.acknowledge_cancel, job.id, job.attempt),
        Remedy.RELEASE: partial(store.release, job.id, job.attempt),
        Remedy.RETRY: partial(store.release, job.id, job.attempt, lost=failure, max_lost_attempts=max_lost),
        Remedy.RETRY_ELSEWHERE: partial(store.release, job.id, job.attempt, lost=failure, max_lost_attempts=max_lost),
    }
    if remedy in words:
        try:
            patiently(words[remedy], StoreUnavailable, _STORE_PATIENCE_S, attempt.lease.note_step)
        except StoreUnavailable as away:  # the lease ends by itself
            log.error("attempt_end_not_told", error=str(away))


def _discard_results(attempt: Attempt) -> None:
    """Delete what this attempt stored; the winner's files lie under another prefix."""
    try:
        delete_prefix(attempt.place.storage, attempt_prefix(attempt.job.id, attempt.job.attempt))
    except StorageUnavailable as error:
        log.warning("results_not_discarded", error=str(error))


def _since(started_at_s: float) -> float:
    return round(time.monotonic() - started_at_s, 3)
