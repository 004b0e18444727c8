"""Laws of a create's text fields."""

from typing import get_args

import pytest

from api.errors import Finding
from api.fields import CreateFields, WebhookEvent, check_fields, check_model, read_fields
from api.models import LoadedModel
from jobs.events import WEBHOOK_EVENTS
from jobs.settings import Settings

MODEL = LoadedModel("mmgt-demo", "512x512", 25, ("exact", "fast"), {})


def wrong(*pairs: tuple[str, str], **settings: object) -> list[tuple[str, str | None]]:
    fields, findings = read_fields(pairs)
    all_findings = (*findings, *check_fields(fields, Settings.model_validate(settings)))
    return [(finding.code, finding.param) for finding in all_findings]


def test_nothing_sent_is_every_default() -> None:
    fields, findings = read_fields(())

    assert (fields, findings) == (CreateFields(), ())


def test_every_field_is_read_in_its_own_type() -> None:
    pairs = {
        "model": "mmgt-demo", "seed": str(2**53 - 4), "n": "4", "num_inference_steps": "30", "guidance_scale": "3.5",
        "quality": "fast", "face_hands_weight": "1", "lips_weight": "2.5", "background_weight": "0",
        "crop": "10,20,300,300", "framing": "9:16", "backdrop": "#2e6F95", "gesture_strength": "0.5",
        "head_strength": "1.5", "smoothing": "1", "loop": "true",
        "start_pose": "portrait", "lips": "audio", "until": "poses", "allow_silence": "true",
        "size": "512x512", "fps": "25", "webhook_url": "https://example.com/h",
        "webhook_events": "video.completed, video.failed", "metadata": '{"a":"b"}', "expires_after_s": "60",
        "queue_ttl_s": "60", "priority": "batch", "consent": "true", "prompt": "hello",
        "text": "Good morning.", "voice": "f1", "language": "en-US",
        "captions": "vtt", "transcript": "Good morning.",
    }  # fmt: skip

    fields, findings = read_fields(pairs.items())

    assert findings == ()
    assert set(pairs) == set(CreateFields.model_fields)
    assert (fields.seed, fields.n, fields.guidance_scale) == (2**53 - 4, 4, 3.5)
    assert fields.consent is True
    assert fields.webhook_events == ("video.completed", "video.failed")
    assert fields.metadata == {"a": "b"}
    assert wrong(*pairs.items()) == []


NUMBERS = (
    "seed", "n", "num_inference_steps", "guidance_scale", "face_hands_weight", "lips_weight", "background_weight",
    "fps", "gesture_strength", "head_strength", "smoothing", "expires_after_s", "queue_ttl_s",
)  # fmt: skip


def test_the_numbers_among_the_fields_are_these() -> None:
    numeric = {"integer", "number"}
    properties = CreateFields.model_json_schema()["properties"]

    assert {n for n, each in properties.items() if numeric & {o.get("type") for o in each.get("anyOf", ())}} == {
        *NUMBERS
    }


@pytest.mark.parametrize(
    "text", ["1_0", "+5", " 5", "5 ", "\t5", "5\n", "５", "٥", "0x5", "5,0", "1e", "--5", ".", "∞"]
)
@pytest.mark.parametrize("name", NUMBERS)
def test_only_what_a_form_or_json_writes_is_a_number(name: str, text: str) -> None:
    _, findings = read_fields([(name, text)])

    assert [(each.code, each.param) for each in findings] == [("invalid_value", name)]
    assert "is not a number" in findings[0].message


@pytest.mark.parametrize(("text", "value"), [("5", 5.0), ("05", 5.0), ("2.50", 2.5), ("5e-1", 0.5), (".5", 0.5)])
def test_every_spelling_of_a_number_in_a_form_is_read(text: str, value: float) -> None:
    fields, findings = read_fields([("lips_weight", text)])

    assert (fields.lips_weight, findings) == (value, ())


