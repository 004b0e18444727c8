"""Laws of upkeep: lost workers, owed doorbells, retention, purges, one lock."""

import dataclasses

import pytest

from jobs.job import ErrorCode, Failure, Job, JobOptions, JobStatus
from jobs.store import JobStore
from jobs.verbs.lifecycle import Outcome, Results
from jobs.verbs.registry import WorkerRecord
from jobs.verbs.upkeep import Doorbell, PurgePart
from tests.integration.jobs.conftest import CLASS, Clock, make_request

RESULTS = Results({"video": "v"}, seconds=2.0, gpu_seconds=8.0)


def claim(store: JobStore) -> Job:
    job = store.claim_next(CLASS, "w1")
    assert job is not None
    return job


def read(store: JobStore, job: Job) -> Job:
    now = store.get(job.id)
    assert now is not None
    return now


def lose(store: JobStore, job: Job, clock: Clock) -> None:
    clock.end_lease(job)
    store.reap(lease_s=0)


def test_a_lost_worker_gives_its_job_back_with_a_doorbell(store: JobStore, claimed: Job, clock: Clock) -> None:
    store.doorbell_rung(CLASS, claimed.id)
    clock.end_lease(claimed)

    reaped = store.reap(lease_s=0)

    assert reaped.requeued == (claimed.id,)
    assert read(store, claimed).lost_attempts == 1
    assert store.sweep(outbox_age_s=0).doorbells == (Doorbell(CLASS, claimed.id),)


def test_a_lease_that_has_not_ended_is_left_alone(store: JobStore, claimed: Job) -> None:
    reaped = store.reap(lease_s=0)

    assert reaped.requeued == reaped.failed == reaped.cancelled == ()
    assert read(store, claimed).status is JobStatus.IN_PROGRESS


def test_three_lost_attempts_are_exactly_the_end(store: JobStore, claimed: Job, clock: Clock) -> None:
    lose(store, claimed, clock)
    lose(store, claim(store), clock)
    lose(store, claim(store), clock)
    job = read(store, claimed)

    assert (job.status, job.attempt) == (JobStatus.FAILED, 3)
    assert job.failure is not None
    assert (job.failure.code, job.failure.retryable, job.failure.attempt) == (ErrorCode.WORKER_LOST, True, 3)
    assert store.claim_next(CLASS, "w1") is None


def test_drained_attempts_are_not_among_the_three(store: JobStore, claimed: Job, clock: Clock) -> None:
    store.release(claimed.id, 1)
    for _ in range(2):
        lose(store, claim(store), clock)
    store.release(claimed.id, claim(store).attempt)

    assert (read(store, claimed).status, read(store, claimed).lost_attempts) == (JobStatus.QUEUED, 2)


def test_an_attempt_lost_to_a_fault_counts_and_the_last_fault_is_told(store: JobStore, claimed: Job) -> None:
    fault = Failure(ErrorCode.GPU_FAULT, "CUDA error 719", retryable=True, stage="video_diffusion", attempt=1)
    outcomes = [store.release(claimed.id, 1, lost=fault, max_lost_attempts=2)]
    last = dataclasses.replace(fault, attempt=2)
    outcomes.append(store.release(claimed.id, claim(store).attempt, lost=last, max_lost_attempts=2))
    job = read(store, claimed)

    assert outcomes == [Outcome.DONE, Outcome.DONE]
    assert (job.status, job.failure) == (JobStatus.FAILED, last)


def test_a_lost_worker_of_a_job_that_was_to_be_cancelled_cancels_it(
    store: JobStore, claimed: Job, clock: Clock
) -> None:
    store.cancel(claimed.id)
    clock.end_lease(claimed)

    assert store.reap(lease_s=0).cancelled == (claimed.id,)
    assert read(store, claimed).status is JobStatus.CANCELLED


