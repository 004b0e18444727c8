"""The workers' test service with the product's own upkeep loop beside it, and workers that are replaced when killed."""

import os
import random
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
from kombu.exceptions import OperationalError

from api.sender import Bells, CelerySender
from api.upkeep import Upkeep
from jobs.job import TRANSITIONS, Job, JobStatus, fragment_key
from jobs.store import AsyncJobStore
from tests.integration.worker.service import CLASS, Service

SHORT = {
    "MMGT_LEASES__REAPER_PERIOD_S": "0.2",
    "MMGT_LEASES__SWEEPER_PERIOD_S": "0.2",
    "MMGT_LEASES__DOORBELL_AGE_S": "0.3",
    "MMGT_LEASES__RING_AGAIN_S": "1.0",
    "MMGT_WORKER__LIVE_S": "2.0",
}
PRODUCTION = {
    "MMGT_LEASES__LEASE_S": "30", "MMGT_LEASES__RENEW_S": "10", "MMGT_LEASES__REAPER_PERIOD_S": "5",
    "MMGT_LEASES__SWEEPER_PERIOD_S": "2", "MMGT_LEASES__DOORBELL_AGE_S": "2", "MMGT_LEASES__RING_AGAIN_S": "15",
    "MMGT_WORKER__HEARTBEAT_S": "3",
}  # fmt: skip
PREVIEWED_FRAMES = 60
END_S = 60.0  # generous: what is measured is recorded, what is waited for must only come
STATUS_AFTER = {
    "video.created": JobStatus.QUEUED,
    "video.started": JobStatus.IN_PROGRESS,
    "video.requeued": JobStatus.QUEUED,
    "video.completed": JobStatus.COMPLETED,
    "video.failed": JobStatus.FAILED,
    "video.cancelled": JobStatus.CANCELLED,
}


class FaultService(Service):
    """Short leases unless told otherwise; upkeep as every API replica runs it."""

    def __init__(self, data: Path, store_url: str, **settings: str) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._crew: dict[str, subprocess.Popen[bytes]] = {}
        self._hired = 0
        super().__init__(data, store_url, **{**SHORT, **settings})

    def keep_crew(self, num_workers: int, queue: str = f"video.{CLASS}") -> None:
        """Replace the dead and wait until so many render workers are ready."""
        self._crew = {name: worker for name, worker in self._crew.items() if worker.poll() is None}
        while len(self._crew) < num_workers:
            self._hired += 1
            name = f"w{self._hired}"
            self._crew[name] = self.start_worker(name, wait=False, queue=queue)
        self.until(lambda: set(self._crew) <= self._ready(), END_S)

    def kill_one_of_the_crew(self, chance: random.Random) -> None:
        """Kill a worker with its pool child, as a crash of the machine would."""
        worker = self._crew[chance.choice(sorted(self._crew))]
        send_signal(signal.SIGKILL, self.child_of(worker), worker.pid)
        worker.wait()

    def crew_of(self, job: Job) -> "subprocess.Popen[bytes]":
        """The process that holds, or last held, a job."""
        assert job.worker is not None
        return self._crew[job.worker.split("@")[0]]

    def ring(self) -> None:
        """A ring that the broker did not take is the sweeper's to make."""
        try:
            super().ring()
        except OperationalError:
            return

    def until_running(self, job_id: str) -> Job:
        """Wait until a worker has the job, or it ended already."""
        self.until(lambda: self.job(job_id).status is not JobStatus.QUEUED, END_S, lambda: self.job(job_id))
        return self.job(job_id)

    def until_left(self, job: Job) -> None:
        """Wait until the worker of an attempt has no local trace of it: the attempt is over."""
        self.until(lambda: not list(self.settings.scratch_folder.glob(f"{job.id}.*")), END_S)

    def assert_legal(self, job_id: str) -> Job:
        """Check an ended job's history against the table of transitions, and that each result lies in the store."""
        job = self.job(job_id)
        types = [kind for kind in self.event_types(job_id) if kind in STATUS_AFTER]
        path = [STATUS_AFTER[kind] for kind in types]
        assert path[0] is JobStatus.QUEUED, types
        assert all(after in TRANSITIONS[before] for before, after in pairwise(path)), types
        assert path[-1] is job.status, types
        assert sum(status.is_terminal for status in path) == 1, types
        assert path.count(JobStatus.IN_PROGRESS) == job.attempt, types
        assert bool(job.results) == (job.status is JobStatus.COMPLETED), job
        assert all(f"/a{job.attempt}/" in key for key in job.results.values()), job.results
        assert all(self.storage.head(key) is not None for key in job.results.values()), job.results
        if job.has_preview and job.preview is not None:
            stored = (fragment_key(job_id, job.attempt, number) for number in range(job.preview.num_fragments))
            assert all(self.storage.head(key) is not None for key in stored), job.preview
        return job

    def _ready(self) -> set[str]:
        return {each.name.split("@")[0] for each in self.store.workers(60.0) if each.is_ready}

    def _keep_up(self) -> None:
        anyio.run(self._run_upkeep)

    async def _run_upkeep(self) -> None:
        store, sender = AsyncJobStore(self.settings.store), CelerySender(self.settings.store)
        bells = Bells(sender)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Upkeep(store, bells, self.settings, "upkeep").run)
            while not self._ended.is_set():
                await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
        await bells.close()
        sender.close()
        await store.close()


def send_signal(number: int, *pids: int) -> None:
    """Send a signal to each process that still lives."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def busy(steps: int = 8, step_s: float = 0.1) -> dict[str, Any]:
    """A script of so many steps, with a preview that meets each fault too."""
    return {"steps": steps, "step_s": step_s, "frames": PREVIEWED_FRAMES}


def pause(seconds: float) -> None:
    """Let the random moment of a fault come."""
    time.sleep(max(0.0, seconds))
