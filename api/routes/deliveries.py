"""The webhook log of a job, and sending one of its events again by hand."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.dependencies import ContextDep, Reader
from api.errors import RequestRefused, video_not_found
from api.schemas import problems
from api.service_schemas import DeliveryBody, DeliveryList
from jobs.queue import ring_delivery
from jobs.verbs.deliveries import Delivery, DeliveryTry

router = APIRouter(tags=["webhooks"])


@router.get(
    "/v1/videos/{video_id}/deliveries",
    summary="The webhook log of a video",
    response_model=DeliveryList,
    responses=problems(401, 404, 429, 503),
)
async def list_deliveries(video_id: str, identity: Reader, context: ContextDep) -> JSONResponse:
    """Return the deliveries, oldest first, each with its tries."""
    deliveries = await context.store.list_deliveries(video_id, identity.tenant)
    if deliveries is None:
        raise video_not_found(video_id)
    return JSONResponse({"object": "list", "data": [delivery_object(each) for each in deliveries]})


@router.post(
    "/v1/videos/{video_id}/deliveries/{delivery_id}/redeliver",
    summary="Send an event again",
    status_code=202,
    response_model=DeliveryBody,
    responses=problems(401, 404, 429, 503),
)
async def redeliver(video_id: str, delivery_id: str, identity: Reader, context: ContextDep) -> JSONResponse:
    """Make the delivery due now, with the same webhook-id and a new schedule."""
    delivery = await context.store.redeliver(video_id, delivery_id, identity.tenant)
    if delivery is None:
        if await context.store.get(video_id, identity.tenant) is None:
            raise video_not_found(video_id)
        raise RequestRefused("delivery_not_found", f"the video has no delivery {delivery_id[:64]}")
    context.bells.ring(ring_delivery)
    return JSONResponse(delivery_object(delivery), 202)


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as clients see it."""
    return {
        "id": delivery.id,
        "object": "webhook.delivery",
        "video_id": delivery.job_id,
        "type": delivery.event_type,
        "state": delivery.state.value,
        "created_at": delivery.created_at_ms // 1000,
        "next_at": None if delivery.next_at_ms is None else delivery.next_at_ms // 1000,
        "num_tries": delivery.tries,
        "tries": [_try_object(each) for each in delivery.log],
    }


def _try_object(each: DeliveryTry) -> dict[str, Any]:
    return {
        "at": datetime.fromtimestamp(each.at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "status_code": each.status_code,
        "error": each.error,
        "duration_ms": each.duration_ms,
    }
