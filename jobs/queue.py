"""Queue and task names, and the doorbell: a message that says only that work of a class exists."""

from collections.abc import Callable

PREFLIGHT_QUEUE = "preflight"
DELIVERY_QUEUE = "delivery"
HOUSEKEEPING_QUEUE = "housekeeping"

RENDER_TASK = "render"
PREFLIGHT_TASK = "preflight"
DELIVER_TASK = "deliver"
HOUSEKEEPING_TASK = "housekeeping"

PREFLIGHT_EXPIRES_S = 10.0
# Of a message: a broker that restarted is found by the second try; one that is silent costs a time-out for each.
RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}

# Sends one message: task name, queue name, keyword arguments, seconds until it is worthless (None: never).
Sender = Callable[[str, str, dict[str, str], float | None], None]


def video_queue(queue_class: str) -> str:
    """Return the queue of the render workers of a class."""
    return f"video.{queue_class}"


def ring(send: Sender, queue_class: str) -> None:
    """Ring for one class of render workers; a ring too many finds nothing and is dropped."""
    send(RENDER_TASK, video_queue(queue_class), {"queue_class": queue_class}, None)


def ring_delivery(send: Sender) -> None:
    """Tell the delivery worker that the outbox has something due."""
    send(DELIVER_TASK, DELIVERY_QUEUE, {}, 60.0)


def ring_housekeeping(send: Sender) -> None:
    """Tell the housekeeping worker that purges are due."""
    send(HOUSEKEEPING_TASK, HOUSEKEEPING_QUEUE, {}, 60.0)


def ring_preflight(send: Sender) -> None:
    """Tell a preflight worker that somebody asks; the question lies in the store."""
    send(PREFLIGHT_TASK, PREFLIGHT_QUEUE, {}, PREFLIGHT_EXPIRES_S)
