"""The create road after the upload: idempotency -> storage -> preflight -> one store script.

Whatever fails before the script removes what was stored. Once the script was sent the job may exist, so nothing is
removed then: housekeeping takes uploads that never became a job.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import anyio
import anyio.to_thread

from api.auth import Identity
from api.create_call import CreateCall
from api.dependencies import Context
from api.errors import RequestRefused, invalid_fields
from api.fields import SEEDS, CreateFields, check_model
from api.models import LoadedModel
from api.multipart import SpooledFile, Upload
from api.orders import Order, read_order
from api.preflight import PreflightAnswer, look_at, question_about
from api.reservations import holding, reserve
from api.spoken import estimated_s
from jobs.errors import JobDeleted, QueueFull, QuotaExceeded, ReservationLost, StorageUnavailable, StoreUnavailable
from jobs.job import POSES_SIZE, Job, JobOptions, JobRequest, input_key, inputs_prefix, new_job_id
from jobs.logging import logger
from jobs.queue import PREFLIGHT_EXPIRES_S, ring
from jobs.settings import LimitSettings, Settings
from jobs.storage import ObjectStorage, delete_prefix

log = logger(__name__)

OPTION_FIELDS = frozenset(JobOptions.__dataclass_fields__) - {"seed"}
CHOSEN_FIELDS = {"priority", "webhook_events", "text", "voice", "language", "transcript"}


@dataclass(frozen=True)
class Submitted:
    """Result of submit.

    Attributes:
        jobs: one, or as many as were asked for.
        is_replay: the same request had made them before.
        is_list: a number of them was asked for, so that they are answered as a list.
    """

    jobs: tuple[Job, ...]
    is_replay: bool
    is_list: bool


async def submit(context: Context, caller: Identity, upload: Upload, call: CreateCall) -> Submitted:
    """Make a job of an upload, or several.

    Raises:
        RequestRefused: 404, 409, 422, 503.
        JobsError: as the table of errors has it.
    """
    order = read_order(upload, context.settings, context.speech)
    model = await pick_model(context, order.fields)
    earlier = await reserve(context, caller.tenant, order, call)
    is_list = order.fields.n is not None
    if earlier:
        return Submitted(earlier, is_replay=True, is_list=is_list)
    requests = takes(job_request(context.settings, caller, order, model, call), order.fields.n)

    async def store(request: JobRequest) -> Mapping[str, str]:
        return await store_inputs(context.storage, request.inputs, order.files)

    made, is_replay = await make_jobs(context, requests, call, store)
    return Submitted(made, is_replay, is_list)


def takes(request: JobRequest, number: int | None) -> tuple[JobRequest, ...]:
    """Return so many jobs like one, with seeds that follow one another, each with an id and inputs of its own."""
    made = [request]
    for turn in range(1, number or 1):
        job_id = new_job_id()
        inputs = {name: input_key(job_id, name, PurePosixPath(key).suffix) for name, key in request.inputs.items()}
        options = replace(request.options, seed=request.options.seed + turn)
        made.append(replace(request, id=job_id, inputs=inputs, options=options))
    return tuple(made)


async def make_jobs(
    context: Context,
    requests: tuple[JobRequest, ...],
    call: CreateCall,
    store: Callable[[JobRequest], Awaitable[Mapping[str, str]]],
) -> tuple[tuple[Job, ...], bool]:
    """Store the inputs, look at them, write the jobs; what fails before the script takes back what was stored.

    Returns the jobs, and whether the same request had made them before.

    The idempotency key is held meanwhile, and no longer than this process lives.

    Args:
        requests: which differ in nothing but ids, keys and seeds: what is seen of one is seen of all.
        store: puts every input of one under its key; returns those keys, by field name.

    Raises:
        RequestRefused: 422, 503; or what `store` raises.
        JobsError: as the table of errors has it.
    """
    wait_s, request = context.settings.limits.preflight_wait_s, requests[0]
    async with holding(context, request.tenant, call):
        try:
            stored, *_ = [await store(each) for each in requests]
            requests = tuple(with_estimate(each, stored, context.settings.limits) for each in requests)
            wanted = request.options
            about = question_about(stored, wanted, requests[0].seconds, request.transcript)
            seen = await look_at(context, request.id, request.tenant, about, wait_s)
            seen = await as_wanted(context, request.queue_class, wanted, seen)
            requests = tuple(with_what_was_seen(each, seen) for each in requests)
        except BaseException:
            await discard(context, requests, call)
            raise
        return await record(context, requests, call)


async def validate(context: Context, tenant: str, upload: Upload, *, looks: bool) -> PreflightAnswer:
    """Look at an upload as a create does, longer if need be, and make no job.

    Raises:
        RequestRefused: 422, 503.
        StorageUnavailable, StoreUnavailable
    """
    order = read_order(upload, context.settings, context.speech)
    model = await pick_model(context, order.fields)
    job_id = new_job_id()
    unspoken_s = None if order.fields.text is None else estimated_s(order.fields.text, context.settings.limits)
    wanted = job_options(order.fields)
    try:
        stored = await store_inputs(context.storage, order.input_keys(job_id), order.files)
        about = question_about(stored, wanted, unspoken_s, order.fields.transcript, looks=looks)
        seen = await look_at(context, job_id, tenant, about, PREFLIGHT_EXPIRES_S)
        seen = await as_wanted(context, model.id, wanted, seen)
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
        size=POSES_SIZE if fields.until == "poses" else model.size,
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
    """Return what was chosen about the rendering, with a seed drawn where none was given: the first, of several."""
    options = fields.model_dump(include=set(OPTION_FIELDS), exclude_none=True)
    drawn = secrets.randbelow(SEEDS + 1 - (fields.n or 1)) if fields.seed is None else fields.seed
    return JobOptions(seed=drawn, **options)


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


async def as_wanted(
    context: Context, queue_class: str, wanted: JobOptions, seen: PreflightAnswer | None
) -> PreflightAnswer | None:
    """Return what preflight saw, with the time that such jobs took, where some were rendered, and their size.

    Raises:
        StoreUnavailable
    """
    if seen is None:
        return None
    estimate_s = await context.estimates.of_render(queue_class, wanted.pace, seen.seconds)
    known: dict[str, Any] = {} if estimate_s is None else {"estimate_s": round(estimate_s, 1)}
    if wanted.ends_with_poses:
        known = {"estimate_s": None, **known, "size": POSES_SIZE}
    return seen.model_copy(update=known)


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


async def record(context: Context, requests: tuple[JobRequest, ...], call: CreateCall) -> tuple[tuple[Job, ...], bool]:
    """Write the jobs, all or none, and ring; earlier jobs of the same request are found here.

    Raises:
        QuotaExceeded, QueueFull, ReservationLost, JobDeleted: nothing was written.
        StoreUnavailable: they may have been written.
    """
    settings = context.settings
    try:
        created = await context.store.create(
            *requests, route=call.route, idempotency_key=call.idempotency_key,
            owner=call.owner if call.idempotency_key is not None else None, is_retry=call.is_retry,
            request_age_s=time.monotonic() - call.began_at_s,
            max_active_per_tenant=settings.limits.max_active_jobs_per_tenant,
            max_waiting=settings.limits.max_waiting_jobs, idempotency_s=settings.limits.idempotency_s,
            progress_period_s=settings.webhooks.progress_period_s,
        )  # fmt: skip
    except (QuotaExceeded, QueueFull, ReservationLost, JobDeleted):
        await discard(context, requests, call)
        raise
    if created.job.id not in {request.id for request in requests}:
        for request in requests:
            await discard_inputs(context, request.id)
        return created.jobs, True
    for request in requests:
        log.info("job_created", job_id=request.id, tenant=request.tenant, model=request.model)
        rung = partial(context.store.doorbell_rung, request.queue_class, request.id)
        context.bells.ring(partial(ring, queue_class=request.queue_class), rung)
    return created.jobs, False


async def discard(context: Context, requests: tuple[JobRequest, ...], call: CreateCall) -> None:
    """Take back what a create that failed has left: its inputs and its reservation."""
    for request in requests:
        await discard_inputs(context, request.id)
    if call.idempotency_key is None:
        return
    with anyio.CancelScope(shield=True):
        try:
            await context.store.unreserve_key(requests[0].tenant, call.route, call.idempotency_key, call.owner)
        except StoreUnavailable as error:
            log.warning("reservation_left_to_lapse", error=str(error))


async def discard_inputs(context: Context, job_id: str) -> None:
    """Delete stored inputs of what became no job, also when the request is being cancelled."""
    with anyio.CancelScope(shield=True):
        try:
            await anyio.to_thread.run_sync(delete_prefix, context.storage, inputs_prefix(job_id))
        except StorageUnavailable as error:
            log.warning("inputs_left_to_housekeeping", job_id=job_id, error=str(error))
