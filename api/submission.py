"""The create road after the upload: idempotency -> storage -> preflight -> one store script.

Whatever fails before the script removes what was stored. Once the script was sent the job may exist, so nothing is
removed then: housekeeping takes uploads that never became a job.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

import anyio
import anyio.to_thread
from fastapi import Request

from api.auth import Identity
from api.dependencies import Context
from api.errors import Finding, RequestRefused, invalid_fields, video_not_found
from api.fields import CreateFields, check_fields, check_files, check_model, read_fields
from api.models import LoadedModel
from api.multipart import SpooledFile, Upload
from api.preflight import PreflightAnswer, look_at, question_about
from jobs.errors import JobDeleted, QueueFull, QuotaExceeded, ReservationLost, StorageUnavailable, StoreUnavailable
from jobs.job import Job, JobOptions, JobRequest, input_key, inputs_prefix, new_job_id
from jobs.logging import logger
from jobs.queue import PREFLIGHT_EXPIRES_S, ring
from jobs.settings import Settings
from jobs.storage import ObjectStorage, delete_prefix
from jobs.verbs.lifecycle import Reservation

log = logger(__name__)

CREATE_ROUTE, REMIX_ROUTE = "videos", "remix"  # scopes of idempotency keys
MAX_KEY_CHARS = 255
KEY = re.compile(f"[!-~]{{1,{MAX_KEY_CHARS}}}")
MAX_RETRY_DIGITS = 9
WHOLE_NUMBER = re.compile(r"\d+", re.ASCII)
IMAGE_ALIAS = "input_reference"
OPTION_FIELDS = frozenset(JobOptions.__dataclass_fields__) - {"seed"}
RENEWALS = 4  # of a reservation within its life
SEEDS = 2**53  # what JSON numbers hold exactly


@dataclass(frozen=True)
class CreateCall:
    """How a create came.

    Attributes:
        idempotency_key: as sent.
        is_retry: an SDK's silent retry, without a key.
        request_id, traceparent: for logs, webhooks and the manifest.
        owner: unique to this request: a client may send its request id twice.
        began_at_s: on the monotonic clock.
        route: scope of the idempotency key.
    """

    idempotency_key: str | None
    is_retry: bool
    request_id: str
    traceparent: str
    owner: str
    began_at_s: float
    route: str = CREATE_ROUTE


@dataclass(frozen=True)
class Order:
    """What is wanted: the fields, the files by their proper names, and the fingerprint of both."""

    fields: CreateFields
    files: Mapping[str, SpooledFile]
    fingerprint: str


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
    order = read_order(upload, context.settings)
    model = await pick_model(context, order.fields)
    earlier = await reserve(context, caller.tenant, order, call)
    if earlier is not None:
        return Submitted(earlier, is_replay=True)
    request = job_request(context.settings, caller, order, model, call)
    return await make_job(context, request, call, partial(store_inputs, context.storage, request.inputs, order.files))


async def make_job(
    context: Context, request: JobRequest, call: CreateCall, store: Callable[[], Awaitable[None]]
) -> Submitted:
    """Store the inputs, look at them, write the job; what fails before the script takes back what was stored.

    The idempotency key is held meanwhile, and no longer than this process lives.

    Args:
        store: puts every input under its key.

    Raises:
        RequestRefused: 422, 503; or what `store` raises.
        JobsError: as the table of errors has it.
    """
    wait_s = context.settings.limits.preflight_wait_s
    async with holding(context, request.tenant, call):
        try:
            await store()
            wanted = request.options
            about = question_about(request.inputs, wanted)
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
    order = read_order(upload, context.settings)
    model = await pick_model(context, order.fields)
    job_id = new_job_id()
    inputs = {name: input_key(job_id, name, file.kind.suffix) for name, file in order.files.items()}
    try:
        await store_inputs(context.storage, inputs, order.files)
        about = question_about(inputs, job_options(order.fields))
        seen = await look_at(context, job_id, tenant, about, PREFLIGHT_EXPIRES_S)
        seen = await timed_by_mode(context, model.id, order.fields.quality, seen)
    finally:
        await discard_inputs(context, job_id)
    if seen is None:
        raise RequestRefused("preflight_unavailable", "no preflight worker answered", headers={"Retry-After": "5"})
    return seen


def read_call(request: Request, route: str = CREATE_ROUTE) -> CreateCall:
    """Read a create's headers.

    Raises:
        RequestRefused: 400.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and KEY.fullmatch(key) is None:
        detail = f"Idempotency-Key has {len(key)} characters; it may have 1 to {MAX_KEY_CHARS} of ! to ~"
        raise RequestRefused("invalid_idempotency_key", detail)
    retries = request.headers.get("x-stainless-retry-count", "0")
    if len(retries) > MAX_RETRY_DIGITS:
        detail = f"x-stainless-retry-count has {len(retries)} characters; it may have {MAX_RETRY_DIGITS}"
        raise RequestRefused("malformed_request", detail, param="x-stainless-retry-count")
    is_retry = key is None and WHOLE_NUMBER.fullmatch(retries) is not None and int(retries) > 0
    state = request.state
    owner = secrets.token_hex(16)
    return CreateCall(key, is_retry, state.request_id, state.traceparent, owner, time.monotonic(), route)


