"""Laws of the webhook outbox."""

from jobs.job import Job, JobStatus, Progress
from jobs.store import JobStore
from jobs.verbs.deliveries import Delivery, DeliveryState, DueDelivery
from jobs.verbs.lifecycle import Results
from tests.integration.jobs.conftest import CLASS, Clock, make_request

URL = "https://example.org/hook"
EVERYTHING = ("video.completed", "video.failed", "video.cancelled", "video.started", "video.progress")


def start(store: JobStore, events: tuple[str, ...] = EVERYTHING[:3]) -> Job:
    store.create(make_request(webhook_url=URL, webhook_events=events, metadata={"k": "v"}))
    job = store.claim_next(CLASS, "w1")
    assert job is not None
    return job


def finish(store: JobStore, job: Job) -> None:
    store.finalise(job.id, job.attempt, Results({"video": "v"}, 3.2, 8.0))


def take_one(store: JobStore) -> DueDelivery:
    (due,) = store.take_due_deliveries()
    return due


def log(store: JobStore, job: Job) -> tuple[Delivery, ...]:
    deliveries = store.list_deliveries(job.id)
    assert deliveries is not None
    return deliveries


def record(
    store: JobStore,
    due: DueDelivery,
    *,
    retry_in_s: float | None,
    status_code: int | None = 500,
    ends_job: bool = False,
) -> bool:
    return store.record_try(
        due.delivery.id, due.delivery.tries, is_delivered=status_code == 200, status_code=status_code,
        error=None if status_code else "timed out", duration_ms=12, retry_in_s=retry_in_s, ends_job=ends_job,
    )  # fmt: skip


def test_the_end_of_a_job_is_told_exactly_once(store: JobStore) -> None:
    job = start(store)
    before = store.deliveries_due()
    finish(store, job)
    finish(store, job)

    due = take_one(store)

    assert before == 0
    assert due.delivery.event_type == "video.completed"
    assert due.delivery.id.startswith("msg_")
    assert (due.job.status, due.job.percent, due.job.request) == (JobStatus.COMPLETED, 100, job.request)


def test_a_job_without_receiver_tells_nobody(store: JobStore) -> None:
    job = store.create(make_request()).job
    store.cancel(job.id)

    assert store.deliveries_due() == 0
    assert log(store, job) == ()


def test_only_the_chosen_events_are_told(store: JobStore) -> None:
    job = start(store, ("video.failed", "video.started"))
    finish(store, job)

    assert [each.event_type for each in log(store, job)] == ["video.started"]


def test_a_delivery_shows_the_job_as_it_was_then(store: JobStore) -> None:
    job = start(store, EVERYTHING)
    finish(store, job)

    statuses = {due.delivery.event_type: due.job.status for due in store.take_due_deliveries()}

    assert statuses == {"video.started": JobStatus.IN_PROGRESS, "video.completed": JobStatus.COMPLETED}


def test_progress_is_told_at_most_once_per_period(store: JobStore) -> None:
    job = start(store, ("video.progress",))
    for percent in range(1, 20):
        store.progress(job.id, 1, Progress(percent, "video_diffusion"))

    assert len(log(store, job)) == 1


def test_a_failed_try_is_logged_and_comes_again_with_the_same_id(store: JobStore, clock: Clock) -> None:
    job = start(store)
    finish(store, job)
    first = take_one(store)
    record(store, first, retry_in_s=5.0)
    (waiting,) = log(store, job)
    none_due = store.take_due_deliveries()
    clock.pass_deliveries()

    second = take_one(store)

    assert none_due == ()
    assert waiting.next_at_ms is not None
    assert [(line.status_code, line.error, line.duration_ms) for line in waiting.log] == [(500, None, 12)]
    assert second.delivery.id == first.delivery.id
    assert (second.delivery.tries, second.delivery.schedule_step) == (2, 1)


def test_a_delivery_whose_sender_died_comes_again(store: JobStore) -> None:
    finish(store, start(store))
    first = store.take_due_deliveries(retry_s=0)

    again = store.take_due_deliveries()

    assert [due.delivery.id for due in again] == [due.delivery.id for due in first]


def test_a_sender_that_was_too_slow_is_not_believed(store: JobStore) -> None:
    job = start(store)
    finish(store, job)
    (slow,) = store.take_due_deliveries(retry_s=0)
    store.take_due_deliveries()

    believed = record(store, slow, retry_in_s=None)

    assert not believed
    assert log(store, job)[0].state is DeliveryState.PENDING


