"""A job's events as a stream (server-sent events), from any event on."""

import random
import re

from fastapi import APIRouter, Depends, Header
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from api.dependencies import ContextDep, Reader, hold_waiting_place
from api.errors import RequestRefused, video_not_found
from api.following import FIRST_EVENT, follow
from api.schemas import problems
from jobs.events import EventType

router = APIRouter(tags=["videos"])

EVENT_ID = re.compile(r"\d{1,19}(-\d{1,19})?", re.ASCII)  # the store's; more digits are no 64-bit number
END_S = 2.0  # from a stop until a stream that did not end by itself is cut
STREAM = {
    "description": "`event`: a type; `id`: for `Last-Event-ID`; `data`: the video object as it was then.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "event": {"enum": [kind.value for kind in EventType]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
                "required": ["id", "event", "data"],
            }
        }
    },
}


@router.get(
    "/v1/videos/{video_id}/events",
    summary="Follow a video (server-sent events)",
    response_class=Response,
    dependencies=[Depends(hold_waiting_place)],
    responses={
        200: STREAM,
        204: {"description": "It has ended and you have every event: do not connect again."},
        **problems(400, 401, 404, 429, 503),
    },
)
async def follow_video(
    video_id: str,
    identity: Reader,
    context: ContextDep,
    last_event_id: str = Header(FIRST_EVENT, description="Id of the last event that you have; browsers send it."),
) -> Response:
    """Send every event after `Last-Event-ID`, then those that come; close after the last one."""
    if EVENT_ID.fullmatch(last_event_id) is None:
        raise RequestRefused("malformed_request", "Last-Event-ID is no id of an event", param="Last-Event-ID")
    job = await context.store.get(video_id, identity.tenant)
    if job is None:
        raise video_not_found(video_id)
    events = await context.store.events_after(video_id, last_event_id)
    if not events and job.status.is_terminal:
        return Response(status_code=204)  # EventSource connects again after a 200, and stops at this

    messages = follow(context.store, video_id, events, last_event_id)
    ping_s = context.settings.limits.sse_ping_s * random.uniform(0.5, 1.0)  # a crowd's comments do not fall together
    answer = EventSourceResponse(messages, ping=ping_s, shutdown_grace_period=END_S)
    del answer.headers["connection"]  # the server's to say: it may be about to stop, the client may speak HTTP/1.0
    return answer
