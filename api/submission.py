"""The create road after the upload: idempotency -> storage -> preflight -> one store script.

Whatever fails before the script removes what was stored. Once the script was sent the job may exist, so nothing is
removed then: housekeeping takes uploads that never became a job.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import anyio
import anyio.to_thread

from api.auth import Identity
from api.create_call import CreateCall
from api.dependencies import Context
from api.errors import RequestRefused, invalid_fields
from api.fields import CreateFields, check_model
from api.models import LoadedModel
from api.multipart import SpooledFile, Upload
from api.orders import Order, read_order
from api.preflight import PreflightAnswer, look_at, question_about
from api.reservations import holding, reserve
from api.spoken import estimated_s
from jobs.errors import JobDeleted, QueueFull, QuotaExceeded, ReservationLost, StorageUnavailable, StoreUnavailable
from jobs.job import Job, JobOptions, JobRequest, inputs_prefix, new_job_id
from jobs.logging import logger
from jobs.queue import PREFLIGHT_EXPIRES_S, ring
from jobs.settings import LimitSettings, Settings
from jobs.storage import ObjectStorage, delete_prefix

log = logger(__name__)

OPTION_FIELDS = frozenset(JobOptions.__dataclass_fields__) - {"seed"}
CHOSEN_FIELDS = {"priority", "webhook_events", "text", "voice", "language"}
SEEDS = 2**53  # what JSON numbers hold exactly


@dataclass(frozen=True)
class Submitted:
    """Result of submit; `is_replay`: the same request had made the job before."""

    job: Job
    is_replay: bool


async def submit(context: Context, caller: Identity, upload: Upload, call: CreateCall) -> Submitted:
    """Make a job of an upload.

    Raises:
        RequestRefused: 404, 409, 422, 503.
        JobsError: as the table of errors has it.
    """
    order = read_order(upload, context.settings, context.speech)
    model = await pick_model(context, order.fields)
    earlier = await reserve(context, caller.tenant, order, call)
    if earlier is not None:
        return Submitted(earlier, is_replay=True)
    request = job_request(context.settings, caller, order, model, call)
    return await make_job(context, request, call, partial(store_inputs, context.storage, request.inputs, order.files))


async def make_job(
    context: Context, request: JobRequest, call: CreateCall, store: Callable[[], Awaitable[Mapping[str, str]]]
) -> Submitted:
    """Store the inputs, look at them, write the job; what fails before the script takes back what was stored.

    The idempotency key is held meanwhile, and no longer than this process lives.

    Args:
        store: puts every input under its key; returns those keys, by field name.

    Raises:
        RequestRefused: 422, 503; or what `store` raises.
        JobsError: as the table of errors has it.
    """
    wait_s = context.settings.limits.preflight_wait_s
    async with holding(context, request.tenant, call):
        try:
            stored = await store()
            wanted = request.options
            request = with_estimate(request, stored, context.settings.limits)
            about = question_about(stored, wanted, request.seconds)
            seen = await look_at(context, request.id, request.tenant, about, wait_s)
            seen = await timed_by_mode(context, request.queue_class, wanted.quality, seen)
            request = with_what_was_seen(request, seen)
        except BaseException:
            await discard(context, request, call)
            raise
        return await record(context, request, call)


async def validate(context: Context, tenant: str, upload: Upload) -> PreflightAnswer:
    """Look at an upload as a create does, longer if need be, and make no job.

    Raises:
        RequestRefused: 422, 503.
        StorageUnavailable, StoreUnavailable
    """
    order = read_order(upload, context.settings, context.speech)
    model = await pick_model(context, order.fields)
    job_id = new_job_id()
    unspoken_s = None if order.fields.text is None else estimated_s(order.fields.text, context.settings.limits)
    try:
        stored = await store_inputs(context.storage, order.input_keys(job_id), order.files)
        about = question_about(stored, job_options(order.fields), unspoken_s)
        seen = await look_at(context, job_id, tenant, about, PREFLIGHT_EXPIRES_S)
        seen = await timed_by_mode(context, model.id, order.fields.quality, seen)
    finally:
        await discard_inputs(context, job_id)
    if seen is None:
        raise RequestRefused("preflight_unavailable", "no preflight worker answered", headers={"Retry-After": "5"})
    return seen if unspoken_s is None else seen.told_as_estimated(unspoken_s)


async def pick_model(context: Context, fields: CreateFields) -> LoadedModel:
    """Return the model that is meant, if it can do what is asked.

    Raises:
        RequestRefused: 422, 503.
        StoreUnavailable
    """
    model = await context.models.pick(fields.model)
    findings = check_model(fields, model)
    if findings:
        raise invalid_fields(findings)
    return model


def job_request(settings: Settings, caller: Identity, order: Order, model: LoadedModel, call: CreateCall) -> JobRequest:
    """Return the job as it will be written, with a new id, every default resolved, and the keys of its inputs."""
    fields, job_id = order.fields, new_job_id()
    chosen = fields.model_dump(include=CHOSEN_FIELDS, exclude_none=True)
    return JobRequest(
        id=job_id,
        tenant=caller.tenant,
        model=model.id,
        queue_class=model.id,
        options=job_options(fields),
        inputs=order.input_keys(job_id),
        size=model.size,
        fps=model.fps,
        fingerprint=order.fingerprint,
        metadata=fields.metadata,
        prompt=fields.prompt,
        webhook_url=fields.webhook_url,
        expires_after_s=settings.retention.results_s if fields.expires_after_s is None else fields.expires_after_s,
        queue_ttl_s=settings.retention.queue_ttl_s if fields.queue_ttl_s is None else fields.queue_ttl_s,
        consented_at_ms=time.time_ns() // 1_000_000 if fields.consent else None,
        request_id=call.request_id,
        traceparent=call.traceparent,
        **chosen,
    )


def job_options(fields: CreateFields) -> JobOptions:
    """Return what was chosen about the rendering, with a seed drawn where none was given."""
    options = fields.model_dump(include=set(OPTION_FIELDS), exclude_none=True)
    return JobOptions(seed=secrets.randbelow(SEEDS) if fields.seed is None else fields.seed, **options)


async def store_inputs(
    storage: ObjectStorage, keys: Mapping[str, str], files: Mapping[str, SpooledFile]
) -> Mapping[str, str]:
    """Put every file under its key; return the keys of the files.

    Raises:
        StorageUnavailable
    """
    for name, file in files.items():
        await anyio.to_thread.run_sync(storage.put_file, keys[name], file.path, file.kind.content_type)
    return {name: keys[name] for name in files}


def with_estimate(request: JobRequest, stored: Mapping[str, str], limits: LimitSettings) -> JobRequest:
    """Return the job with the length that its text's speech will have about, where nobody has spoken it yet."""
    if request.text is None or "audio" in stored:
        return request
    return replace(request, seconds=estimated_s(request.text, limits), estimate_s=None)