def read_order(upload: Upload, settings: Settings) -> Order:
    """Read an upload.

    Raises:
        RequestRefused: 422, with everything that is wrong.
    """
    fields, findings = read_fields(upload.fields)
    files, doubled = by_proper_names(upload.files)
    findings += check_fields(fields, settings) + doubled
    if "image" not in files:
        findings += (Finding("missing_field", "image: a file is required", "image"),)
    if "audio" not in files and "driving_video" not in files:
        findings += (Finding("missing_field", "audio: a file is required without driving_video", "audio"),)
    findings += check_files(fields, files)
    if findings:
        raise invalid_fields(findings)
    return Order(fields, files, fingerprint_of(fields, files))


def by_proper_names(files: Mapping[str, SpooledFile]) -> tuple[dict[str, SpooledFile], tuple[Finding, ...]]:
    """Return the files with the image under its one name, and what is wrong when it came under both."""
    named = {"image" if name == IMAGE_ALIAS else name: file for name, file in files.items()}
    doubled = Finding("duplicate_field", f"send image or {IMAGE_ALIAS}, not both", IMAGE_ALIAS)
    return named, (doubled,) if len(named) < len(files) else ()


def fingerprint_of(fields: CreateFields, files: Mapping[str, SpooledFile]) -> str:
    """Return the SHA-256 of what was asked for: the same however it was spelled, and before any default is drawn."""
    asked = {
        "fields": fields.model_dump(mode="json", exclude_defaults=True),
        "files": {name: file.sha256 for name, file in files.items()},
    }
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


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


async def reserve(context: Context, tenant: str, order: Order, call: CreateCall) -> Job | None:
    """Take the idempotency key, if one was sent; return the job that it has made already, None if it is ours to make.

    Raises:
        RequestRefused: 404, 409, 422.
        StoreUnavailable
    """
    if call.idempotency_key is None:
        return None
    held_s = context.settings.limits.reservation_s
    reserved = await context.store.reserve_key(
        tenant, call.route, call.idempotency_key, order.fingerprint, call.owner, held_s
    )
    if reserved.state is Reservation.MISMATCH:
        raise RequestRefused("idempotency_key_reused", "the Idempotency-Key stands for another request")
    if reserved.state is Reservation.IN_FLIGHT:
        detail = "the first request with this Idempotency-Key is not finished"
        raise RequestRefused("idempotency_key_in_flight", detail, headers={"Retry-After": "1"})
    if reserved.job_id is None:
        return None
    job = await context.store.get(reserved.job_id, tenant)
    if job is None:
        raise video_not_found(reserved.job_id)  # deleted a moment ago
    return job


@asynccontextmanager
async def holding(context: Context, tenant: str, call: CreateCall) -> AsyncIterator[None]:
    """Renew the reservation of the request's key, if it has one, until the block is left."""
    if call.idempotency_key is None:
        yield
        return
    renewing = asyncio.create_task(renew_again_and_again(context, tenant, call, call.idempotency_key))
    try:
        yield
    finally:
        renewing.cancel()


async def renew_again_and_again(context: Context, tenant: str, call: CreateCall, key: str) -> None:
    """Renew a reservation before it lapses, until it is lost or the task is cancelled."""
    held_s = context.settings.limits.reservation_s
    is_held = True
    while is_held:
        await anyio.sleep(held_s / RENEWALS)
        try:
            is_held = await context.store.renew_key(tenant, call.route, key, call.owner, held_s)
        except StoreUnavailable as error:
            log.warning("reservation_not_renewed", error=str(error))


def job_request(settings: Settings, caller: Identity, order: Order, model: LoadedModel, call: CreateCall) -> JobRequest:
    """Return the job as it will be written, with a new id, every default resolved, and the keys of its inputs."""
    fields, job_id = order.fields, new_job_id()
    chosen = fields.model_dump(include={"priority", "webhook_events"}, exclude_none=True)
    return JobRequest(
        id=job_id,
        tenant=caller.tenant,
        model=model.id,
        queue_class=model.id,
        options=job_options(fields),
        inputs={name: input_key(job_id, name, file.kind.suffix) for name, file in order.files.items()},
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


async def store_inputs(storage: ObjectStorage, keys: Mapping[str, str], files: Mapping[str, SpooledFile]) -> None:
    """Put every file under its key.

    Raises:
        StorageUnavailable
    """
    for name, file in files.items():
        await anyio.to_thread.run_sync(storage.put_file, keys[name], file.path, file.kind.content_type)


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
