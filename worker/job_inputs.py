"""A job's inputs on their way to the pipeline: fetched, spoken where they are text, and looked at.

A render worker makes the speech itself, ahead of the render where it can: the only address that is called is the one
that the operator named, and no redirect leaves it; what is answered is decoded in the sandbox like any recording. So
whoever decodes strangers' files still has no network, and whoever calls strangers' addresses still has no storage.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from jobs.errors import ObjectNotFound, StorageUnavailable
from jobs.job import Job, speech_key
from jobs.logging import logger
from jobs.patience import patiently
from jobs.speech import Speaker, offer_of
from mmgt_core.errors import InputCode, InputError, SpeechUnavailable, UsageError
from mmgt_core.pipelines.progress import Progress, RunControl, Stage
from mmgt_core.speech.espeak import Speech, speak
from worker.errors import SpeechTooLong
from worker.pipeline import InputPaths, Prepared
from worker.sandbox import plain_environment
from worker.speech_server import ask_server
from worker.workplace import Workplace

log = logger(__name__)

SAID_FILE = "said.json"
SPEECH_FILE = "speech.json"
"""In the job's folder once its text is spoken: `made_by`, `voice`, `language`, and `words`, each `word`, `start_s` and
`end_s` in seconds of the speech, where the synthesiser told them (eSpeak NG does), else null."""


def prepare_job(
    place: Workplace, job: Job, folder: Path, control: RunControl, may_go_on: Callable[[], object]
) -> Prepared:
    """Bring a job's inputs into a folder and check them there; text is spoken unless it was before.

    Args:
        may_go_on: asked between tries; raises to stop.

    Raises:
        InputError, SpeechUnavailable, SpeechTooLong, SandboxLost, StorageUnavailable, ObjectNotFound
    """
    paths, options = fetch_inputs(place, job, folder, may_go_on), job.request.options
    if job.request.text is None:
        return place.host.prepare(_with_what_is_said(paths, job, folder), options, control)
    if paths.audio is None:
        paths = replace(paths, audio=_spoken(place, job, folder, control, may_go_on))
    paths = _with_what_is_said(paths, job, folder)
    try:
        return place.host.prepare(paths, replace(options, allow_silence=False), control)
    except InputError as error:
        raise _fault_of_speech(error) from error


def fetch_inputs(place: Workplace, job: Job, folder: Path, may_go_on: Callable[[], object]) -> InputPaths:
    """Copy a job's inputs from the storage into a folder; speech that nobody has made yet is not among them.

    Raises:
        StorageUnavailable, ObjectNotFound
    """
    is_spoken, keys = job.request.text is not None, dict(job.request.inputs)
    speech = {"speech": speech_key(job.id), "audio": keys.pop("audio")} if is_spoken else {}
    paths = {name: _fetched(place, name, key, folder, may_go_on) for name, key in keys.items()}
    try:
        made = {name: _fetched(place, name, key, folder, may_go_on) for name, key in speech.items()}
    except ObjectNotFound:
        return InputPaths(**paths)
    return InputPaths(**paths, **{name: path for name, path in made.items() if name == "audio"})


def keep_speech(place: Workplace, job: Job, folder: Path, may_go_on: Callable[[], object]) -> None:
    """Store what was spoken as the job's input, unless it lies there: no remix and no other attempt speaks again.

    Raises:
        StorageUnavailable
    """
    if job.request.text is None:
        return
    key = job.request.inputs["audio"]

    def put() -> None:
        if place.storage.head(key) is None:
            place.storage.put_file(speech_key(job.id), folder / SPEECH_FILE, "application/json")
            place.storage.put_file(key, folder / ("audio" + Path(key).suffix), "audio/wav")  # last: then all is there

    patiently(put, StorageUnavailable, place.settings.worker.storage_patience_s, may_go_on)


def speech_facts(folder: Path) -> dict[str, Any] | None:
    """Return who spoke a job's text and how, as the manifest tells it; None where nothing was spoken."""
    path = folder / SPEECH_FILE
    if not path.is_file():
        return None
    facts: dict[str, Any] = json.loads(path.read_text())
    return {name: fact for name, fact in facts.items() if name != "words"}


def _with_what_is_said(paths: InputPaths, job: Job, folder: Path) -> InputPaths:
    """Write down of which words captions are made, and when they are heard where the synthesiser told it."""
    request, spoken = job.request, folder / SPEECH_FILE
    if request.options.captions == "off":
        return paths
    heard = json.loads(spoken.read_text())["words"] if request.text is not None and spoken.is_file() else None
    said = {"text": request.text or request.transcript or "", "language": request.language, "heard": heard}
    path = folder / SAID_FILE
    path.write_text(json.dumps({name: value for name, value in said.items() if value is not None}))
    return replace(paths, said=path)


def _fetched(place: Workplace, name: str, key: str, folder: Path, may_go_on: Callable[[], object]) -> Path:
    path = folder / (name + Path(key).suffix)
    path.unlink(missing_ok=True)
    fetch = partial(place.storage.fetch_file, key, path)
    patiently(fetch, StorageUnavailable, place.settings.worker.storage_patience_s, may_go_on)
    return path


def _spoken(place: Workplace, job: Job, folder: Path, control: RunControl, may_go_on: Callable[[], object]) -> Path:
    settings, request = place.settings.speech, job.request
    offer = offer_of(settings)
    if offer is None:
        raise SpeechUnavailable("this worker has neither a speech server nor eSpeak NG")
    voice, text = offer.voice_for(request.voice, request.language), request.text or ""
    with control.stage(Stage.SPEAKING, 1) as report:
        if offer.speaker is Speaker.ESPEAK:
            speech = _by_espeak(text, voice, request.language, may_go_on)
            report(1)
        else:

            def hear(done: int, parts: int) -> None:
                control.on_progress(Progress(Stage.SPEAKING, done, parts))

            speech = Speech(ask_server(settings, text, voice, request.language, hear, may_go_on), None)
    words = None if speech.words is None else [asdict(word) for word in speech.words]
    facts = {"made_by": offer.speaker.value, "voice": voice, "language": request.language, "words": words}
    (folder / SPEECH_FILE).write_text(json.dumps(facts))
    path = folder / ("audio" + Path(request.inputs["audio"]).suffix)
    path.write_bytes(speech.wav)
    log.info("text_spoken", made_by=offer.speaker.value, num_chars=len(text), num_bytes=len(speech.wav))
    return path


def _by_espeak(text: str, voice: str, language: str | None, may_go_on: Callable[[], object]) -> Speech:
    try:
        return speak(text, voice, language, may_go_on, plain_environment())
    except UsageError as error:  # the service that took the job had another list
        raise SpeechUnavailable(str(error)) from error


def _fault_of_speech(error: InputError) -> Exception:
    """What is wrong with speech that was made is not the client's fault, but its length is the text's."""
    if error.field != "audio":
        return error
    if error.code is InputCode.AUDIO_TOO_LONG:
        return SpeechTooLong(f"text: its speech is {str(error).removeprefix('audio: ')}")
    return SpeechUnavailable(f"the speech that was made cannot be used: {str(error).removeprefix('audio: ')}")
