"""The next job's inputs, fetched and looked at while the device renders another job.

Nothing is claimed for it: the queue is only looked at. So a job that is cancelled, or that another worker takes, or
that an urgent one overtakes, costs a look that nobody needed, and order, attempts and leases stay what they are.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial

from jobs.disk import as_storage_error
from jobs.errors import StoreUnavailable
from jobs.job import Job
from jobs.logging import logger
from jobs.private_folders import OwnedFolder
from jobs.scratch import has_finished
from mmgt_core.errors import InputError
from mmgt_core.pipelines.progress import Progress, RunControl, ignore_progress
from worker.job_inputs import prepare_job
from worker.pipeline import Prepared
from worker.workplace import Workplace

log = logger(__name__)

_LOOK_S = 1.0
"""Between two looks at the queue while a job renders."""
_ASK_S = 0.2
"""Between two looks at whether a job whose inputs are still being prepared was cancelled."""


class NotWanted(Exception):
    """The job is not the next one any more."""


class Preparation:
    """One waiting job's inputs on their way; its folder is the attempt's if that job is claimed, else it is removed."""

    def __init__(self, job: Job, owned: OwnedFolder) -> None:
        self.job_id, self.owned = job.id, owned
        self._made: Future[Prepared] = Future()
        self._hear: Callable[[Progress], None] = ignore_progress
        self._is_dropped = False
        self.control = RunControl(lambda progress: self._hear(progress), self.check)

    def check(self) -> bool:
        """Return False ("go on"). Raises: NotWanted."""
        if self._is_dropped:
            raise NotWanted(self.job_id)
        return False

    def make(self, prepare: Callable[[], Prepared]) -> None:
        """Prepare; what is raised is kept for whoever claims the job."""
        try:
            self._made.set_result(prepare())
        except Exception as error:
            self._made.set_exception(as_storage_error(error))

    def drop(self) -> None:
        """Nobody wants it: the folder goes as soon as nobody writes into it any more."""
        self._is_dropped = True
        self._made.add_done_callback(lambda made: self.owned.close())

    def result(self, hear: Callable[[Progress], None], may_go_on: Callable[[], object]) -> Prepared | None:
        """The inputs, as soon as they are there; None where that failed for a reason that may have passed.

        Args:
            hear: takes the steps from now on.
            may_go_on: asked while it lasts; raises to stop.

        Raises:
            InputError: what is wrong with them.
        """
        self._hear = hear
        while not wait([self._made], _ASK_S).done:
            may_go_on()
        error = self._made.exception()
        if error is None:
            return self._made.result()
        if isinstance(error, InputError):
            raise error
        log.warning("preparation_failed", job_id=self.job_id, error=str(error))
        return None


class Ahead:
    """Keeps at most one preparation, always of the job that would be claimed next."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._changed = threading.Condition()
        self._queue_class = ""
        self._is_rendering = self._is_over = False
        self._kept: Preparation | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def while_rendering(self, queue_class: str) -> Iterator[None]:
        """Prepare the next job of a class for as long as the block runs."""
        with self._changed:
            self._queue_class, self._is_rendering = queue_class, True
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep_looking, name="ahead", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            yield
        finally:
            self._is_rendering = False

    def take(self, job: Job) -> Preparation | None:
        """The preparation of the job that was just claimed, if that is the kept one; any other is dropped."""
        with self._changed:
            kept, self._kept = self._kept, None
        if kept is not None and kept.job_id != job.id:
            kept.drop()
            return None
        return kept

    def end(self) -> None:
        """Drop what is kept, for good."""
        with self._changed:
            self._is_over = True
            self._drop()

    def _keep_looking(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_rendering or self._kept is not None)
            try:
                self._look()
            except StoreUnavailable as error:  # nothing is lost by it
                log.warning("queue_not_looked_at", error=str(error))
            except Exception:
                log.exception("not_prepared_ahead")
            with self._changed:
                self._changed.wait(_LOOK_S)

    def _look(self) -> None:
        job = self._place.store.peek_next(self._queue_class)
        with self._changed:
            if self._kept is not None and (job is None or job.id != self._kept.job_id or self._is_over):
                self._drop()
            if job is None or self._kept is not None or not self._may_begin(job):
                return
            self._kept = begun = Preparation(job, OwnedFolder.new(self._place.scratch, job.id))
        begun.make(partial(self._prepare, job, begun))

    def _may_begin(self, job: Job) -> bool:
        may_work = self._is_rendering and not self._is_over and not self._place.board.is_draining
        return may_work and not has_finished(self._place.scratch, job.id)

    def _prepare(self, job: Job, begun: Preparation) -> Prepared:
        return prepare_job(self._place, job, begun.owned.path, begun.control, begun.check)

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.drop()
            self._kept = None
