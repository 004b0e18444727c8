"""Laws of a job that came as text, from the claim to the stored video: spoken once, kept, and failed without a loss."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import StorageUnavailable
from jobs.job import ErrorCode, Job, JobOptions, JobStatus, input_key, new_job_id, speech_key
from jobs.settings import StoreSettings
from mmgt_core.pipelines.progress import RunControl
from tests.captured_logs import every_line
from tests.integration.worker.alone import create_job, place_alone, render_to_the_end, settings_alone
from tests.integration.worker.service import Service
from tests.speech_server import SECONDS_PER_CHAR, SpeechServer, says, speech_server, tones, unused_url, wav
from worker.job_inputs import keep_speech, prepare_job
from worker.workplace import Workplace

TEXT = "Wilhelmina hid the key under the bridge. "
MakePlace = Callable[..., Workplace]


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as running:
        yield running


@pytest.fixture
def place_with(store_settings: StoreSettings, tmp_path: Path) -> Iterator[MakePlace]:
    made: list[Workplace] = []

    def make(limits: dict[str, Any] | None = None, **speech: Any) -> Workplace:
        settings = settings_alone(
            store_settings, tmp_path, speech={"patience_s": 0, "timeout_s": 5, **speech}, limits=limits or {}
        )
        worker = settings.worker.model_copy(update={"progress_period_s": 0.0})
        made.append(place_alone(settings.model_copy(update={"worker": worker})))
        return made[-1]

    yield make
    for place in made:
        place.store.close()


def queue_text(place: Workplace, text: str = TEXT, **fields: Any) -> Job:
    job_id = new_job_id()
    image = input_key(job_id, "image", ".png")
    place.storage.put_bytes(image, json.dumps({"hears": True}).encode(), "image/png")
    inputs = {"image": image, "audio": input_key(job_id, "audio", ".wav")}
    return create_job(place.store, place.storage, **{"id": job_id, "inputs": inputs, "text": text, **fields})


def rendered(place: Workplace, job: Job) -> Job:
    render_to_the_end(place)
    ended = place.store.get(job.id)
    assert ended is not None
    return ended


def stored(place: Workplace, key: str) -> bytes:
    return b"".join(place.storage.stream(key))


def test_text_is_spoken_by_the_server_and_the_speech_is_kept_as_the_jobs_input(
    place_with: MakePlace, server: SpeechServer
) -> None:
    place = place_with(url=server.url, voices="nova=en", model="kokoro")
    job = rendered(place, queue_text(place))

    assert job.status is JobStatus.COMPLETED
    assert [(each["input"], each["voice"], each["model"]) for each in server.asked] == [
        (TEXT.strip(), "nova", "kokoro")
    ]
    assert stored(place, job.request.inputs["audio"]) == tones(TEXT.strip())
    assert job.seconds == pytest.approx(len(TEXT.strip()) * SECONDS_PER_CHAR, abs=0.04)


def test_espeak_speaks_where_no_server_is_named_and_the_words_times_are_kept(
    place_with: MakePlace,
) -> None:
    place = place_with()
    job = rendered(place, queue_text(place, voice="f2", language="en-US"))

    facts = json.loads(stored(place, speech_key(job.id)))
    assert job.status is JobStatus.COMPLETED
    assert [word["word"] for word in facts["words"]] == TEXT.split()
    assert job.seconds == pytest.approx(facts["words"][-1]["end_s"], abs=0.04)
    manifest = json.loads(stored(place, job.results["manifest"]))
    assert manifest["speech"] == {"text": TEXT, "made_by": "espeak", "voice": "f2", "language": "en-US"}


def test_espeaks_process_is_given_no_secret(place_with: MakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    start = subprocess.Popen.__init__

    def note(process: Any, command: Any, *rest: Any, **options: Any) -> None:
        if "mmgt_core.speech.espeak_process" in command:
            given.append(options["env"])
        start(process, command, *rest, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    monkeypatch.setenv("MMGT_STORAGE__SECRET_KEY", "hush-hush")
    place = place_with()

    job = rendered(place, queue_text(place))

    assert job.status is JobStatus.COMPLETED
    assert len(given) == 1
    assert "PATH" in given[0]
    assert "hush-hush" not in given[0].values()


@pytest.mark.parametrize("is_kept", [False, True])
def test_captions_of_a_text_are_timed_by_whoever_spoke_it_also_where_the_speech_was_kept(
    place_with: MakePlace, tmp_path: Path, is_kept: bool
) -> None:
    place = place_with()
    job = queue_text(place, voice="f2", language="en-US", options=JobOptions(seed=7, captions="vtt"))
    folders = [tmp_path / name for name in ("first", "second")[: 1 + is_kept]]

    for folder in folders:
        folder.mkdir()
        prepare_job(place, job, folder, RunControl(), lambda: None)
        keep_speech(place, job, folder, lambda: None)

    said = json.loads((folders[-1] / "said.json").read_text())
    assert (said["text"], said["language"]) == (TEXT, "en-US")
    assert said["heard"] == json.loads(stored(place, speech_key(job.id)))["words"]
    assert [word["word"] for word in said["heard"]] == TEXT.split()


def test_a_job_with_a_recording_has_no_speech_in_its_manifest(place_with: MakePlace) -> None:
    place = place_with()
    job = rendered(place, create_job(place.store, place.storage))

    assert json.loads(stored(place, job.results["manifest"]))["speech"] is None


def test_speech_that_lies_there_is_neither_made_nor_stored_again(
    place_with: MakePlace, server: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_with(url=server.url)
    first = rendered(place, queue_text(place))
    again_id = new_job_id()
    inputs = {name: input_key(again_id, name, Path(key).suffix) for name, key in first.request.inputs.items()}
    for source, target in [*((first.request.inputs[name], inputs[name]) for name in inputs),
                           (speech_key(first.id), speech_key(again_id))]:  # fmt: skip
        place.storage.copy(source, target)

    put_file, put = place.storage.put_file, list[str]()
    monkeypatch.setattr(place.storage, "put_file", lambda key, *rest: (put.append(key), put_file(key, *rest)))

    again = rendered(place, queue_text(place, id=again_id, inputs=inputs))

    assert again.status is JobStatus.COMPLETED
    assert len(server.asked) == 1
    assert put
    assert not [key for key in put if "/inputs/" in key]
    assert json.loads(stored(place, again.results["manifest"]))["speech"]["made_by"] == "server"


def down(server: SpeechServer) -> str:
    return unused_url()


def answering(answer: Callable[..., Any]) -> Callable[[SpeechServer], str]:
    def prepare(server: SpeechServer) -> str:
        server.always = answer
        return server.url

    return prepare


def slow(server: SpeechServer) -> str:
    server.may_answer.clear()
    return server.url


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (down, "no whole answer within"),
        (slow, "no whole answer within 0.5 s"),
        (answering(says(b"", 429)), "answered 429"),
        (answering(says(b"", 500)), "answered 500"),
        (answering(says(b"", 302, Location="http://127.0.0.1:1/")), "redirects are not followed"),
        (answering(says(b"<html></html>")), "answered with no sound"),
        (answering(says(tones(TEXT * 99))), "longer than 500000 bytes"),
        (answering(says(wav(bytes(96_000)))), "silent; nothing reaches -60 dB"),
        (answering(says(wav(b"\1\x20\xff\xdf" * 500))), "0.04 s long; at least 0.5 s is needed"),
        (answering(says(tones(TEXT)[:20] + bytes(24) + tones(TEXT)[44:])), "the speech"),
    ],
    ids=["down", "slow", "busy", "failing", "redirect", "wrong type", "too large", "silent", "too short", "no form"],
)
def test_a_server_that_does_not_speak_fails_the_job_retryably_and_nothing_of_its_inputs_is_lost(
    place_with: MakePlace, server: SpeechServer, how: Callable[[SpeechServer], str], message: str
) -> None:
    place = place_with(url=how(server), timeout_s=0.5, max_answer_bytes=500_000)
    queued = queue_text(place, options=JobOptions(seed=7, allow_silence=True))

    job = rendered(place, queued)

    assert job.failure is not None
    assert (job.status, job.failure.code) == (JobStatus.FAILED, ErrorCode.SPEECH_UNAVAILABLE)
    assert (job.failure.retryable, job.failure.param, job.attempt) == (True, None, 1)
    assert message in job.failure.message
    assert [item.key for item in place.storage.list(f"videos/{job.id}/")] == [job.request.inputs["image"]]
    assert job.request.text == TEXT


def test_what_failed_for_the_servers_sake_is_made_when_it_is_asked_for_again(
    place_with: MakePlace, server: SpeechServer
) -> None:
    place = place_with(url=server.url)
    server.next.append(says(b"", 500))

    failed, made = rendered(place, queue_text(place)), rendered(place, queue_text(place))

    assert (failed.status, made.status) == (JobStatus.FAILED, JobStatus.COMPLETED)


def test_a_text_whose_speech_is_too_long_is_at_fault_itself(place_with: MakePlace, server: SpeechServer) -> None:
    place = place_with(url=server.url, limits={"max_seconds": 3.0})

    job = rendered(place, queue_text(place, TEXT * 4))

    assert job.failure is not None
    assert (job.failure.code, job.failure.param, job.failure.retryable) == (ErrorCode.AUDIO_TOO_LONG, "text", False)
    assert job.failure.message.startswith("text: its speech is ")


def test_a_worker_that_cannot_speak_says_so(place_with: MakePlace) -> None:
    place = place_with(espeak=False)

    job = rendered(place, queue_text(place))

    assert job.failure is not None
    assert (job.failure.code, job.failure.stage) == (ErrorCode.SPEECH_UNAVAILABLE, None)


def test_progress_tells_that_it_is_being_spoken_and_in_how_many_parts(
    place_with: MakePlace, server: SpeechServer
) -> None:
    place = place_with(url=server.url, max_chars=100)
    job = queue_text(place, TEXT * 4)

    rendered(place, job)

    told = [
        event.job.progress for event in place.store.events_after(job.id, limit=1000) if event.type == "video.progress"
    ]
    spoken = [(each.step, each.steps) for each in told if each and each.stage == "speaking"]
    assert spoken[-1] == (2, 2)
    assert [each.percent for each in told if each] == sorted(each.percent for each in told if each)


def test_a_job_that_is_cancelled_while_the_server_thinks_ends_at_once(
    place_with: MakePlace, server: SpeechServer
) -> None:
    place = place_with(url=server.url, timeout_s=50)
    server.may_answer.clear()
    job = queue_text(place)

    def cancel() -> None:
        server.was_asked.wait(20)
        place.store.cancel(job.id)

    threading.Thread(target=cancel).start()
    ended = rendered(place, job)

    assert ended.status is JobStatus.CANCELLED
    assert not server.may_answer.is_set()


def test_speech_that_cannot_be_stored_sends_the_job_back_and_is_not_lost_for_it(
    place_with: MakePlace, server: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_with(url=server.url)
    job = queue_text(place)
    put_file, faults = place.storage.put_file, ["once"]

    def put_or_fail(key: str, *rest: Any) -> None:
        if "audio" in key and faults:
            faults.pop()
            raise StorageUnavailable("full")
        put_file(key, *rest)

    monkeypatch.setattr(place.storage, "put_file", put_or_fail)
    released = rendered(place, job)
    done = rendered(place, released)

    assert (released.status, released.lost_attempts) == (JobStatus.QUEUED, 1)
    assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)


def test_no_line_of_the_log_has_a_word_of_the_text(place_with: MakePlace, server: SpeechServer) -> None:
    place = place_with(url=server.url)
    server.next.append(says(TEXT.encode()))

    with every_line() as lines:
        failed, made = rendered(place, queue_text(place)), rendered(place, queue_text(place))

    assert (failed.status, made.status) == (JobStatus.FAILED, JobStatus.COMPLETED)
    assert {"text_spoken", "job_attempt_ended", "attempt_stopped"} <= {line["event"] for line in lines}
    assert "Wilhelmina" not in str(lines)
    assert replace(made.request, text=None) != made.request


def test_a_text_is_spoken_while_another_job_renders_and_real_workers_log_no_word_of_it(
    make_service: Callable[..., Service], server: SpeechServer
) -> None:
    service = make_service(MMGT_SPEECH__URL=server.url, MMGT_SPEECH__KEY="hush-hush")
    service.top_up(1)
    first = service.create({"steps": 400, "step_s": 0.05})
    service.until_step(first.id)

    text_id = new_job_id()
    image = input_key(text_id, "image", ".png")
    service.storage.put_bytes(image, json.dumps({"hears": True}).encode(), "image/png")
    inputs = {"image": image, "audio": input_key(text_id, "audio", ".wav")}
    service.create(id=text_id, inputs=inputs, text=TEXT)
    assert server.was_asked.wait(20)
    still = service.job(first.id).status
    service.store.cancel(first.id)
    done = service.until_ended(text_id)

    assert (still, done.status) == (JobStatus.IN_PROGRESS, JobStatus.COMPLETED)
    assert len(server.asked) == 1
    log = "\n".join(service.log_lines())
    assert "text_spoken" in log
    assert not any(word in log for word in ("Wilhelmina", "hush-hush"))
