"""A worker beside clients that run by themselves: it takes every job, and does what its metadata says."""

import threading

from jobs.job import Job
from jobs.queue import PREFLIGHT_QUEUE
from jobs.verbs.registry import WorkerRecord
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker

LOOKS_EVERY_S = 0.02
ENDS_WITHIN_S = 30.0


class Player(threading.Thread):
    """A worker that does with each job what its metadata says under `play`: finish, fail, or hold until cancelled."""

    def __init__(self, worker: ScriptedWorker, has_preflight: bool = False) -> None:
        super().__init__(daemon=True)
        self._has_preflight = has_preflight
        self._worker, self._is_ending, self._held = worker, threading.Event(), list[Job]()

    def run(self) -> None:
        while not self._is_ending.wait(LOOKS_EVERY_S):
            self._worker.heartbeat()
            if self._has_preflight:
                self._worker.store.heartbeat(WorkerRecord("preflight", (PREFLIGHT_QUEUE,), True))
            job = self._worker.store.claim_next(MODEL, "scripted")
            if job is not None:
                self._play(job)
            for held in tuple(self._held):
                now = self._worker.store.get(held.id)
                if now is None or now.cancel_requested_at_ms is not None:
                    self._worker.store.acknowledge_cancel(held.id, held.attempt)
                    self._held.remove(held)

    def _play(self, job: Job) -> None:
        if job.request.metadata.get("play") == "hold":
            self._held.append(job)
            return
        for percent in (20, 60):
            self._worker.tell(job, percent)
        if job.request.metadata.get("play") == "fail":
            self._worker.fail(job)
        else:
            self._worker.finish(job)

    def stop(self) -> None:
        self._is_ending.set()
        self.join(ENDS_WITHIN_S)