@pytest.mark.parametrize("crop", ["٣,٣,1,1", "３,3,1,1", "1_0,1,1,1"])
def test_a_crop_has_ascii_digits_only(crop: str) -> None:
    assert wrong(("crop", crop)) == [("invalid_value", "crop")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed", "-1"), ("seed", str(2**53)), ("seed", "1.5"), ("seed", "x"), ("seed", ""), ("seed", "9" * 5000),
        ("num_inference_steps", "0"), ("num_inference_steps", "101"), ("guidance_scale", "0.5"),
        ("guidance_scale", "20.1"), ("guidance_scale", "NaN"), ("guidance_scale", "Infinity"), ("lips_weight", "-0.1"),
        ("face_hands_weight", "5.1"), ("background_weight", "nan"), ("quality", "best"), ("crop", "1,2,3"),
        ("crop", "1,2,0,5"), ("crop", "-1,2,3,4"), ("crop", "auto\n"), ("priority", "high"), ("consent", "perhaps"),
        ("webhook_events", "video.created"), ("webhook_events", ""), ("webhook_events", "[1]"),
        ("expires_after_s", "59"), ("expires_after_s", str(30 * 86400 + 1)), ("queue_ttl_s", "59"),
        ("queue_ttl_s", str(7 * 86400 + 1)), ("metadata", "[]"), ("metadata", '{"a":1}'), ("metadata", "x"),
        ("metadata", "[" * 50_000), ("metadata", '{"a":"\\ud800"}'), ("prompt", "x" * 32_001),
    ],
)  # fmt: skip
def test_a_value_out_of_its_range_names_its_field(name: str, text: str) -> None:
    (code, param), *others = wrong((name, text))

    assert (code, param) == ("invalid_value", name)
    assert others == []


def test_an_unknown_field_is_named() -> None:
    _, findings = read_fields([("colour", "red")])

    assert findings == (Finding("unknown_field", "there is no field 'colour'", "colour"),)


def test_everything_wrong_is_told_at_once() -> None:
    found = wrong(
        ("seed", "x"), ("colour", "red"), ("fps", "y"), ("queue_ttl_s", "1"), ("prompt", "a"), ("prompt", "b")
    )

    assert {param for _, param in found} == {"seed", "colour", "fps", "queue_ttl_s", "prompt"}


def test_metadata_comes_as_json_and_as_pairs() -> None:
    fields, findings = read_fields([("metadata", '{"a":"1"}'), ("metadata[b]", "2"), ("metadata[]", "3")])

    assert findings == ()
    assert fields.metadata == {"a": "1", "b": "2", "": "3"}


@pytest.mark.parametrize(
    "pairs",
    [
        tuple((f"metadata[k{i}]", "v") for i in range(17)),
        (("metadata[" + "k" * 65 + "]", "v"),),
        (("metadata[k]", "v" * 513),),
    ],
)
def test_metadata_is_bounded(pairs: tuple[tuple[str, str], ...]) -> None:
    assert wrong(*pairs) == [("invalid_value", "metadata")]


@pytest.mark.parametrize(
    "pairs",
    [
        (("webhook_events", "video.failed"), ("webhook_events", "video.started")),
        (("webhook_events[]", "video.failed"), ("webhook_events[]", "video.started")),
        (("webhook_events", '["video.failed","video.started"]'),),
        (("webhook_events", "video.failed,video.started"),),
    ],
)
def test_a_list_may_come_in_each_way_that_clients_have(pairs: tuple[tuple[str, str], ...]) -> None:
    fields, findings = read_fields(pairs)

    assert findings == ()
    assert fields.webhook_events == ("video.failed", "video.started")


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://127.0.0.1/", "https://10.0.0.1/", "ftp://example.com/", "https://u:p@a.com/"],
)
def test_a_webhook_url_that_must_not_be_called_is_refused_at_once(url: str) -> None:
    assert wrong(("webhook_url", url)) == [("webhook_url_refused", "webhook_url")]


def test_consent_is_required_where_the_operator_says_so() -> None:
    assert wrong(require_consent=True) == [("consent_required", "consent")]
    assert wrong(("consent", "false"), require_consent=True) == [("consent_required", "consent")]
    assert wrong(("consent", "true"), require_consent=True) == []


def test_what_the_model_lacks_is_told_with_what_it_has() -> None:
    fields, _ = read_fields([("size", "720x1280"), ("fps", "30"), ("quality", "turbo")])

    findings = check_model(fields, MODEL)

    assert [finding.param for finding in findings] == ["size", "fps", "quality"]
    assert "exact, fast" in findings[2].message


def test_the_webhook_events_of_the_form_are_those_of_the_service() -> None:
    assert set(get_args(WebhookEvent)) == {event.value for event in WEBHOOK_EVENTS}