async def timed_by_mode(
    context: Context, queue_class: str, quality: str | None, seen: PreflightAnswer | None
) -> PreflightAnswer | None:
    """Return what preflight saw, with the time that videos of the wanted mode took, where some were rendered.

    Raises:
        StoreUnavailable
    """
    if seen is None:
        return None
    estimate_s = await context.estimates.of_render(queue_class, quality, seen.seconds)
    return seen if estimate_s is None else seen.model_copy(update={"estimate_s": round(estimate_s, 1)})


def with_what_was_seen(request: JobRequest, seen: PreflightAnswer | None) -> JobRequest:
    """Return the job with what preflight knows of it.

    Raises:
        RequestRefused: 422, preflight found that it cannot be rendered.
    """
    if seen is None:
        return request  # the worker looks for itself
    if seen.findings:
        raise invalid_fields(tuple(finding.as_finding() for finding in seen.findings))
    size = seen.size or request.size
    return replace(request, seconds=seen.seconds, estimate_s=seen.estimate_s, warnings=seen.notices, size=size)


async def record(context: Context, request: JobRequest, call: CreateCall) -> Submitted:
    """Write the job, and ring; an earlier job of the same request is found here.

    Raises:
        QuotaExceeded, QueueFull, ReservationLost, JobDeleted: nothing was written.
        StoreUnavailable: it may have been written.
    """
    settings = context.settings
    try:
        created = await context.store.create(
            request, route=call.route, idempotency_key=call.idempotency_key,
            owner=call.owner if call.idempotency_key is not None else None, is_retry=call.is_retry,
            request_age_s=time.monotonic() - call.began_at_s,
            max_active_per_tenant=settings.limits.max_active_jobs_per_tenant,
            max_waiting=settings.limits.max_waiting_jobs, idempotency_s=settings.limits.idempotency_s,
            progress_period_s=settings.webhooks.progress_period_s,
        )  # fmt: skip
    except (QuotaExceeded, QueueFull, ReservationLost, JobDeleted):
        await discard(context, request, call)
        raise
    if created.job.id != request.id:
        await discard_inputs(context, request.id)
        return Submitted(created.job, is_replay=True)
    log.info("job_created", job_id=request.id, tenant=request.tenant, model=request.model)
    rung = partial(context.store.doorbell_rung, request.queue_class, request.id)
    context.bells.ring(partial(ring, queue_class=request.queue_class), rung)
    return Submitted(created.job, is_replay=False)


async def discard(context: Context, request: JobRequest, call: CreateCall) -> None:
    """Take back what a create that failed has left: its inputs and its reservation."""
    await discard_inputs(context, request.id)
    if call.idempotency_key is None:
        return
    with anyio.CancelScope(shield=True):
        try:
            await context.store.unreserve_key(request.tenant, call.route, call.idempotency_key, call.owner)
        except StoreUnavailable as error:
            log.warning("reservation_left_to_lapse", error=str(error))


async def discard_inputs(context: Context, job_id: str) -> None:
    """Delete stored inputs of what became no job, also when the request is being cancelled."""
    with anyio.CancelScope(shield=True):
        try:
            await anyio.to_thread.run_sync(delete_prefix, context.storage, inputs_prefix(job_id))
        except StorageUnavailable as error:
            log.warning("inputs_left_to_housekeeping", job_id=job_id, error=str(error))