def test_a_delivered_event_is_never_sent_again(store: JobStore) -> None:
    job = start(store)
    finish(store, job)
    record(store, take_one(store), retry_in_s=None, status_code=200)
    (done,) = log(store, job)

    assert (done.state, done.next_at_ms) == (DeliveryState.DELIVERED, None)
    assert store.deliveries_due() == 0


def test_the_last_failed_try_leaves_it_exhausted_and_redelivery_starts_anew(store: JobStore, clock: Clock) -> None:
    job = start(store)
    finish(store, job)
    record(store, take_one(store), retry_in_s=1.0)
    clock.pass_deliveries()
    record(store, take_one(store), retry_in_s=None, status_code=None)
    (exhausted,) = log(store, job)

    redelivered = store.redeliver(job.id, exhausted.id, "ada")
    due = take_one(store)

    assert exhausted.state is DeliveryState.EXHAUSTED
    assert exhausted.log[-1].error == "timed out"
    assert redelivered is not None
    assert redelivered.state is DeliveryState.PENDING
    assert (due.delivery.id, due.delivery.schedule_step) == (exhausted.id, 0)


def test_nobody_redelivers_for_another_tenant_or_another_job(store: JobStore) -> None:
    job = start(store)
    finish(store, job)
    other = start(store)
    (delivery,) = log(store, job)

    assert store.redeliver(job.id, delivery.id, "bob") is None
    assert store.redeliver(other.id, delivery.id, "ada") is None
    assert store.redeliver(job.id, "msg_none", "ada") is None


def test_gone_ends_every_delivery_of_the_job_but_of_no_other(store: JobStore) -> None:
    job, other = start(store, EVERYTHING), start(store)
    due = take_one(store)
    record(store, due, retry_in_s=None, status_code=410, ends_job=True)
    finish(store, job)
    finish(store, other)

    assert [each.state for each in log(store, job)] == [DeliveryState.DROPPED]
    assert [each.state for each in log(store, other)] == [DeliveryState.PENDING]


def test_a_progress_event_is_tried_once_and_not_kept(store: JobStore) -> None:
    job = start(store, ("video.progress",))
    store.progress(job.id, 1, Progress(5, "video_diffusion"))

    record(store, take_one(store), retry_in_s=None)

    assert log(store, job) == ()
    assert store.deliveries_due() == 0


def test_deleting_a_job_drops_what_was_still_to_be_told(store: JobStore, clock: Clock) -> None:
    job = start(store, EVERYTHING)
    due = take_one(store)
    finish(store, job)

    store.delete(job.id)

    assert store.deliveries_due() == 0
    assert not record(store, due, retry_in_s=5.0)
    assert [name for name in clock.names() if name.startswith("delivery:")] == []


def of_tenant(store: JobStore, tenant: str, number: int) -> None:
    for _ in range(number):
        job = make_request(tenant=tenant, webhook_url=URL, webhook_events=EVERYTHING[:3])
        store.create(job)
        store.cancel(job.id)


def tenants(taken: tuple[DueDelivery, ...]) -> list[str]:
    return [due.job.tenant for due in taken]


def test_of_one_tenant_only_its_share_is_taken_those_under_way_included(store: JobStore) -> None:
    of_tenant(store, "ada", 5)
    of_tenant(store, "bob", 1)

    first = store.take_due_deliveries(10, share=2)
    second = store.take_due_deliveries(10, share=2, under_way={"ada": 2})
    third = store.take_due_deliveries(10, share=2, under_way={"ada": 1})

    assert tenants(first) == ["ada", "ada", "bob"]
    assert (tenants(second), tenants(third)) == ([], ["ada"])


def test_no_more_than_asked_for_is_taken_over_all_tenants(store: JobStore) -> None:
    of_tenant(store, "ada", 3)
    of_tenant(store, "bob", 3)

    taken = store.take_due_deliveries(4, share=3)

    assert tenants(taken) == ["ada", "ada", "ada", "bob"]


def test_an_outbox_of_an_earlier_version_is_sent_too(store: JobStore, clock: Clock) -> None:
    of_tenant(store, "ada", 2)
    clock.forget("due-tenants")
    clock.forget("due-of:ada")

    assert tenants(store.take_due_deliveries()) == ["ada", "ada"]
