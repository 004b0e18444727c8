"""A client of the service: `Client`, `AsyncClient`, their errors, what they take and answer. No torch, no numpy."""

from mmgt.answers import ProgressDetail, ValidationReport, Variant, Video, VideoList
from mmgt.client import AsyncClient, Client
from mmgt.errors import (
    DownloadCorrupt,
    InvalidRequest,
    MmgtError,
    NotCompleted,
    NotFound,
    Refused,
    TryLater,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
    WaitTimedOut,
    WebhookRefused,
)
from mmgt.events import Event
from mmgt.files import FileInput
from mmgt.webhooks import verify_webhook
from mmgt.wishes import CreateWishes, RemixWishes

__all__ = [
    "AsyncClient",
    "Client",
    "CreateWishes",
    "DownloadCorrupt",
    "Event",
    "FileInput",
    "InvalidRequest",
    "MmgtError",
    "NotCompleted",
    "NotFound",
    "ProgressDetail",
    "Refused",
    "RemixWishes",
    "TryLater",
    "Unauthorised",
    "UnexpectedAnswer",
    "Unreachable",
    "ValidationReport",
    "Variant",
    "Video",
    "VideoList",
    "WaitTimedOut",
    "WebhookRefused",
    "verify_webhook",
]
