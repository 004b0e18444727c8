"""Remix: a new job from another's stored inputs, with changed fields or another image; then the create road as ever."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl

import anyio.to_thread
from fastapi import Request

from api.auth import Identity
from api.captions import CAPTIONS_FILE, check_captions
from api.create_call import CreateCall
from api.create_schema import REMIXED_FILES
from api.dependencies import Context
from api.errors import Finding, RequestRefused, invalid_fields
from api.fields import BACKDROP_IMAGE, CreateFields, check_fields, check_files, read_fields
from api.multipart import FilePart, Upload
from api.orders import IMAGE_ALIAS, Order, by_proper_names, fingerprint_of
from api.reservations import reserve
from api.spoken import check_text, words_of
from api.submission import Submitted, job_options, job_request, make_jobs, pick_model, store_inputs, takes
from api.uploads import create_parts
from jobs.errors import ObjectNotFound
from jobs.job import Job, JobOptions, JobRequest, JobStatus, input_key, speech_key
from jobs.settings import LimitSettings
from jobs.storage import ObjectStorage

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MADE_POSES = "poses"  # the input that a remix makes of a job's `keypoints`: they are rendered as they are
POSE_FIELDS = ("gesture_strength", "head_strength", "smoothing", "loop", "start_pose", "lips", "crop")  # shape poses
# Fields of a create that lie in the request as they were asked for; options lie beside them.
KEPT_FIELDS = (
    "model",
    "prompt",
    "text",
    "voice",
    "language",
    "transcript",
    "metadata",
    "webhook_url",
    "expires_after_s",
    "queue_ttl_s",
    "priority",
)


async def remix(context: Context, caller: Identity, source: Job, upload: Upload, call: CreateCall) -> Submitted:
    """Make a job of another's inputs.

    Raises:
        RequestRefused: 404, 409, 422, 503.
        JobsError: as the table of errors has it.
    """
    order = remix_order(source, upload, context)
    model = await pick_model(context, order.fields)
    earlier = await reserve(context, caller.tenant, order, call)
    is_list = order.fields.n is not None
    if earlier:
        return Submitted(earlier, is_replay=True, is_list=is_list)
    kept = source_keys(source, order.fields)
    first = from_source(job_request(context.settings, caller, order, model, call), source, kept)

    async def store(request: JobRequest) -> Mapping[str, str]:
        refuse_expired(source)
        refuse_unmade_poses(source, order.fields)
        brought = await store_inputs(context.storage, request.inputs, order.files)
        unchanged = {name: key for name, key in kept.items() if name not in order.files}
        return {**brought, **await copy_inputs(context.storage, source, request, unchanged)}

    made, is_replay = await make_jobs(context, takes(first, order.fields.n), call, store)
    return Submitted(made, is_replay, is_list)


@asynccontextmanager
async def read_changes(context: Context, request: Request) -> AsyncIterator[Upload]:
    """Read what is to be different: multipart (with another image), a form, a JSON object, or nothing at all.

    Raises:
        RequestRefused: 400, 408, 413, 415, 422, 503.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with context.uploads.receive(request, remix_parts(context.settings.limits)) as upload:
            yield upload
        return
    body = await bounded_body(request, context.settings.limits.max_field_bytes)
    if kind == JSON:
        yield Upload(tuple(json_pairs(body)), {})
    elif kind == FORM or not body:
        yield Upload(tuple(form_pairs(body, context.settings.limits.max_fields)), {})
    else:
        raise RequestRefused("unsupported_media_type", f"the body must be multipart/form-data, {FORM} or {JSON}")


def remix_parts(limits: LimitSettings) -> dict[str, FilePart]:
    """Return the file parts of a remix: only pictures and captions may be others."""
    return {name: part for name, part in create_parts(limits).items() if name in (*REMIXED_FILES, IMAGE_ALIAS)}


