"""Laws of captions at the HTTP face: what they are made of is stored, asked about, kept and changed by a remix."""

from typing import Any

import httpx
import pytest

from api.preflight import question_about
from jobs.job import JobOptions
from jobs.settings import Settings
from jobs.store import JobStore
from tests.integration.api.creating import FILES, nothing_is_left, stored
from tests.integration.api.scripted_worker import CAPTIONS, ScriptedWorker

VTT = "WEBVTT\n\n00:00.100 --> 00:00.400\nHi\n".encode("utf-8-sig")
SRT = b"1\n00:00:00,100 --> 00:00:00,400\nHi\n"
SAID = "Good morning, and welcome."
WITH_FILE = {**FILES, "captions_file": ("own.txt", SRT, "text/plain")}
TRANSCRIBED = {"captions": "vtt", "transcript": SAID, "language": "en-GB"}


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def remixed(client: httpx.Client, source: httpx.Response, **how: Any) -> httpx.Response:
    return client.post(f"/v1/videos/{source.json()['id']}/remix", **how)


def test_a_transcript_is_in_the_job_and_in_its_remix_and_is_asked_about(alice: httpx.Client, store: JobStore) -> None:
    made = alice.post("/v1/videos", files=FILES, data=TRANSCRIBED)
    kept = remixed(alice, made, json={"seed": 5})
    other = remixed(alice, made, json={"transcript": "Good evening."})
    without = remixed(alice, made, json={"captions": "off"})

    requests = [stored(store, answer).request for answer in (made, kept, other, without)]
    assert [(each.options.captions, each.transcript, each.language) for each in requests] == [
        ("vtt", SAID, "en-GB"), ("vtt", SAID, "en-GB"), ("vtt", "Good evening.", "en-GB"), ("off", SAID, "en-GB"),
    ]  # fmt: skip
    asked = question_about({}, requests[0].options, transcript=SAID)
    assert (asked["captions"], asked["transcript"]) == ("vtt", SAID)
    assert "captions" not in question_about({}, requests[3].options, transcript=SAID)


@pytest.mark.parametrize(("content", "suffix"), [(SRT, ".srt"), (VTT, ".vtt"), ("WEBVTT".encode("utf-16"), ".srt")])
def test_a_captions_file_is_stored_by_its_content_and_a_remix_keeps_it(
    alice: httpx.Client, store: JobStore, content: bytes, suffix: str
) -> None:
    sent = {**FILES, "captions_file": ("own.exe", content, "image/png")}

    made = alice.post("/v1/videos", files=sent, data={"captions": "vtt"})

    for answer in (made, remixed(alice, made, json={"seed": 5})):
        assert stored(store, answer).request.inputs["captions_file"].endswith(f"/inputs/captions_file{suffix}")


def test_a_remix_brings_another_file_or_words_instead_of_the_file(alice: httpx.Client, store: JobStore) -> None:
    made = alice.post("/v1/videos", files=WITH_FILE, data={"captions": "vtt"})

    other = remixed(alice, made, files={"captions_file": ("a.vtt", VTT)})
    words = remixed(alice, made, json={"transcript": SAID})
    back = remixed(alice, words, files={"captions_file": ("a.vtt", VTT)})

    inputs = [stored(store, answer).request.inputs for answer in (other, words, back)]
    assert inputs[0]["captions_file"].endswith(".vtt")
    assert "captions_file" not in inputs[1]
    assert inputs[2]["captions_file"].endswith(".vtt")
    assert [stored(store, answer).request.transcript for answer in (words, back)] == [SAID, None]


@pytest.mark.parametrize(
    ("files", "data", "told"),
    [
        (FILES, {"captions": "vtt"}, {"/captions": "needs words"}),
        (FILES, {"captions": "srt"}, {"/captions": "'off' or 'vtt'"}),
        (FILES, {"transcript": SAID}, {"/transcript": "for captions=vtt"}),
        (WITH_FILE, {}, {"/captions_file": "for captions=vtt"}),
        (WITH_FILE, {"captions": "vtt", "transcript": SAID}, {"/transcript": "captions_file or transcript"}),
        (FILES, {"captions": "vtt", "transcript": " — "}, {"/transcript": "neither a letter nor a digit"}),
        (FILES, {"captions": "vtt", "transcript": "x" * 20_001}, {"/transcript": "20001 characters"}),
        (FILES, {"language": "de"}, {"/language": "is of text"}),
        (
            {"image": FILES["image"]},
            {"captions": "vtt", "transcript": SAID, "text": SAID},
            {"/transcript": "text or transcript"},
        ),
        (
            WITH_FILE,
            {"captions": "maybe", "transcript": "…", "seed": "x"},
            {"/captions": "'off'", "/seed": "number", "/transcript": "", "/captions_file": "for captions=vtt"},
        ),
    ],
)  # fmt: skip
def test_what_captions_cannot_be_made_of_is_refused_together(
    alice: httpx.Client, settings: Settings, store: JobStore, files: dict[str, Any], data: dict[str, str],
    told: dict[str, str],
) -> None:  # fmt: skip
    answer = alice.post("/v1/videos", files=files, data=data)

    found = {row["pointer"]: row["detail"] for row in answer.json()["errors"]}
    assert (answer.status_code, set(found)) == (422, set(told))
    assert all(word in found[pointer] for pointer, word in told.items())
    assert nothing_is_left(settings, store)


def test_what_is_no_captions_file_is_a_415_that_names_it(
    alice: httpx.Client, settings: Settings, store: JobStore
) -> None:
    sent = {**FILES, "captions_file": ("own.vtt", b"Hello, world")}

    answer = alice.post("/v1/videos", files=sent, data={"captions": "vtt"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (415, "captions_file")
    assert "WebVTT, SubRip" in answer.json()["detail"]
    assert nothing_is_left(settings, store)


def test_captions_are_downloaded_as_text_for_players(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one(options=JobOptions(seed=1, captions="vtt"), transcript=SAID)
    plain = worker.complete_one()

    answer = alice.get(f"/v1/videos/{job.id}/content", params={"variant": "captions"})
    none = alice.get(f"/v1/videos/{plain.id}/content", params={"variant": "captions"})

    assert (answer.status_code, answer.content) == (200, CAPTIONS)
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('captions.vtt"')
    assert none.status_code == 404
