"""A worker's place in this very process, without Celery: for laws of one step of the road at a time."""

import json
from pathlib import Path
from typing import Any

from jobs.job import Job, JobOptions, JobRequest, input_key, new_job_id
from jobs.settings import Settings, StoreSettings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from tests.integration.api.served import settings_for
from worker.noticeboard import NoticeBoard
from worker.render import render_job
from worker.workplace import Workplace

CLASS = "mmgt-demo"


def settings_alone(store: StoreSettings, data: Path, **groups: object) -> Settings:
    """The scripted pipeline, and no waiting for a storage that is away."""
    worker = {"scripted_pipeline": "tests.integration.scripted_pipeline", "storage_patience_s": 0}
    return settings_for(store, data, worker=worker, **groups)


def place_alone(settings: Settings) -> Workplace:
    """Nobody hears what it sends."""
    return Workplace(settings, "alone", CLASS, lambda *_: None, NoticeBoard())


def render_to_the_end(place: Workplace) -> None:
    """Render the next job, and wait until it is stored too."""
    render_job(place, CLASS)
    place.behind.wait()


def create_job(store: JobStore, storage: ObjectStorage, script: dict[str, Any] | None = None, **fields: Any) -> Job:
    """Queue a job whose image is a script for the pipeline."""
    job_id = new_job_id()
    image = input_key(job_id, "image", ".png")
    storage.put_bytes(image, json.dumps(script or {}).encode(), "image/png")
    whole = {
        "id": job_id, "tenant": "default", "model": CLASS, "queue_class": CLASS, "options": JobOptions(seed=7),
        "inputs": {"image": image}, "size": "128x128", "fps": 25, "fingerprint": job_id, **fields,
    }  # fmt: skip
    return store.create(JobRequest(**whole)).job