async def bounded_body(request: Request, max_bytes: int) -> bytes:
    """Return a small body.

    Raises:
        RequestRefused: 413.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise RequestRefused("payload_too_large", f"the body is longer than {max_bytes} bytes")
    return body


def json_pairs(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a JSON object as a form would send them; null is a field that was not sent.

    Raises:
        RequestRefused: 400.
    """
    try:
        content = json.loads(body.decode("utf-8-sig"))  # of bytes json would guess UTF-16 and UTF-32 as well
        text = json.dumps(content, ensure_ascii=False)
        text.encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise RequestRefused("malformed_request", "the body is no JSON in UTF-8") from error
    if not isinstance(content, dict):
        raise RequestRefused("malformed_request", "the body is no JSON object")
    given = {name: value for name, value in content.items() if value is not None}
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in given.items()]


def form_pairs(body: bytes, max_fields: int) -> list[tuple[str, str]]:
    """Return the fields of a form; an input that was left empty is none.

    Raises:
        RequestRefused: 400.
    """
    try:
        return parse_qsl(body.decode(), errors="strict", max_num_fields=max_fields)
    except ValueError as error:
        raise RequestRefused(
            "malformed_request", f"the form cannot be read, or has over {max_fields} fields"
        ) from error


def remix_order(source: Job, upload: Upload, context: Context) -> Order:
    """Return what is wanted: what was asked for before, changed.

    Raises:
        RequestRefused: 422, with everything that is wrong.
    """
    settings = context.settings
    changes, findings = read_fields(upload.fields)
    files, doubled = by_proper_names(upload.files)
    fields = CreateFields.model_validate(asked_before(source, changes, files) | changes.model_dump(exclude_unset=True))
    findings += check_fields(fields, settings) + doubled + check_files(fields, {*kept_inputs(source, fields), *files})
    if words_of(fields) != words_of(source.request):
        findings += check_text(fields, settings.limits, context.speech)
    findings += check_made_poses(source, fields, files)
    findings += check_captions(fields, {*source_keys(source, fields), *files}, settings.limits)
    if findings:
        raise invalid_fields(findings)
    print_of_all = sha256(f"{source.id} {fingerprint_of(fields, files)}".encode()).hexdigest()
    return Order(fields, files, print_of_all)


def kept_inputs(source: Job, fields: CreateFields) -> set[str]:
    """Return the source's files that go on: not its sound, where text stands for it now, nor a backdrop's picture where
    another backdrop is named."""
    gone = {"audio"} if fields.text is not None else set()
    return set(source.request.inputs) - gone - ({BACKDROP_IMAGE} if fields.backdrop is not None else set())


def asked_before(source: Job, changes: CreateFields, brought: Collection[str]) -> dict[str, Any]:
    """Return the source's fields that go on.

    The crop belongs to its image, consent to the person in it, and a transcript to speech that nothing stands for now.

    Args:
        brought: names of the files that come with the remix: its backdrop's stands in place of the source's.
    """
    request = source.request
    fields = asdict(request.options) | {name: getattr(request, name) for name in KEPT_FIELDS}
    fields |= {"webhook_events": request.webhook_events, "consent": request.consented_at_ms is not None}
    if "image" in brought:
        fields |= {"crop": None, "consent": False}
    if request.options.backdrop == JobOptions.backdrop or BACKDROP_IMAGE in brought:
        fields |= {"backdrop": None}
    if CAPTIONS_FILE in brought or changes.text is not None:
        fields |= {"transcript": None}
    return fields


def has_made_poses(source: Job, fields: CreateFields) -> bool:
    """Return whether a remix renders poses that are made: the source ends with them, or was itself rendered of such."""
    is_source = source.request.options.ends_with_poses or MADE_POSES in source.request.inputs
    return is_source and fields.until == "video"


