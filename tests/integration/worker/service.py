"""A small service for tests: real store, real Celery workers with the scripted pipeline, and what upkeep does."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from jobs.job import Job, JobOptions, JobRequest, JobStatus, input_key, new_job_id
from jobs.queue import ring, ring_delivery, ring_housekeeping
from jobs.settings import Settings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from worker.launch import celery_argv

ROOT = Path(__file__).parents[3]
CLASS = "mmgt-demo"
LEASE_S = 2.0
WAIT_S = 30.0


class Service:
    """Everything that a worker needs around it, in one folder; leases of two seconds."""

    def __init__(self, data: Path, store_url: str, **settings: str) -> None:
        self.env = {
            "MMGT_DATA": str(data),
            "MMGT_STORE__URL": store_url,
            "MMGT_LEASES__LEASE_S": str(LEASE_S),
            "MMGT_LEASES__RENEW_S": "0.5",
            "MMGT_WORKER__HEARTBEAT_S": "0.3",
            "MMGT_WORKER__SCRIPTED_PIPELINE": "tests.integration.scripted_pipeline",
            "MMGT_WORKER__PROGRESS_PERIOD_S": "0.1",
            **settings,
        }
        self.settings = _read_settings(self.env)
        self.store = JobStore(self.settings.store)
        self.storage = open_storage(self.settings)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._log = (data / "workers.log").open("ab")
        self._celery = Celery("test", broker=self.settings.store.celery_url, set_as_current=False)
        self._ended = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, daemon=True)
        self._upkeep.start()

    def start_worker(self, name: str = "one", *, wait: bool = True, queue: str = f"video.{CLASS}", processes: int = 1):
        command = celery_argv(name, tuple(queue.split(",")), processes)
        environment = {**os.environ, **self.env, "PYTHONPATH": str(ROOT)}
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log)
        self.workers.append(worker)
        if wait:
            self.until(lambda: any(each.is_ready and each.name.startswith(f"{name}@") for each in self.store.workers()))
        return worker

    def top_up(self, num_workers: int) -> None:
        """Start render workers until so many live; those that tests ended are replaced."""
        live = [worker for worker in self.workers if worker.poll() is None]
        for _ in range(num_workers - len(live)):
            self.start_worker(f"render-{len(self.workers)}", wait=False)
        self.until(lambda: sum(worker.is_ready for worker in self.store.workers(1.0)) >= num_workers)

    def holder_of(self, job_id: str) -> "subprocess.Popen[bytes]":
        """The worker that renders a job."""
        name = self.job(job_id).worker or ""
        return self.workers[int(name.split("@")[0].removeprefix("render-"))]

    def create(self, script: dict[str, Any] | None = None, **fields: Any) -> Job:
        """Store a script as the job's image and queue the job; the doorbell is rung."""
        job_id = new_job_id()
        image = input_key(job_id, "image", ".png")
        self.storage.put_bytes(image, json.dumps(script or {}).encode(), "image/png")
        request = JobRequest(
            id=job_id, tenant="default", model=CLASS, queue_class=CLASS, options=JobOptions(seed=7),
            inputs={"image": image}, size="128x128", fps=25, fingerprint=job_id, request_id="req_1",
        )  # fmt: skip
        job = self.store.create(replace(request, **fields)).job
        self.ring()
        self.store.doorbell_rung(CLASS, job_id)
        return job

    def ring(self) -> None:
        ring(self.send, CLASS)

    def send(self, task: str, queue: str, arguments: dict[str, str], expires_s: float | None) -> None:
        self._celery.send_task(task, kwargs=arguments, queue=queue, expires=expires_s, ignore_result=True)

    def job(self, job_id: str) -> Job:
        job = self.store.get(job_id)
        assert job is not None
        return job

    def until_status(self, job_id: str, *statuses: JobStatus, timeout_s: float = WAIT_S) -> Job:
        self.until(lambda: self.job(job_id).status in statuses, timeout_s, lambda: self.job(job_id))
        return self.job(job_id)

    def until_ended(self, job_id: str, timeout_s: float = WAIT_S) -> Job:
        ends = [status for status in JobStatus if status.is_terminal]
        return self.until_status(job_id, *ends, timeout_s=timeout_s)

    def until_step(self, job_id: str) -> Job:
        """Wait until the job is in the middle of its diffusion."""

        def is_there() -> bool:
            progress = self.job(job_id).progress
            return progress is not None and progress.stage == "video_diffusion" and progress.step > 0

        self.until(is_there, detail=lambda: self.job(job_id))
        return self.job(job_id)

    def until(
        self, is_so: Callable[[], bool], timeout_s: float = WAIT_S, detail: Callable[[], object] = lambda: ""
    ) -> None:
        ends_at_s = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > ends_at_s:
                log = Path(self._log.name).read_text()[-4000:]
                raise TimeoutError(f"not so within {timeout_s:g} s: {detail()}\n{log}")
            time.sleep(0.02)

    def event_types(self, job_id: str) -> list[str]:
        return [event.type.value for event in self.store.events_after(job_id, limit=1000)]

    def keys(self, job_id: str) -> list[str]:
        return [item.key for item in self.storage.list(f"videos/{job_id}/")]

    def log_lines(self) -> list[str]:
        """What the workers have logged."""
        return Path(self._log.name).read_text().splitlines()

    def child_of(self, worker: "subprocess.Popen[bytes]") -> int:
        """The pool child's process number."""
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        self.until(lambda: bool(children.read_text().split()))
        return int(children.read_text().split()[0])

    def close(self) -> None:
        self._ended.set()
        self._upkeep.join()
        for worker in self.workers:
            if worker.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGCONT)
                worker.kill()
                worker.wait()
        self._celery.close()
        self.store.close()
        self._log.close()

    def _keep_up(self) -> None:
        """Reaper and sweeper, as every API replica runs them."""
        leases = self.settings.leases
        while not self._ended.wait(0.2):
            self.store.reap(leases.lease_s, leases.max_lost_attempts)
            swept = self.store.sweep(0.3, 1.0)
            for bell in swept.doorbells:
                self.ring()
                self.store.doorbell_rung(bell.queue_class, bell.job_id)
            if swept.deliveries_due:
                ring_delivery(self.send)
            if swept.purges_due:
                ring_housekeeping(self.send)


@contextlib.contextmanager
def running_service(data: Path, store_url: str, **settings: str) -> Iterator[Service]:
    data.mkdir(parents=True, exist_ok=True)
    service = Service(data, store_url, **settings)
    try:
        yield service
    finally:
        service.close()


def _read_settings(env: dict[str, str]) -> Settings:
    """As a process with this environment would read them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        return Settings()
