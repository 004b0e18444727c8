"""What a webhook's receiver asks first: did this service send it, and just now?"""

from collections.abc import Mapping
from typing import TypedDict

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from mmgt.answers import Video
from mmgt.errors import WebhookRefused


class WebhookEvent(TypedDict):
    """A delivery's body. `id` stays the same over its tries: one that you have seen is done."""

    id: str
    object: str
    type: str
    created_at: int
    timestamp: str
    data: Video


def verify_webhook(body: bytes, headers: Mapping[str, str], secret: str) -> WebhookEvent:
    """The event of a delivery whose signature holds and which is at most 5 minutes old.

    Args:
        body: the bytes as they came, not parsed and written again.
        headers: of the request; their names in any case.
        secret: `whsec_…`, of `mmgt keys webhook-secret`.

    Raises:
        WebhookRefused: answer 401.
        ValueError: the secret is none.
    """
    verifier = Webhook(secret)
    try:
        event: WebhookEvent = verifier.verify(body, dict(headers))
    except (WebhookVerificationError, ValueError, OverflowError) as error:  # ValueError: malformed, as without a comma
        raise WebhookRefused(str(error) or type(error).__name__) from error
    return event
