"""Laws of a receiver: what the service signs is taken; whatever else comes is one error, however malformed it is."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from mmgt import WebhookRefused, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = json.dumps({"id": "msg_1", "type": "video.completed", "data": {"id": "video_0", "prompt": "é"}}).encode()
WRONG = {
    "webhook-id": ("", "msg_other", "é"),
    "webhook-timestamp": ("", "x", "nan", "inf", "1e400", "-1", "0", "9" * 400, "1_0", "²"),
    "webhook-signature": ("", "x", ",", "v1", "v1,", "v1,a", "v1,!!!!", "v1,a,b", "v2,x", "v1,ééé", ",,,,", "v1,===="),
}


def signed(body: bytes = BODY, age: timedelta = timedelta()) -> dict[str, str]:
    at = datetime.now(UTC) - age
    signature = Webhook(SECRET).sign("msg_1", at, body.decode())
    return {
        "Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature,
    }  # fmt: skip


def test_what_was_signed_is_taken() -> None:
    event = verify_webhook(BODY, signed(), SECRET)

    assert (event["type"], event["data"]["id"], event["data"]["prompt"]) == ("video.completed", "video_0", "é")


def test_a_second_signature_holds_while_a_secret_rotates() -> None:
    headers = signed() | {"Webhook-Signature": f"v1,{'A' * 43}= {signed()['Webhook-Signature']}"}

    assert verify_webhook(BODY, headers, SECRET)["id"] == "msg_1"


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_malformed_header_is_refused(name: str, value: str) -> None:
    headers = {key.lower(): text for key, text in signed().items()} | {name: value}

    with pytest.raises(WebhookRefused):
        verify_webhook(BODY, headers, SECRET)


@pytest.mark.parametrize("body", [BODY + b" ", b"\xff\xfe", b""])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefused):
        verify_webhook(body, signed(), SECRET)


def test_a_body_that_is_no_json_is_refused_though_it_is_signed() -> None:
    with pytest.raises(WebhookRefused):
        verify_webhook(b"{", signed(b"{"), SECRET)


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_what_is_old_or_of_the_future_is_refused(age: timedelta) -> None:
    with pytest.raises(WebhookRefused):
        verify_webhook(BODY, signed(age=age), SECRET)


@given(name=st.sampled_from(sorted(WRONG)), value=st.text(max_size=40))
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_any_header_in_place_of_ours_is_refused(name: str, value: str) -> None:
    headers = {key.lower(): text for key, text in signed().items()} | {name: value}

    with pytest.raises(WebhookRefused):
        verify_webhook(BODY, headers, SECRET)
