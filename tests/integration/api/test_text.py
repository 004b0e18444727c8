"""Laws of `text` at the HTTP face: what is refused and why, what is asked about it, and how it is remixed."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.job import Job, speech_key
from jobs.settings import Settings, StoreSettings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from tests.integration.api.creating import FILES, MP4, PNG, nothing_is_left
from tests.integration.api.scripted_preflight import ScriptedPreflight
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for

IMAGE = {"image": FILES["image"]}
TEXT = "Wilhelmina hid the key under the old stone bridge, and nobody ever found it there."
SPEECH = b"RIFF\0\0\0\0WAVE spoken"
SERVER = {"url": "http://speech:8880/v1/audio/speech", "voices": "nova=en-US, ff_siwis=fr"}
SEEN = {"findings": [], "warnings": [], "seconds": 4.8, "crop": "0,0,512,512", "num_frames": 120, "segments": 2,
        "estimate_s": 9.0, "keypoints": None}  # fmt: skip
Ask = Callable[..., httpx.Client]


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


@pytest.fixture
def alice_of(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Ask]:
    """A client of a service with its own speech settings, on the same store and storage."""
    apps: list[ServedApp] = []

    def serve(**speech: Any) -> httpx.Client:
        limits = {"preflight_wait_s": 1.0, "max_text_chars": 100}
        apps.append(ServedApp(settings_for(store_settings, tmp_path, speech=speech, limits=limits)))
        apps[-1].start()
        return apps[-1].client("alice")

    yield serve
    for app in apps:
        app.stop()


@pytest.fixture
def preflight(settings: Settings, store: JobStore, storage: ObjectStorage) -> Iterator[ScriptedPreflight]:
    scripted = ScriptedPreflight(settings, store, storage, SEEN)
    scripted.start()
    yield scripted
    scripted.stop()


def create(client: httpx.Client, files: dict[str, Any] = IMAGE, **fields: str) -> httpx.Response:
    return client.post("/v1/videos", files=files, data=fields)


def job_of(store: JobStore, answer: httpx.Response) -> Job:
    assert answer.status_code == 202, answer.text
    job = store.get(answer.json()["id"])
    assert job is not None
    return job


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(row["pointer"], row["code"]) for row in answer.json()["errors"]]


def spoken_by_a_worker(worker: ScriptedWorker, job: Job) -> Job:
    """Claimed, spoken, stored, finished, as a render worker does."""
    claimed = worker.claim()
    assert claimed.id == job.id
    worker.storage.put_bytes(speech_key(job.id), b'{"made_by": "espeak"}', "application/json")
    worker.storage.put_bytes(job.request.inputs["audio"], SPEECH, "audio/wav")
    worker.finish(claimed)
    return claimed


def test_text_stands_for_a_recording_and_the_job_knows_it_and_where_its_speech_will_lie(
    alice: httpx.Client, store: JobStore, storage: ObjectStorage
) -> None:
    job = job_of(store, create(alice, text=TEXT, voice="f2", language="en-US"))

    assert (job.request.text, job.request.voice, job.request.language) == (TEXT, "f2", "en-US")
    assert job.request.inputs["audio"] == f"videos/{job.id}/inputs/audio.wav"
    assert storage.head(job.request.inputs["audio"]) is None
    assert job.seconds == pytest.approx(len(TEXT) / 17, abs=0.1)


def test_preflight_is_asked_about_the_image_and_told_how_long_the_speech_will_be(
    alice: httpx.Client, store: JobStore, preflight: ScriptedPreflight
) -> None:
    job = job_of(store, create(alice, text=TEXT))

    (asked,) = preflight.asked
    assert set(asked) == {"request_id", "image", "crop", "framing", "unspoken_s"}
    assert float(asked["unspoken_s"]) == pytest.approx(len(TEXT) / 17, abs=0.1)
    assert preflight.found_inputs == [True]
    assert (job.seconds, job.request.estimate_s, job.warnings) == (4.8, 9.0, ())


def test_validate_says_that_nothing_was_spoken_for_its_numbers(
    alice: httpx.Client, settings: Settings, store: JobStore, preflight: ScriptedPreflight
) -> None:
    answer = alice.post("/v1/videos/validate", files=IMAGE, data={"text": TEXT}).json()

    assert answer["valid"]
    assert (answer["seconds"], answer["num_frames"]) == (4.8, 120)
    assert [warned["code"] for warned in answer["warnings"]] == ["seconds_estimated"]
    assert "4.8 s is estimated" in answer["warnings"][0]["message"]
    assert nothing_is_left(settings, store)


def test_validate_of_a_recording_estimates_nothing(alice: httpx.Client, preflight: ScriptedPreflight) -> None:
    answer = alice.post("/v1/videos/validate", files=FILES).json()

    assert answer["warnings"] == []
    assert "unspoken_s" not in preflight.asked[0]


def test_a_driving_video_takes_its_sound_from_a_text(alice: httpx.Client, store: JobStore) -> None:
    job = job_of(store, create(alice, {**IMAGE, "driving_video": ("d.mp4", MP4)}, text=TEXT))

    assert set(job.request.inputs) == {"image", "driving_video", "audio"}


@pytest.mark.parametrize(
    ("fields", "files", "expected"),
    [
        ({"text": TEXT}, FILES, [("/text", "invalid_value")]),
        ({"text": " …!? \n"}, IMAGE, [("/text", "invalid_value")]),
        ({"text": "a" * 101}, IMAGE, [("/text", "invalid_value")]),
        ({"text": TEXT, "voice": "zoe"}, IMAGE, [("/voice", "invalid_value")]),
        ({"text": TEXT, "language": "xx"}, IMAGE, [("/language", "invalid_value")]),
        ({"text": TEXT, "language": "English!"}, IMAGE, [("/language", "invalid_value")]),
        ({"voice": "f1", "language": "en"}, FILES, [("/voice", "invalid_value"), ("/language", "invalid_value")]),
        ({}, IMAGE, [("/audio", "missing_field")]),
        (
            {"text": "a" * 101, "voice": "zoe", "seed": "-1"}, FILES,
            [
                ("/seed", "invalid_value"), ("/text", "invalid_value"), ("/voice", "invalid_value"),
                ("/text", "invalid_value"),
            ],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_spoken_is_refused_by_name_and_all_of_it_at_once(
    alice_of: Ask,
    settings: Settings,
    store: JobStore,
    fields: dict[str, str],
    files: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    assert faults(create(alice_of(), files, **fields)) == expected
    assert nothing_is_left(settings, store)


def test_refusals_tell_the_number_and_what_there_is(alice_of: Ask) -> None:
    alice = alice_of(**SERVER)

    long = create(alice, text="a" * 101).json()["detail"]
    voice = create(alice, text=TEXT, voice="zoe").json()["detail"]
    language = create(alice, text=TEXT, voice="nova", language="fr").json()["detail"]

    assert long == "text has 101 characters; the limit is 100"
    assert voice == "voice is 'zoe'; there are nova, ff_siwis"
    assert language == "language is 'fr'; the voice nova speaks en-us"


def test_a_text_of_just_the_limit_is_taken(alice_of: Ask) -> None:
    assert create(alice_of(), text="a" * 100).status_code == 202


def test_a_letter_that_is_a_syllable_is_estimated_to_take_longer(alice: httpx.Client, store: JobStore) -> None:
    seconds = [job_of(store, create(alice, text=letter * 20)).seconds for letter in ("人", "a")]

    assert seconds == [4.0, 1.2]


def test_a_service_without_speech_says_what_its_operator_must_set(alice_of: Ask) -> None:
    answer = create(alice_of(espeak=False), text=TEXT)

    assert faults(answer) == [("/text", "speech_not_configured")]
    assert "MMGT_SPEECH__URL" in answer.json()["detail"]


def test_a_server_whose_voices_nobody_listed_takes_any(alice_of: Ask, store: JobStore) -> None:
    job = job_of(store, create(alice_of(url=SERVER["url"]), text=TEXT, voice="whoever", language="tlh"))

    assert (job.request.voice, job.request.language) == ("whoever", "tlh")


def test_voices_are_listed_as_the_operator_named_them(alice_of: Ask) -> None:
    answer = alice_of(**SERVER).get("/v1/voices").json()

    assert answer == {
        "object": "list", "speaker": "server", "default_voice": "nova", "languages": ["en-us", "fr"],
        "data": [
            {"object": "voice", "id": "nova", "languages": ["en-us"]},
            {"object": "voice", "id": "ff_siwis", "languages": ["fr"]},
        ],
    }  # fmt: skip


def test_espeaks_voices_speak_every_language_that_is_listed(alice: httpx.Client) -> None:
    answer = alice.get("/v1/voices").json()

    assert (answer["speaker"], answer["default_voice"]) == ("espeak", "m3")
    assert {"en", "de", "cmn", "pt-br"} <= set(answer["languages"])
    assert {voice["id"]: voice["languages"] for voice in answer["data"]}["f1"] is None


def test_who_cannot_speak_lists_no_voice(alice_of: Ask) -> None:
    answer = alice_of(espeak=False).get("/v1/voices").json()

    assert (answer["speaker"], answer["default_voice"], answer["data"], answer["languages"]) == (None, None, [], [])


def test_a_remix_takes_the_speech_that_was_made(
    alice: httpx.Client, store: JobStore, storage: ObjectStorage, worker: ScriptedWorker, preflight: ScriptedPreflight
) -> None:
    source = job_of(store, create(alice, text=TEXT, voice="f1"))
    spoken_by_a_worker(worker, source)

    again = job_of(store, alice.post(f"/v1/videos/{source.id}/remix", json={"seed": 5}))

    assert (again.request.text, again.request.voice) == (TEXT, "f1")
    assert b"".join(storage.stream(again.request.inputs["audio"])) == SPEECH
    assert storage.head(speech_key(again.id)) is not None
    assert "unspoken_s" not in preflight.asked[-1]
    assert preflight.asked[-1]["audio"] == again.request.inputs["audio"]


@pytest.mark.parametrize("change", [{"text": "Something else."}, {"voice": "m2"}, {"language": "de"}])
def test_a_remix_of_other_words_or_another_voice_is_spoken_anew(
    alice: httpx.Client, store: JobStore, storage: ObjectStorage, worker: ScriptedWorker, change: dict[str, str]
) -> None:
    source = job_of(store, create(alice, text=TEXT, voice="f1", language="en"))
    spoken_by_a_worker(worker, source)

    again = job_of(store, alice.post(f"/v1/videos/{source.id}/remix", json=change))

    (name, value) = next(iter(change.items()))
    assert getattr(again.request, name) == value
    assert storage.head(again.request.inputs["audio"]) is storage.head(speech_key(again.id)) is None
    assert storage.head(again.request.inputs["image"]) is not None


def test_a_text_that_nobody_could_speak_can_be_remixed(
    alice: httpx.Client, store: JobStore, storage: ObjectStorage, worker: ScriptedWorker
) -> None:
    source = job_of(store, create(alice, text=TEXT))
    worker.fail(worker.claim())

    again = job_of(store, alice.post(f"/v1/videos/{source.id}/remix"))

    assert again.request.text == TEXT
    assert storage.head(again.request.inputs["audio"]) is None
    assert again.seconds == source.seconds


def test_a_recording_can_be_remixed_into_a_text(
    alice: httpx.Client, store: JobStore, storage: ObjectStorage, worker: ScriptedWorker
) -> None:
    source = worker.complete_one()

    again = job_of(store, alice.post(f"/v1/videos/{source.id}/remix", json={"text": "Now in words."}))

    assert again.request.text == "Now in words."
    assert storage.head(again.request.inputs["audio"]) is None


def test_another_image_keeps_the_speech(
    alice: httpx.Client, store: JobStore, storage: ObjectStorage, worker: ScriptedWorker
) -> None:
    source = job_of(store, create(alice, text=TEXT))
    spoken_by_a_worker(worker, source)

    again = job_of(store, alice.post(f"/v1/videos/{source.id}/remix", files={"image": ("b.png", PNG + b"!")}))

    assert b"".join(storage.stream(again.request.inputs["audio"])) == SPEECH
    assert again.seconds == 3.2  # as long as the source's video was, not as its text was guessed to be


def test_speech_that_was_made_can_be_remixed_where_nothing_can_be_spoken_any_more(
    alice: httpx.Client, alice_of: Ask, store: JobStore, worker: ScriptedWorker
) -> None:
    source = job_of(store, create(alice, text=TEXT, voice="f1"))
    spoken_by_a_worker(worker, source)
    mute = alice_of(espeak=False)

    job_of(store, mute.post(f"/v1/videos/{source.id}/remix", json={"seed": 5}))
    other = mute.post(f"/v1/videos/{source.id}/remix", json={"text": "Other words."})

    assert faults(other) == [("/text", "speech_not_configured")]


@pytest.mark.parametrize("change", [{"voice": "zoe"}, {"language": "xx"}, {"text": "..."}])
def test_a_remix_is_judged_as_a_create_is(
    alice: httpx.Client, store: JobStore, worker: ScriptedWorker, change: dict[str, str]
) -> None:
    source = job_of(store, create(alice, text=TEXT))

    answer = alice.post(f"/v1/videos/{source.id}/remix", json=change)

    assert faults(answer) == [("/" + next(iter(change)), "invalid_value")]


def test_one_key_with_the_same_text_is_one_video_and_with_another_refused(alice: httpx.Client) -> None:
    def ask(text: str) -> httpx.Response:
        return alice.post("/v1/videos", files=IMAGE, data={"text": text}, headers={"Idempotency-Key": "once"})

    first, second, other = ask(TEXT), ask(TEXT), ask("Other words.")

    assert first.json()["id"] == second.json()["id"]
    assert other.status_code == 422


def test_no_line_of_the_log_and_no_refusal_has_a_word_of_the_text(
    alice_of: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    alice = alice_of()
    caplog.set_level(logging.DEBUG)

    answers = [create(alice, text=text) for text in (TEXT, TEXT * 9)]
    answers.append(create(alice, FILES, text=TEXT, seed="x"))

    assert [answer.status_code for answer in answers] == [202, 422, 422]
    assert "Wilhelmina" not in caplog.text
    assert "Wilhelmina" not in json.dumps([answer.json() for answer in answers])