def test_a_doorbell_that_was_rung_is_not_owed(store: JobStore) -> None:
    job = store.create(make_request()).job
    owed = store.sweep(outbox_age_s=0).doorbells
    young = store.sweep(outbox_age_s=60).doorbells

    store.doorbell_rung(CLASS, job.id)

    assert owed == (Doorbell(CLASS, job.id),)
    assert young == (Doorbell(CLASS, ""),)  # nobody ever rang for the class
    assert store.sweep(outbox_age_s=0).doorbells == ()


def test_a_class_where_jobs_wait_in_silence_is_rung_for_again(store: JobStore) -> None:
    job = store.create(make_request()).job
    store.doorbell_rung(CLASS, job.id)

    silent = store.sweep(ring_again_s=0).doorbells
    store.claim_next(CLASS, "w1")

    assert silent == (Doorbell(CLASS, ""),)
    assert store.sweep(ring_again_s=0).doorbells == ()


def test_a_job_that_waits_longer_than_its_ttl_fails(store: JobStore, clock: Clock) -> None:
    job = store.create(make_request(queue_ttl_s=60)).job
    early = store.sweep().timed_out
    clock.pass_deadline("queue-deadlines", job.id)

    late = store.sweep().timed_out
    failure = read(store, job).failure

    assert (early, late) == ((), (job.id,))
    assert failure is not None
    assert (failure.code, failure.attempt) == (ErrorCode.QUEUE_TTL_EXCEEDED, 0)
    assert "queue_ttl_s is 60" in failure.message
    assert store.claim_next(CLASS, "w1") is None


def test_a_result_expires_and_only_then(store: JobStore, claimed: Job, clock: Clock) -> None:
    store.finalise(claimed.id, 1, RESULTS)
    early = store.expire().results
    clock.pass_deadline("expiring-results", claimed.id)

    late = store.expire().results
    job = read(store, claimed)

    assert (early, late) == ((), (claimed.id,))
    assert (job.status, job.results, job.percent) == (JobStatus.EXPIRED, {}, 100)
    assert [(purge.job_id, purge.part) for purge in store.take_purges()] == [(claimed.id, PurgePart.RESULTS)]


def test_inputs_go_before_the_result_and_the_record_says_so(store: JobStore, claimed: Job) -> None:
    store.finalise(claimed.id, 1, RESULTS)

    expired = store.expire(inputs_s=0)

    assert (expired.inputs, expired.results) == ((claimed.id,), ())
    assert read(store, claimed).inputs_expired
    assert read(store, claimed).status is JobStatus.COMPLETED
    assert [purge.part for purge in store.take_purges()] == [PurgePart.INPUTS]


def test_a_record_goes_at_last_and_leaves_no_key_of_its_own(store: JobStore, clock: Clock) -> None:
    job = store.create(make_request(webhook_url="https://example.org/hook", fingerprint="f")).job
    store.cancel(job.id)

    expired = store.expire(record_s=0)

    assert expired.records == (job.id,)
    assert store.get(job.id) is None
    assert [name for name in clock.names() if job.id in name] == []


def test_a_live_job_never_expires(store: JobStore, claimed: Job) -> None:
    waiting = store.create(make_request()).job

    expired = store.expire(inputs_s=0, record_s=0)

    assert expired.results == expired.inputs == expired.records == ()
    assert read(store, claimed).status is JobStatus.IN_PROGRESS
    assert read(store, waiting).status is JobStatus.QUEUED


def test_a_delete_orders_three_purges_and_the_first_is_due(store: JobStore, claimed: Job, clock: Clock) -> None:
    store.delete(claimed.id, lease_s=30)
    due = store.take_purges()
    clock.pass_all("purges")

    all_three = store.take_purges()

    assert [purge.part for purge in due] == [PurgePart.ALL]
    assert [purge.job_id for purge in all_three] == [claimed.id] * 3


def test_a_purge_comes_again_until_it_is_done(store: JobStore, claimed: Job) -> None:
    store.delete(claimed.id)
    (first,) = store.take_purges(retry_s=0)
    (again,) = store.take_purges(retry_s=0)

    store.purge_done(first.ticket)

    assert again == first
    assert store.take_purges() == ()
    assert store.sweep().purges_due == 0


