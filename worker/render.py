"""The road inside the worker: claim → inputs → pipeline → sign → store → finalise.

While a job is in the pipeline, the next one's inputs are prepared ahead of it, and the last one is stored behind it.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from jobs.queue import ring, ring_delivery
from worker.attempt import Attempt, attempt_at
from worker.job_inputs import keep_speech
from worker.results import Finished, find_finished, finish, store_results
from worker.workplace import Workplace


def render_job(place: Workplace, queue_class: str) -> None:
    """Render the next waiting job of a class; a doorbell that finds none is dropped."""
    job = place.store.claim_next(queue_class, place.name, place.settings.leases.lease_s)
    if job is None:
        return
    with ExitStack() as held:
        attempt = held.enter_context(attempt_at(job, place))
        with attempt.named(), place.ahead.while_rendering(queue_class):
            if attempt.is_alone:
                place.behind.wait(attempt.may_go_on)
            earlier = find_finished(attempt.folder)
            marked = partial(_given, earlier) if earlier else render_video(attempt)
            if place.behind.is_busy:
                marked = partial(_given, marked())  # kept on disk first: the wait may be long
                place.behind.wait(attempt.may_go_on)
        if attempt.is_alone:
            store_video(attempt, marked)
        else:
            place.behind.begin(partial(_end_job, held.pop_all(), attempt, marked, queue_class))
    tell_others(place, queue_class)


def render_video(attempt: Attempt) -> Callable[[], Finished]:
    """Prepare the inputs and run the pipeline; gives what marks the files, which needs no device."""
    options, control, place = attempt.job.request.options, attempt.control, attempt.place
    attempt.need_room()
    started_at_s = time.monotonic()
    prepared = attempt.prepare_inputs()
    attempt.note_inputs(prepared)
    keep_speech(place, attempt.job, attempt.folder, attempt.may_go_on)
    receiver = attempt.preview if place.settings.worker.previews else None
    rendered = place.host.render(prepared, options, attempt.folder, control, receiver)
    pipeline_seconds = time.monotonic() - started_at_s
    stage_seconds = {stage.value: took for stage, took in control.stage_seconds.items()}
    place.board.post(stage_seconds=stage_seconds, memory_bytes=place.host.pipeline.memory_bytes())
    return partial(finish, rendered, attempt.job, place.identity, pipeline_seconds, attempt.folder)


def store_video(attempt: Attempt, marked: Callable[[], Finished]) -> None:
    """Mark what was rendered, store it, and complete the job."""
    place = attempt.place
    finished, patience_s = marked(), place.settings.worker.storage_patience_s
    keys = store_results(place.storage, attempt.job, finished, patience_s, attempt.may_go_on)
    attempt.finalise(keys, finished)


def tell_others(place: Workplace, queue_class: str) -> None:
    """Ring for the delivery worker, and for this class while anything waits."""
    ring_delivery(place.send)
    if place.store.queue_state(queue_class).waiting:
        ring(place.send, queue_class)
        place.store.doorbell_rung(queue_class, "")


def _end_job(held: ExitStack, attempt: Attempt, marked: Callable[[], Finished], queue_class: str) -> None:
    with held, attempt.named():
        store_video(attempt, marked)
    tell_others(attempt.place, queue_class)


def _given(finished: Finished) -> Finished:
    return finished
