"""Laws of webhooks: payload, signature, schedule."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from openai import OpenAI
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from jobs.events import MAX_PAYLOAD_BYTES, RETRY_SCHEDULE_S, EventType, retry_in_s, sign, webhook_body
from jobs.job import Job
from jobs.keys import new_webhook_secret
from jobs.video_object import to_video_object


def test_the_signature_is_that_of_the_published_vector() -> None:
    signed = sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        datetime.fromtimestamp(1614265330, UTC),
    )  # fmt: skip

    assert signed.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signed.headers["webhook-timestamp"] == "1614265330"


def test_receivers_with_the_old_and_with_the_new_secret_accept_while_it_rotates(completed: Job) -> None:
    new, old, foreign = (new_webhook_secret() for _ in range(3))
    body = webhook_body("msg_1", EventType.COMPLETED, 1_793_000_050_123, completed)

    signed = sign("msg_1", body, [new, old], datetime.now(UTC))

    for secret in (new, old):
        assert Webhook(secret).verify(body, signed.headers)["type"] == "video.completed"
    with pytest.raises(WebhookVerificationError):
        Webhook(foreign).verify(body, signed.headers)


def test_the_stock_sdk_unwraps_what_is_sent(completed: Job) -> None:
    secret = new_webhook_secret()
    signed = sign(
        "msg_1", webhook_body("msg_1", EventType.COMPLETED, 1_793_000_050_123, completed), [secret], datetime.now(UTC)
    )
    client = OpenAI(api_key="none", webhook_secret=secret)

    client.webhooks.verify_signature(signed.body, signed.headers)

    with pytest.raises(Exception, match="signature"):
        client.webhooks.verify_signature(signed.body + b" ", signed.headers)


def test_the_body_is_the_event_around_the_video_object(completed: Job) -> None:
    body = json.loads(webhook_body("msg_1", EventType.COMPLETED, 1_793_000_050_123, completed))

    assert body == {
        "id": "msg_1", "object": "event", "type": "video.completed", "created_at": 1_793_000_050,
        "timestamp": "2026-10-26T07:34:10.123Z", "data": to_video_object(completed),
    }  # fmt: skip


def test_a_body_stays_under_20_kb_by_leaving_out_prompt_then_metadata(completed: Job) -> None:
    metadata = {f"key{number}": "я" * 512 for number in range(16)}
    long_prompt = replace(completed, request=replace(completed.request, prompt="x" * 32_000, metadata={"k": "v"}))
    long_both = replace(completed, request=replace(completed.request, prompt="x" * 32_000, metadata=metadata))
    longest = replace(long_both, request=replace(long_both.request, metadata=dict.fromkeys(metadata, "😀" * 512)))

    bodies = [webhook_body("msg_1", EventType.COMPLETED, 0, job) for job in (long_prompt, long_both, longest)]
    videos = [json.loads(body)["data"] for body in bodies]

    assert all(len(body) < MAX_PAYLOAD_BYTES for body in bodies)
    assert [video["prompt"] for video in videos] == [None] * 3
    assert [video["metadata"] for video in videos] == [{"k": "v"}, metadata, {}]


def test_tries_follow_the_schedule_within_a_fifth_and_then_end() -> None:
    for step, delay_s in enumerate(RETRY_SCHEDULE_S):
        drawn = [retry_in_s(EventType.COMPLETED, step) for _ in range(50)]
        assert all(each is not None and 0.8 * delay_s <= each <= 1.2 * delay_s for each in drawn)

    assert retry_in_s(EventType.COMPLETED, len(RETRY_SCHEDULE_S)) is None


def test_progress_is_never_tried_again() -> None:
    assert retry_in_s(EventType.PROGRESS, 1) is None


def test_a_follower_may_hang_up_after_the_end_only() -> None:
    assert {kind for kind in EventType if kind.is_last} == {
        EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED, EventType.EXPIRED,
    }  # fmt: skip