def test_a_completed_second_attempt_orders_the_losers_away(store: JobStore, claimed: Job, clock: Clock) -> None:
    lose(store, claimed, clock)
    store.finalise(claimed.id, claim(store).attempt, RESULTS)
    clock.pass_all("purges")

    (purge,) = store.take_purges()

    assert (purge.job_id, purge.part, purge.attempt) == (claimed.id, PurgePart.LOSERS, 2)


def test_one_owner_holds_the_upkeep_lock_and_can_keep_it(store: JobStore) -> None:
    held = [store.take_upkeep_lock("a"), store.take_upkeep_lock("b"), store.take_upkeep_lock("a")]

    assert held == [True, False, True]


def test_the_estimate_follows_what_was_measured(store: JobStore) -> None:
    before = store.queue_state(CLASS).eta_s(1)
    for gpu_seconds in (10.0, 20.0):
        store.create(make_request())
        store.finalise(claim(store).id, 1, Results({"video": "v"}, 2.0, gpu_seconds))
    for name in ("w1", "w2"):
        store.heartbeat(WorkerRecord(name, (f"video.{CLASS}",), is_ready=True))
    state = store.queue_state(CLASS)

    assert before is None
    assert state.mean_job_s == 12.0  # 0.8 of the old, 0.2 of the new
    assert state.mean_s_per_video_s == 6.0
    assert state.workers == 2
    assert state.eta_s(3) == 24.0  # two jobs ahead, two workers


def test_each_mode_has_its_own_pace_and_steps_of_somebodys_own_teach_none(store: JobStore) -> None:
    for quality, steps, gpu_seconds in (
        ("exact", None, 40.0),
        ("turbo", None, 4.0),
        ("turbo", None, 8.0),
        ("turbo", 100, 400.0),
        (None, None, 6.0),
    ):
        store.create(make_request(options=JobOptions(seed=1, quality=quality, num_inference_steps=steps)))
        store.finalise(claim(store).id, 1, Results({"video": "v"}, 2.0, gpu_seconds))
    state = store.queue_state(CLASS)

    assert state.render_s("exact", 3.0) == 60.0
    assert state.render_s("turbo", 3.0) == pytest.approx(7.2)  # 0.8 of the old, 0.2 of the new
    assert state.render_s("", 3.0) == 9.0
    assert state.render_s("balanced", 3.0) is None


def test_poses_alone_have_a_pace_of_their_own_and_teach_nothing_about_videos(store: JobStore) -> None:
    for until, gpu_seconds in (("video", 40.0), ("poses", 1.0), ("poses", 2.0)):
        store.create(make_request(options=JobOptions(seed=1, until=until)))
        store.finalise(claim(store).id, 1, Results({"pose": "p"}, 2.0, gpu_seconds))
    state = store.queue_state(CLASS)

    assert (state.mean_job_s, state.mean_s_per_video_s, state.render_s("", 1.0)) == (40.0, 20.0, 20.0)
    assert state.render_s("poses", 3.0) == pytest.approx(1.8)  # 0.8 of the old, 0.2 of the new
    assert (state.eta_s(2), state.eta_s(2, own_s=1.8)) == (80.0, 41.8)


def test_where_only_poses_were_made_the_first_in_line_still_knows_its_own_time(store: JobStore) -> None:
    store.create(make_request(options=JobOptions(seed=1, until="poses")))
    store.finalise(claim(store).id, 1, Results({"pose": "p"}, 2.0, 1.0))
    state = store.queue_state(CLASS)

    assert (state.eta_s(1), state.eta_s(1, own_s=1.5), state.eta_s(2, own_s=1.5)) == (None, 1.5, None)


def test_status_counts_follow_every_move(store: JobStore, claimed: Job) -> None:
    store.create(make_request())
    store.delete(store.create(make_request()).job.id)
    store.finalise(claimed.id, 1, RESULTS)

    counts = {status: number for status, number in store.status_counts().items() if number}

    assert counts == {"queued": 1, "completed": 1}
