"""Speech from a server of OpenAI's shape that the operator names; what it answers is judged by its bytes alone.

Only its first bytes are looked at here: a recording is decoded where all of them are, in the sandbox.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from threading import Thread
from typing import TypeVar

import httpcore

from formats.signatures import AUDIO_SIGNATURES, WAV, head_of, recognized
from jobs.logging import logger
from jobs.patience import patiently
from jobs.settings import SpeechSettings
from jobs.urls import UrlRefused, UrlRules
from mmgt_core.errors import SpeechUnavailable
from mmgt_core.speech.sentences import parts_of
from mmgt_core.speech.wave_files import NoWave, joined
from worker.outbound import Answer, OutboundClient, ReceiverUnreachable

log = logger(__name__)

T = TypeVar("T")

_MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request is sent again for a while."""
_LOOK_S = 0.2
"""Between two looks at whether the speech is still wanted while a server takes its time."""


class _Away(SpeechUnavailable):
    """The server may answer in a moment."""


def ask_server(
    settings: SpeechSettings,
    text: str,
    voice: str,
    language: str | None,
    hear: Callable[[int, int], object],
    may_go_on: Callable[[], object],
) -> bytes:
    """Return a text as a WAV, spoken part after part.

    Args:
        hear: told how many parts of how many are spoken.
        may_go_on: asked meanwhile; raises to stop.

    Raises:
        SpeechUnavailable: no speech came, or something else.
    """
    client = OutboundClient(
        UrlRules(is_operators=True), settings.timeout_s, settings.max_answer_bytes + 1, httpcore.default_ssl_context()
    )
    parts, waves = parts_of(text, settings.max_chars), list[bytes]()
    for part in parts:
        hear(len(waves), len(parts))
        ask = partial(_ask, client, settings, part, voice, language)
        away_s = settings.patience_s
        waves.append(patiently(partial(_while_wanted, ask, may_go_on), _Away, away_s, may_go_on))
    hear(len(parts), len(parts))
    try:
        return joined(waves)
    except NoWave as error:
        raise SpeechUnavailable(f"the speech server's WAV cannot be used: {error}") from error


def _ask(client: OutboundClient, settings: SpeechSettings, part: str, voice: str, language: str | None) -> bytes:
    """One request; of what it says the log has lengths only."""
    wanted = {"model": settings.model, "input": part, "voice": voice, "response_format": "wav"}
    if settings.language_field is not None and language is not None:
        wanted[settings.language_field] = language
    headers = {"Content-Type": "application/json", "Accept": "audio/wav", "User-Agent": "mmgt"}
    if settings.key is not None:
        headers["Authorization"] = f"Bearer {settings.key.get_secret_value()}"
    began_at_s = time.monotonic()
    try:
        answer = client.post(settings.url or "", json.dumps(wanted).encode(), headers)
    except ReceiverUnreachable as error:
        log.warning("speech_server_unreachable", error=str(error))  # names the host, which is not the client's business
        raise _Away(f"the speech server gave no whole answer within {settings.timeout_s:g} s") from error
    except UrlRefused as error:
        raise SpeechUnavailable(f"the speech server's address cannot be called: {error}") from error
    log.info(
        "speech_server_answered", status=answer.status, num_chars=len(part), num_bytes=len(answer.body),
        wall_s=round(time.monotonic() - began_at_s, 3),
    )  # fmt: skip
    return _speech_in(answer, settings.max_answer_bytes)


def _speech_in(answer: Answer, max_bytes: int) -> bytes:
    if answer.status != 200:
        kind = _Away if answer.status in _MAY_PASS else SpeechUnavailable
        hint = "; redirects are not followed" if 300 <= answer.status < 400 else ""
        raise kind(f"the speech server answered {answer.status}{hint}")
    if len(answer.body) > max_bytes:
        raise SpeechUnavailable(f"the speech server's answer is longer than {max_bytes} bytes")
    found = recognized(head_of(answer.body), AUDIO_SIGNATURES)
    if found is None or found[0] is not WAV:
        came = found[0].name if found else "no sound" if answer.body else "nothing"
        raise SpeechUnavailable(f"the speech server was asked for WAV and answered with {came}")
    return answer.body


def _while_wanted(work: Callable[[], T], may_go_on: Callable[[], object]) -> T:
    """Do it in a thread, which is left behind where nobody wants it any more: it ends by its own time-out."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:  # to be raised where it is awaited
            outcome.set_exception(error)

    Thread(target=run, daemon=True, name="speech").start()
    while not wait([outcome], _LOOK_S).done:
        may_go_on()
    return outcome.result()
