"""The worker's side, played by a script: it claims, tells progress and finishes with small real files."""

import json
from pathlib import Path

from jobs.job import (
    ErrorCode,
    Failure,
    Job,
    JobOptions,
    JobRequest,
    Progress,
    attempt_prefix,
    input_key,
    new_job_id,
    result_key,
)  # fmt: skip
from jobs.storage import ObjectStorage, delete_prefix
from jobs.store import JobStore
from jobs.verbs.lifecycle import Outcome, Results
from jobs.verbs.registry import WorkerRecord
from worker.housekeeping import carry_out

MODEL = "mmgt-demo"
VIDEO = bytes(range(256)) * 40  # the API never looks into it
THUMBNAIL = b"\xff\xd8\xff" + b"thumbnail"
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.000\nGuten Tag, schönes Wetter\n".encode()
KEYPOINTS = b"\x93NUMPY\x01\0" + bytes(range(256))
FACTS = {"id": MODEL, "size": "512x512", "fps": 25, "qualities": ["exact", "fast"]}


class ScriptedWorker:
    """One worker over a store and a storage; each method is one thing that a worker does."""

    def __init__(self, store: JobStore, storage: ObjectStorage) -> None:
        self.store, self.storage = store, storage

    def heartbeat(self, is_ready: bool = True) -> None:
        """Tell that it lives and which model it has."""
        self.store.heartbeat(WorkerRecord("scripted", (f"video.{MODEL}",), is_ready, (FACTS,), "none"))

    def submit(self, tenant: str = "alice", **request: object) -> Job:
        """Make a job as the create route does, with stored inputs."""
        job_id = new_job_id()
        inputs = {"image": input_key(job_id, "image", ".png"), "audio": input_key(job_id, "audio", ".wav")}
        for key in inputs.values():
            self.storage.put_bytes(key, b"input", "application/octet-stream")
        fields: dict[str, object] = {
            "id": job_id, "tenant": tenant, "model": MODEL, "queue_class": MODEL, "options": JobOptions(seed=1234),
            "inputs": inputs, "size": "512x512", "fps": 25, "fingerprint": job_id, "seconds": 3.2,
        }  # fmt: skip
        return self.store.create(JobRequest(**{**fields, **request})).job  # type: ignore[arg-type]

    def claim(self) -> Job:
        """Take the next job."""
        job = self.store.claim_next(MODEL, "scripted")
        assert job is not None
        return job

    def tell(self, job: Job, percent: int, step: int = 1) -> None:
        """Report progress."""
        now = Progress(percent, "video_diffusion", segment=1, segments=1, step=step, steps=30, eta_seconds=9.0)
        assert self.store.progress(job.id, job.attempt, now).is_current

    def finish(self, job: Job, video: bytes = VIDEO) -> Outcome:
        """Store the results and complete the job; a loser deletes its own."""
        files = {"manifest.json": json.dumps({"id": job.id}).encode()}
        if job.request.options.ends_with_poses:
            files |= {"pose.mp4": video, "keypoints.npy": KEYPOINTS}
        else:
            files |= {"video.mp4": video, "thumbnail.jpg": THUMBNAIL}
        if job.request.options.captions == "vtt":
            files |= {"captions.vtt": CAPTIONS}
        for name, content in files.items():
            self.storage.put_bytes(result_key(job.id, job.attempt, name), content, "application/octet-stream")
        keys = {Path(name).stem: result_key(job.id, job.attempt, name) for name in files}
        outcome = self.store.finalise(job.id, job.attempt, Results(keys, seconds=3.2, gpu_seconds=1.5))
        if outcome.is_lost:
            delete_prefix(self.storage, attempt_prefix(job.id, job.attempt))
        return outcome

    def fail(self, job: Job) -> None:
        """End the job with an error."""
        why = Failure(ErrorCode.GPU_OUT_OF_MEMORY, "81.2 GB were asked for; 80 GB are there", None, True, "video", 1)
        assert self.store.fail(job.id, job.attempt, why) is Outcome.DONE

    def complete_one(self, tenant: str = "alice", **request: object) -> Job:
        """Make a job and bring it to its end."""
        job = self.submit(tenant, **request)
        assert self.finish(self.claim()) is Outcome.DONE
        done = self.store.get(job.id)
        assert done is not None
        return done

    def housekeep(self) -> None:
        """Delete the objects of every purge that is due."""
        for purge in self.store.take_purges(100):
            carry_out(self.storage, purge)
            self.store.purge_done(purge.ticket)
