"""Everything that can be done with a video, each written once as steps; `mmgt/client.py` gives them to callers."""

import uuid
from collections.abc import Mapping
from typing import Any, Literal, Unpack

from mmgt.answers import DeliveryBody, DeliveryList, JobStatus, ValidationReport, Video, VideoDeleted, VideoList
from mmgt.forms import form_of
from mmgt.paths import video_path
from mmgt.patience import Patience, ask_object
from mmgt.steps import Call, Steps, Tell, Telling
from mmgt.waiting import OnProgress, wait
from mmgt.wishes import CreateWishes, RemixWishes

LARGEST_PAGE = 100


def create(patience: Patience, *, idempotency_key: str | None = None, **wishes: Unpack[CreateWishes]) -> Steps[Video]:
    """Queue a video of the person in `image` speaking `audio`.

    Args:
        idempotency_key: the same key and wishes are the same video, for 24 h; None: one is made, and kept over retries.
        wishes: the fields of a create, docs/http-api.md.

    Raises:
        InvalidRequest: a field or a file is wrong; `findings` has each.
        MmgtError: refused, or nobody answers.
        OSError: a file cannot be read.
    """
    return ask_object(patience, _making("/v1/videos", wishes, idempotency_key))


def create_takes(
    patience: Patience, *, n: int, idempotency_key: str | None = None, **wishes: Unpack[CreateWishes]
) -> Steps[VideoList]:
    """Queue 1 to 4 videos that differ in their seeds, which follow one another: all of them, or none.

    Args:
        n: how many.

    Raises:
        MmgtError: as `create`.
    """
    return ask_object(patience, _making("/v1/videos", {**wishes, "n": n}, idempotency_key))


def create_and_wait(
    patience: Patience,
    *,
    on_progress: OnProgress | None = None,
    timeout_s: float | None = None,
    idempotency_key: str | None = None,
    **wishes: Unpack[CreateWishes],
) -> Steps[Video]:
    """`create`, then `wait`."""
    video = yield from create(patience, idempotency_key=idempotency_key, **wishes)
    return (yield from wait(patience, video["id"], on_progress=on_progress, timeout_s=timeout_s))


def remix(
    patience: Patience, video_id: str, *, idempotency_key: str | None = None, **wishes: Unpack[RemixWishes]
) -> Steps[Video]:
    """Queue a video from the inputs and fields of another, the seed too; what is given here replaces them.

    Raises:
        MmgtError: as `create`; TryLater with code `inputs_expired` where the inputs are gone.
    """
    return ask_object(patience, _making(video_path(video_id, "remix"), wishes, idempotency_key))


def remix_takes(
    patience: Patience, video_id: str, *, n: int, idempotency_key: str | None = None, **wishes: Unpack[RemixWishes]
) -> Steps[VideoList]:
    """`remix`, 1 to 4 at once, by seeds that follow one another: all of them, or none."""
    return ask_object(patience, _making(video_path(video_id, "remix"), {**wishes, "n": n}, idempotency_key))


def _making(path: str, wishes: Mapping[str, Any], idempotency_key: str | None) -> Call:
    return Call("POST", path, headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())}, form=form_of(wishes))


def validate(patience: Patience, **wishes: Unpack[CreateWishes]) -> Steps[ValidationReport]:
    """What is wrong with the inputs, and what would be made of them; no video is made.

    Raises:
        MmgtError: as `create`.
    """
    return ask_object(patience, Call("POST", "/v1/videos/validate", form=form_of(wishes)))


def retrieve(patience: Patience, video_id: str) -> Steps[Video]:
    """The video as it is now."""
    return ask_object(patience, Call("GET", video_path(video_id)))


def list_page(
    patience: Patience,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int | None = None,
    order: Literal["asc", "desc"] | None = None,
    status: JobStatus | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Steps[VideoList]:
    """A page of your videos, the newest first.

    Args:
        after: the last id of the page before.
        before: the first id of the page behind.
        limit: 1 to 100; the service's default is 20.
        order: by creation time.
        metadata: only videos that have all these pairs.
    """
    wanted = {"after": after, "before": before, "limit": limit, "order": order, "status": status}
    query = {name: value for name, value in wanted.items() if value is not None}
    pairs = {f"metadata[{name}]": value for name, value in (metadata or {}).items()}
    return ask_object(patience, Call("GET", "/v1/videos", query | pairs))


def every(
    patience: Patience,
    *,
    order: Literal["asc", "desc"] | None = None,
    status: JobStatus | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Telling[Video]:
    """All your videos, one by one, read page by page."""
    after: str | None = None
    has_more = True
    while has_more:
        page = yield from list_page(
            patience, after=after, limit=LARGEST_PAGE, order=order, status=status, metadata=metadata
        )
        for video in page["data"]:
            yield Tell(video)
        after, has_more = page["last_id"], page["has_more"]


def cancel(patience: Patience, video_id: str) -> Steps[Video]:
    """Ask for its end: at once while it waits, within one step while it runs; the video says how far that is."""
    return ask_object(patience, Call("POST", video_path(video_id, "cancel")))


def delete(patience: Patience, video_id: str) -> Steps[VideoDeleted]:
    """Remove it with all that it was made of, for good; one that runs is ended."""
    return ask_object(patience, Call("DELETE", video_path(video_id)))


def deliveries(patience: Patience, video_id: str) -> Steps[DeliveryList]:
    """Its webhook log."""
    return ask_object(patience, Call("GET", video_path(video_id, "deliveries")))


def redeliver(patience: Patience, video_id: str, delivery_id: str) -> Steps[DeliveryBody]:
    """Send one of its webhooks again."""
    path = video_path(video_id, "deliveries", delivery_id, "redeliver")
    return ask_object(patience, Call("POST", path))
