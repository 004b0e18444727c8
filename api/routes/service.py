"""What the service can do and how busy it is: models, queue, and the caller's own limits."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth import Identity
from api.dependencies import Context, ContextDep, Reader
from api.rate_limit import Window
from api.schemas import problems
from api.service_schemas import LimitsBody, ModelList, QueueBody, VoiceList
from jobs.settings import LimitSettings
from jobs.verbs.registry import WorkerRecord
from jobs.verbs.upkeep import ClassQueue, Place

router = APIRouter(tags=["service"])

PLACES_TOLD = 100


@router.get(
    "/v1/models", summary="Models and their limits", response_model=ModelList, responses=problems(401, 429, 503)
)
async def list_models(identity: Reader, context: ContextDep) -> JSONResponse:
    """Return the presets that render workers have loaded."""
    models = (await context.models.all()).values()
    return JSONResponse(
        {
            "object": "list",
            "data": [
                {"object": "model", "created": 0, "owned_by": "mmgt", "qualities": list(model.qualities), **model.facts}
                for model in sorted(models, key=lambda model: model.id)
            ],
        }
    )


@router.get("/v1/voices", summary="Who speaks `text`", response_model=VoiceList, responses=problems(401, 429, 503))
async def list_voices(identity: Reader, context: ContextDep) -> JSONResponse:
    """Return the voices and languages that `text` may ask for, as far as the service knows them."""
    offer = context.speech
    return JSONResponse(
        {
            "object": "list",
            "speaker": offer.speaker.value if offer else None,
            "default_voice": offer.default_voice if offer else None,
            "languages": list(offer.languages) if offer else [],
            "data": [
                {"object": "voice", "id": voice.id, "languages": list(voice.languages) or None}
                for voice in (offer.voices if offer else ())
            ],
        }
    )


@router.get("/v1/queue", summary="How busy it is", response_model=QueueBody, responses=problems(401, 429, 503))
async def get_queue(identity: Reader, context: ContextDep) -> JSONResponse:
    """Return counts, estimates and the caller's own places; everybody's places, and the workers, to an operator."""
    classes = [await _class_object(context, identity, name) for name in await context.store.queue_classes()]
    body = {
        "object": "queue",
        "waiting": sum(each["waiting_interactive"] + each["waiting_batch"] for each in classes),
        "running": sum(each["running"] for each in classes),
        "data": classes,
        "status_counts": None,
        "workers": None,
    }
    if identity.is_operator:
        body["status_counts"] = await context.store.status_counts()
        workers = await context.store.workers(context.settings.worker.live_s)
        body["workers"] = [_worker_object(worker) for worker in workers]
    return JSONResponse(body)


@router.get("/v1/limits", summary="Your limits", response_model=LimitsBody, responses=problems(401, 429, 503))
async def get_limits(identity: Reader, context: ContextDep) -> JSONResponse:
    """Return how many videos the caller has and may have at once, how often it may call, and how large files may be."""
    limits = context.settings.limits
    quota = await context.store.quota(identity.tenant)
    rates = {window.value: context.limiter.rate(window) for window in Window if window is not Window.FAILED_LOGINS}
    return JSONResponse(
        {
            "object": "limits",
            "tenant": identity.tenant,
            "scope": identity.scope.value,
            "active_videos": await context.store.active_jobs(identity.tenant),
            "max_active_videos": limits.max_active_jobs_per_tenant if quota is None else quota,
            "rates": {name: {"limit": limit, "window_seconds": window_s} for name, (limit, window_s) in rates.items()},
            "uploads": _upload_limits(limits),
        }
    )


async def _class_object(context: Context, identity: Identity, name: str) -> dict[str, Any]:
    queue = await context.store.queue_state(name, identity.tenant, context.settings.worker.live_s)
    whose = "" if identity.is_operator else identity.tenant
    places = await context.store.places(name, whose, PLACES_TOLD)
    return {
        "model": name,
        "waiting_interactive": queue.waiting_interactive,
        "waiting_batch": queue.waiting_batch,
        "running": queue.running,
        "own_waiting": queue.own_waiting,
        "own_running": queue.own_running,
        "workers": queue.workers,
        "estimated_wait_seconds": _wait_s(queue),
        "places": [_place_object(queue, place, identity) for place in places],
    }


def _wait_s(queue: ClassQueue) -> int | None:
    eta_s = queue.eta_s(queue.waiting + 1)
    return None if eta_s is None or queue.mean_job_s is None else round(eta_s - queue.mean_job_s)


def _place_object(queue: ClassQueue, place: Place, identity: Identity) -> dict[str, Any]:
    eta_s = queue.eta_s(place.queue_position)
    return {
        "id": place.job_id,
        "tenant": place.tenant if identity.is_operator else None,
        "priority": place.priority.value,
        "queue_position": place.queue_position,
        "eta_seconds": None if eta_s is None else round(eta_s),
    }


def _worker_object(worker: WorkerRecord) -> dict[str, Any]:
    return {
        "name": worker.name,
        "queues": list(worker.queues),
        "is_ready": worker.is_ready,
        "models": [model["id"] for model in worker.models],
        "device": worker.device,
        "video_id": worker.job_id,
        "seen_at": worker.seen_at_ms // 1000,
    }


def _upload_limits(limits: LimitSettings) -> dict[str, Any]:
    told = (
        "max_image_bytes", "max_image_pixels", "min_image_side_px", "max_side_ratio",
        "max_framed_side_px", "max_audio_bytes", "max_driving_video_bytes", "max_driving_keypoints_bytes",
        "max_captions_bytes", "max_transcript_chars",
        "min_seconds", "max_seconds", "max_metadata_pairs", "max_metadata_key_chars", "max_metadata_value_chars",
        "max_prompt_chars", "max_text_chars", "min_expires_after_s", "max_expires_after_s",
        "min_queue_ttl_s", "max_queue_ttl_s",
    )  # fmt: skip
    return {name: getattr(limits, name) for name in told}
