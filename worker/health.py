"""The worker's pulse: beaten by its consumer loop, so that a worker that lives but is deaf is found and ended."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jobs.errors import StoreUnavailable
from jobs.logging import logger
from jobs.queue import PREFLIGHT_QUEUE
from jobs.scratch import sweep_scratch
from jobs.store import JobStore
from jobs.verbs.registry import WorkerRecord
from worker.metrics import WorkerMetrics
from worker.workplace import Workplace

log = logger(__name__)

EXIT_DEAF = 72
_STORE_TIMEOUT_S = 2.5  # the consumer loop must not wait long for the store


@dataclass(frozen=True)
class Ears:
    """What the consumer loop knows of its own hearing.

    Attributes:
        is_idle: no message is held or worked on.
        num_waiting: messages that lie in this worker's queues.
    """

    is_idle: Callable[[], bool]
    num_waiting: Callable[[], int]


class DeafnessWatch:
    """Says when messages have waited beside an idle worker for too long."""

    def __init__(self, deaf_after_s: float) -> None:
        self._deaf_after_s = deaf_after_s
        self._unheard_since_s: float | None = None

    def is_deaf(self, now_s: float, *, is_idle: bool, num_waiting: int) -> bool:
        """Note what was seen at a time; times never go back."""
        if not is_idle or num_waiting == 0:
            self._unheard_since_s = None
            return False
        if self._unheard_since_s is None:
            self._unheard_since_s = now_s
        return now_s - self._unheard_since_s > self._deaf_after_s


class Silence:
    """Counts the looks in a row that found no new beat: by the clock, a process that was suspended looks deaf."""

    def __init__(self) -> None:
        self._seen_at_s: float | None = None
        self.num_looks = 0

    def look(self, beaten_at_s: float) -> None:
        """Note when the last beat was."""
        self.num_looks = self.num_looks + 1 if beaten_at_s == self._seen_at_s else 0
        self._seen_at_s = beaten_at_s


class Pulse:
    """Beats in the consumer loop: reads the children's notices, tells the store, watches hearing and child."""

    def __init__(self, place: Workplace, queues: Iterable[str], metrics: WorkerMetrics) -> None:
        settings = place.settings
        self._settings, self._board, self._metrics, self._sandbox = settings, place.board, metrics, place.sandbox
        quick = settings.store.model_copy(update={"timeout_s": _STORE_TIMEOUT_S, "retries": 0})
        self._store = JobStore(quick)
        self._queues = tuple(sorted(queues))
        self._record: dict[str, Any] = {
            "name": place.name, "is_ready": not place.preset, "started_at_ms": time.time_ns() // 1_000_000,
        }  # fmt: skip
        self._child_pid: int | None = None
        self._child_heard_at_s = self._beaten_at_s = time.monotonic()
        self._sweep_at_s = float("-inf")
        self._deafness = DeafnessWatch(settings.worker.deaf_after_s)
        self.failure: str | None = None

    def watch(self) -> None:
        """End the process when its consumer loop has not beaten for `deaf_after_s`."""
        threading.Thread(target=self._watch, name="pulse-watch", daemon=True).start()

    def beat(self, ears: Ears) -> None:
        """One beat; `failure` is set when the worker should end."""
        self._beaten_at_s = now_s = time.monotonic()
        self.hear()
        self._end_stuck_child(now_s)
        self._sweep(now_s)
        if self._deafness.is_deaf(now_s, is_idle=ears.is_idle(), num_waiting=ears.num_waiting()):
            self.failure = f"messages waited beside an idle worker for {self._settings.worker.deaf_after_s:g} s"
        try:
            self._store.heartbeat(WorkerRecord(queues=self._open_queues(), **self._record))
        except StoreUnavailable as error:
            log.warning("heartbeat_not_told", error=str(error))

    def hear(self) -> bool:
        """Read the children's notices; whether another state of the worker is to be told before its next beat."""
        before = self._record["is_ready"], self.failure
        for notice in self._board.read():
            self._take(notice, time.monotonic())
        return (self._record["is_ready"], self.failure) != before

    def stop(self) -> None:
        """Take the worker off the list."""
        if self._sandbox is not None:
            self._sandbox.stop()
        try:
            self._store.remove_worker(self._record["name"])
        except StoreUnavailable as error:
            log.warning("worker_not_removed", error=str(error))

    def _open_queues(self) -> tuple[str, ...]:
        """Nobody shall wait for a look at inputs while the decoders are still being imported."""
        if self._sandbox is None:
            return self._queues
        if PREFLIGHT_QUEUE in self._queues or self._record["is_ready"]:  # a render worker's own start goes first
            self._sandbox.keep()
        return tuple(queue for queue in self._queues if queue != PREFLIGHT_QUEUE or self._sandbox.is_ready)

    def _take(self, notice: dict[str, Any], now_s: float) -> None:
        if "job_id" in notice or "is_ready" in notice:
            self._child_pid, self._child_heard_at_s = notice["pid"], now_s
        self._record |= {name: notice[name] for name in ("is_ready", "models", "device", "job_id") if name in notice}
        self.failure = notice.get("failure", self.failure)
        self._metrics.take(notice)

    def _sweep(self, now_s: float) -> None:
        """Remove what dead processes have left in the scratch folder, at the first beat and again and again."""
        if now_s >= self._sweep_at_s:
            self._sweep_at_s = now_s + self._settings.retention.housekeeping_period_s
            sweep_scratch(self._settings.scratch_folder, self._is_live)

    def _is_live(self, job_id: str) -> bool:
        try:
            job = self._store.get(job_id)
        except StoreUnavailable:
            return True
        return job is not None and not job.status.is_terminal

    def _end_stuck_child(self, now_s: float) -> None:
        """A child that hangs with every thread, or is stopped, cannot end itself."""
        silent_s = now_s - self._child_heard_at_s
        limit_s = self._settings.leases.stall_timeout_s + self._settings.leases.lease_s
        if self._record.get("job_id") and self._child_pid and silent_s > limit_s:
            log.error("child_killed", pid=self._child_pid, silent_s=round(silent_s))
            self._record["job_id"] = None
            try:
                os.kill(self._child_pid, 9)
            except ProcessLookupError:
                return

    def _watch(self) -> None:
        settings, silence = self._settings.worker, Silence()
        while silence.num_looks * settings.heartbeat_s < settings.deaf_after_s:
            time.sleep(settings.heartbeat_s)
            silence.look(self._beaten_at_s)
        log.error("consumer_loop_stopped", silent_s=round(time.monotonic() - self._beaten_at_s))
        os._exit(EXIT_DEAF)
