"""Laws of one job's life in the store, each on a real Valkey."""

import pytest

from jobs.errors import JobDeleted
from jobs.job import ErrorCode, Failure, Job, JobStatus, Notice, Progress
from jobs.store import JobStore
from jobs.verbs import lifecycle
from jobs.verbs.lifecycle import Outcome, Results
from tests.integration.jobs.conftest import CLASS, Clock, make_request

RESULTS = Results({"video": "videos/x/a1/video.mp4"}, seconds=3.2, gpu_seconds=8.0)
FAILURE = Failure(ErrorCode.AUDIO_SILENT, "audio is silent", param="audio", attempt=1)


def claim(store: JobStore, worker: str = "w1") -> Job:
    job = store.claim_next(CLASS, worker)
    assert job is not None
    return job


def read(store: JobStore, job_id: str) -> Job:
    job = store.get(job_id)
    assert job is not None
    return job


def test_a_new_job_is_queued_and_keeps_every_digit_of_its_request(store: JobStore) -> None:
    request = make_request(metadata={"ключ": "значение 😀"}, prompt='"quotes"\n', warnings=(Notice("a", "b"),))

    created = store.create(request)

    assert created.is_new
    assert created.job.request == request
    assert created.job.status is JobStatus.QUEUED
    assert created.job.warnings == (Notice("a", "b"),)
    assert created.job == store.get(request.id)


def test_creating_the_same_id_again_after_a_lost_answer_makes_nothing_new(store: JobStore) -> None:
    request = make_request()
    store.create(request)

    again = store.create(request)

    assert not again.is_new
    assert store.queue_state(CLASS).waiting == 1


def test_a_claim_starts_an_attempt_and_holds_a_lease(store: JobStore) -> None:
    store.create(make_request())

    job = claim(store)

    assert (job.status, job.attempt, job.worker, job.percent) == (JobStatus.IN_PROGRESS, 1, "w1", 0)
    assert job.lease_expires_at_ms is not None
    assert job.started_at_ms is not None
    assert abs(job.lease_expires_at_ms - job.started_at_ms - 30_000) <= 1
    assert job.queue_seconds is not None


def test_second_delivery_of_a_claimed_job_does_nothing(store: JobStore, claimed: Job) -> None:
    assert store.claim_next(CLASS, "w2") is None
    assert read(store, claimed.id).worker == "w1"


def test_a_claim_whose_answer_was_lost_gives_the_same_job_when_repeated(store: JobStore) -> None:
    store.create(make_request())
    store.create(make_request())
    call = lifecycle.claim_next(CLASS, "w1")

    first, second = store.run(call), store.run(call)

    assert first == second
    assert store.queue_state(CLASS).running == 1


def test_progress_never_falls_and_is_not_100_before_completion(store: JobStore, claimed: Job) -> None:
    seen = []
    for percent in (10, 42, 30, 100):
        store.progress(claimed.id, 1, Progress(percent, "video_diffusion", 1, 1, 17, 30, 31.0))
        seen.append(read(store, claimed.id).percent)

    assert seen == [10, 42, 42, 99]


def test_a_new_attempt_starts_its_progress_anew(store: JobStore, claimed: Job) -> None:
    store.progress(claimed.id, 1, Progress(50, "video_diffusion"))
    store.release(claimed.id, 1)

    queued, again = read(store, claimed.id), claim(store)

    assert (queued.percent, queued.progress, queued.started_at_ms) == (0, None, None)
    assert (again.attempt, again.percent) == (2, 0)


def test_a_renewal_extends_the_lease_even_late(store: JobStore, claimed: Job, clock: Clock) -> None:
    clock.end_lease(claimed)

    renewal = store.renew(claimed.id, 1, lease_s=60)

    assert renewal.is_current
    assert store.reap(lease_s=0).requeued == ()
    assert (read(store, claimed.id).lease_expires_at_ms or 0) > (claimed.lease_expires_at_ms or 0)


def test_a_renewal_after_the_reaper_is_refused(store: JobStore, claimed: Job, clock: Clock) -> None:
    clock.end_lease(claimed)
    store.reap(lease_s=0)

    assert not store.renew(claimed.id, 1).is_current