def source_keys(source: Job, fields: CreateFields) -> dict[str, str]:
    """Return the source's storage keys by the name of the input that each is now; a transcript replaces captions."""
    replaced = {MADE_POSES} | ({BACKDROP_IMAGE} if fields.backdrop is not None else set())
    replaced |= {CAPTIONS_FILE} if fields.transcript is not None else set()
    kept = {name: key for name, key in source.request.inputs.items() if name not in replaced}
    if not has_made_poses(source, fields):
        return kept
    return kept | {MADE_POSES: source.request.inputs.get(MADE_POSES) or source.results.get("keypoints", "")}


def check_made_poses(source: Job, fields: CreateFields, files: Collection[str]) -> tuple[Finding, ...]:
    """Return what would have made other poses than those that are to be rendered."""
    if not has_made_poses(source, fields):
        return ()
    made, wanted = source.request.options, job_options(fields)
    changed = [name for name in POSE_FIELDS if getattr(made, name) != getattr(wanted, name)]
    if fields.text is not None or source.request.text is not None:
        spoken = ("text", "voice", "language")
        changed += [name for name in spoken if getattr(source.request, name) != getattr(fields, name)]
    changed += ["image"] if "image" in files else []
    why = f"the poses of {source.id} are made; remix it with until=poses for others"
    return tuple(Finding("invalid_value", f"{name}: {why}", name) for name in changed)


def refuse_unmade_poses(source: Job, fields: CreateFields) -> None:
    """Raise the 409 for a source that has not come to its poses, or whose poses are gone.

    Raises:
        RequestRefused: 409.
    """
    is_lacking = source.request.options.ends_with_poses and source.status is not JobStatus.COMPLETED
    if is_lacking and has_made_poses(source, fields):
        raise RequestRefused("poses_not_ready", f"{source.id} is {source.status.value}; it has no poses to render")


def from_source(request: JobRequest, source: Job, kept_keys: Mapping[str, str]) -> JobRequest:
    """Return the job with all of the source's inputs that it does not bring itself. kept_keys: what of it stays."""
    kept = {
        name: input_key(request.id, name, PurePosixPath(key).suffix)
        for name, key in kept_keys.items()
        if name not in request.inputs
    }
    consented_at_ms = request.consented_at_ms
    if consented_at_ms is not None and "image" not in request.inputs:
        consented_at_ms = source.request.consented_at_ms or consented_at_ms  # the same person, asked then
    return replace(
        request, inputs=request.inputs | kept, remixed_from_video_id=source.id, seconds=source.seconds,
        estimate_s=source.request.estimate_s, consented_at_ms=consented_at_ms,
    )  # fmt: skip


async def copy_inputs(
    storage: ObjectStorage, source: Job, request: JobRequest, kept: Mapping[str, str]
) -> dict[str, str]:
    """Copy within the store what is kept, the source's key by the input's name; speech if it is to be spoken again.

    Raises:
        RequestRefused: 409, they are gone.
        StorageUnavailable
    """
    given = dict(kept)
    sound = given.pop("audio", None) if request.text is not None else None
    for name, key in given.items():
        try:
            await anyio.to_thread.run_sync(storage.copy, key, request.inputs[name])
        except ObjectNotFound as error:
            raise inputs_expired(source) from error
    copied = {name: request.inputs[name] for name in given}
    if sound is not None and words_of(request) == words_of(source.request):
        try:
            await anyio.to_thread.run_sync(storage.copy, speech_key(source.id), speech_key(request.id))
            await anyio.to_thread.run_sync(storage.copy, sound, request.inputs["audio"])
        except ObjectNotFound:
            return copied  # nobody has spoken it yet
        copied["audio"] = request.inputs["audio"]
    return copied


def refuse_expired(source: Job) -> None:
    """Raise the 409 for a source whose inputs are gone.

    Raises:
        RequestRefused: 409.
    """
    if source.inputs_expired:
        raise inputs_expired(source)


def inputs_expired(source: Job) -> RequestRefused:
    """Return the 409."""
    return RequestRefused("inputs_expired", f"the inputs of {source.id} are gone; create a new video")
