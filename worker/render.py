"""The road inside the worker: claim → fetch inputs → pipeline → sign → store → finalise."""

import time

from jobs.queue import ring, ring_delivery
from worker.attempt import Attempt, attempt_at
from worker.results import Finished, find_finished, finish, store_results
from worker.workplace import Workplace


def render_job(place: Workplace, queue_class: str) -> None:
    """Render the next waiting job of a class; a doorbell that finds none is dropped."""
    job = place.store.claim_next(queue_class, place.name, place.settings.leases.lease_s)
    if job is None:
        return
    with attempt_at(job, place) as attempt:
        finished = find_finished(attempt.folder) or render_video(attempt)
        patience_s = place.settings.worker.storage_patience_s
        keys = store_results(place.storage, job, finished, patience_s, attempt.may_go_on)
        attempt.finalise(keys, finished)
    tell_others(place, queue_class)


def render_video(attempt: Attempt) -> Finished:
    """Fetch the inputs, run the pipeline, and mark what it made."""
    options, control, place = attempt.job.request.options, attempt.control, attempt.place
    attempt.need_room()
    paths = attempt.fetch_inputs()
    started_at_s = time.monotonic()
    prepared = place.host.prepare(paths, options, control)
    attempt.note_inputs(prepared)
    receiver = attempt.preview if place.settings.worker.previews else None
    rendered = place.host.render(prepared, options, attempt.folder, control, receiver)
    pipeline_seconds = time.monotonic() - started_at_s
    stage_seconds = {stage.value: took for stage, took in control.stage_seconds.items()}
    place.board.post(stage_seconds=stage_seconds, memory_bytes=place.host.pipeline.memory_bytes())
    return finish(rendered, attempt.job, place.identity, pipeline_seconds, attempt.folder)


def tell_others(place: Workplace, queue_class: str) -> None:
    """Ring for the delivery worker, and for this class while anything waits."""
    ring_delivery(place.send)
    if place.store.queue_state(queue_class).waiting:
        ring(place.send, queue_class)
        place.store.doorbell_rung(queue_class, "")