def test_completion_sets_everything_at_once(store: JobStore, claimed: Job) -> None:
    outcome = store.finalise(claimed.id, 1, RESULTS)
    job = read(store, claimed.id)

    assert outcome is Outcome.DONE
    assert (job.status, job.percent, job.seconds, job.gpu_seconds) == (JobStatus.COMPLETED, 100, 3.2, 8.0)
    assert job.results == RESULTS.keys
    assert job.completed_at_ms is not None
    assert job.expires_at_ms == job.completed_at_ms + 7 * 86_400_000
    assert (job.lease_expires_at_ms, job.failure) == (None, None)


@pytest.mark.parametrize("word", ["finalise", "fail", "release"])
def test_a_word_repeated_after_a_lost_answer_is_answered_as_before(store: JobStore, claimed: Job, word: str) -> None:
    call = {
        "finalise": lifecycle.finalise(claimed.id, 1, RESULTS),
        "fail": lifecycle.fail(claimed.id, 1, FAILURE),
        "release": lifecycle.release(claimed.id, 1),
    }[word]

    first = store.run(call)
    version = read(store, claimed.id).version
    second = store.run(call)

    assert (first, second) == (Outcome.DONE, Outcome.DONE)
    assert read(store, claimed.id).version == version


def test_only_the_current_attempt_can_complete(store: JobStore, claimed: Job, clock: Clock) -> None:
    clock.end_lease(claimed)
    store.reap(lease_s=0)
    claim(store, "w2")

    stale = store.finalise(claimed.id, 1, RESULTS)
    winner = store.finalise(claimed.id, 2, Results({"video": "videos/x/a2/video.mp4"}, 3.2, 9.0))

    assert (stale, winner) == (Outcome.STALE, Outcome.DONE)
    assert read(store, claimed.id).results == {"video": "videos/x/a2/video.mp4"}


def test_an_attempt_that_was_reaped_but_not_claimed_again_cannot_complete(
    store: JobStore, claimed: Job, clock: Clock
) -> None:
    clock.end_lease(claimed)
    store.reap(lease_s=0)

    assert store.finalise(claimed.id, 1, RESULTS) is Outcome.STALE
    assert read(store, claimed.id).status is JobStatus.QUEUED


def test_a_failure_says_why_and_nothing_else_does(store: JobStore, claimed: Job) -> None:
    store.fail(claimed.id, 1, FAILURE)
    job = read(store, claimed.id)

    assert (job.status, job.failure) == (JobStatus.FAILED, FAILURE)
    assert (job.results, job.completed_at_ms) == ({}, None)


def test_cancel_in_the_queue_is_immediate(store: JobStore) -> None:
    job = store.create(make_request()).job

    cancelled = store.cancel(job.id, "ada")

    assert cancelled is not None
    assert cancelled.status is JobStatus.CANCELLED
    assert store.claim_next(CLASS, "w1") is None


def test_cancel_of_a_running_job_is_a_flag_that_the_worker_reads(store: JobStore, claimed: Job) -> None:
    cancelled = store.cancel(claimed.id, "ada")
    renewal = store.renew(claimed.id, 1)
    told = store.progress(claimed.id, 1, Progress(5, "video_diffusion"))
    outcome = store.acknowledge_cancel(claimed.id, 1)

    assert cancelled is not None
    assert cancelled.status is JobStatus.IN_PROGRESS
    assert renewal.is_cancel_requested
    assert told.is_cancel_requested
    assert outcome is Outcome.CANCELLED
    assert read(store, claimed.id).status is JobStatus.CANCELLED


def test_cancel_twice_is_cancel_once(store: JobStore, claimed: Job) -> None:
    first = store.cancel(claimed.id)
    second = store.cancel(claimed.id)
    store.acknowledge_cancel(claimed.id, 1)
    third, fourth = store.cancel(claimed.id), store.cancel(claimed.id)

    assert first == second
    assert third == fourth


@pytest.mark.parametrize("word", ["finalise", "fail", "release"])
def test_a_requested_cancel_wins_over_whatever_the_worker_says(store: JobStore, claimed: Job, word: str) -> None:
    store.cancel(claimed.id)
    call = {
        "finalise": lifecycle.finalise(claimed.id, 1, RESULTS),
        "fail": lifecycle.fail(claimed.id, 1, FAILURE),
        "release": lifecycle.release(claimed.id, 1),
    }[word]

    outcome = store.run(call)
    job = read(store, claimed.id)

    assert outcome is Outcome.CANCELLED
    assert (job.status, job.failure, job.results) == (JobStatus.CANCELLED, None, {})


def test_cancel_after_completion_changes_nothing(store: JobStore, claimed: Job) -> None:
    store.finalise(claimed.id, 1, RESULTS)
    before = read(store, claimed.id)

    assert store.cancel(claimed.id) == before


def test_a_worker_cannot_acknowledge_a_cancel_that_nobody_asked_for(store: JobStore, claimed: Job) -> None:
    assert store.acknowledge_cancel(claimed.id, 1) is Outcome.STALE
    assert read(store, claimed.id).status is JobStatus.IN_PROGRESS


def test_what_the_worker_finds_out_is_noted(store: JobStore, claimed: Job) -> None:
    told_before = claimed.size
    store.annotate(claimed.id, 1, seconds=3.2, warnings=(Notice("image_recropped", "cut to the person"),))
    job = read(store, claimed.id)
    store.annotate(claimed.id, 1, size="720x1280")

    assert (job.seconds, job.size) == (3.2, told_before)
    assert read(store, claimed.id).size == "720x1280"
    assert job.warnings == (Notice("image_recropped", "cut to the person"),)
    assert store.annotate(claimed.id, 7, seconds=9.9) is Outcome.STALE


def test_every_verb_treats_another_tenants_job_as_none(store: JobStore, claimed: Job) -> None:
    assert store.get(claimed.id, "bob") is None
    assert store.cancel(claimed.id, "bob") is None
    assert store.delete(claimed.id, "bob") is False
    assert store.list_deliveries(claimed.id, "bob") is None
    assert store.list_jobs("bob").jobs == ()
    assert read(store, claimed.id).cancel_requested_at_ms is None


def test_a_deleted_job_is_gone_for_every_verb_and_never_comes_back(store: JobStore, claimed: Job, clock: Clock) -> None:
    assert store.delete(claimed.id, "ada")

    assert store.get(claimed.id) is None
    assert store.cancel(claimed.id) is None
    assert store.delete(claimed.id) is False
    assert store.list_jobs("ada").jobs == ()
    assert not store.renew(claimed.id, 1).is_current
    assert not store.progress(claimed.id, 1, Progress(5, "video_diffusion")).is_current
    assert store.annotate(claimed.id, 1) is Outcome.GONE
    assert store.release(claimed.id, 1) is Outcome.GONE
    assert store.finalise(claimed.id, 1, RESULTS) is Outcome.GONE
    assert store.fail(claimed.id, 1, FAILURE) is Outcome.GONE
    assert store.acknowledge_cancel(claimed.id, 1) is Outcome.GONE
    assert store.events_after(claimed.id) == ()
    assert store.list_deliveries(claimed.id) is None
    assert store.known_ids((claimed.id,)) == frozenset()
    with pytest.raises(JobDeleted):
        store.create(claimed.request)
    assert f"job:{claimed.id}" not in clock.names()
    assert store.active_jobs("ada") == 0


def test_a_delete_whose_answer_was_lost_says_yes_again(store: JobStore, claimed: Job) -> None:
    call = lifecycle.delete(claimed.id, "ada")

    assert store.run(call)
    assert store.run(call)


def test_events_tell_the_whole_history_and_replay_from_any_of_them(store: JobStore, claimed: Job) -> None:
    store.progress(claimed.id, 1, Progress(40, "video_diffusion"))
    store.finalise(claimed.id, 1, RESULTS)

    events = store.events_after(claimed.id)
    rest = store.events_after(claimed.id, events[1].id)

    assert [event.type for event in events] == ["video.created", "video.started", "video.progress", "video.completed"]
    assert [event.job.percent for event in events] == [0, 0, 40, 100]
    assert events[-1].job.request == claimed.request
    assert rest == events[2:]


def test_any_number_of_ids_may_be_asked_for(store: JobStore, claimed: Job) -> None:
    strangers = tuple(f"video_{number:026}" for number in range(20_000))

    assert store.known_ids((*strangers, claimed.id)) == {claimed.id}
