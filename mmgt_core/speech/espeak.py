"""Speech by eSpeak NG: asked for in words, made in a process of its own, given back as a WAV with its words' times."""

import io
import json
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from formats.espeak_voices import (
    DEFAULT_LANGUAGE,
    DEFAULT_TIMBRE,
    PACKAGE,
    TIMBRES,
    data_folder,
    language_meant,
    languages,
)
from mmgt_core.errors import SpeechUnavailable, UsageError
from mmgt_core.speech.words import TimedWord, timed_words

PROCESS = "mmgt_core.speech.espeak_process"
WORDS_PER_MINUTE = 160
"""As people read aloud. Above about 450 eSpeak NG becomes slower again, and its times run backwards."""
_PITCH = _PITCH_RANGE = 50  # of 0 to 99: the voice's own
_TIMEOUT_S = 60.0  # 5 000 characters take it under a second
_ASK_S = 0.1
"""Between two looks at whether the speech is still wanted."""


@dataclass(frozen=True)
class Speech:
    """A WAV, and the words in it where it is known when they are heard."""

    wav: bytes
    words: tuple[TimedWord, ...] | None


def speak(
    text: str,
    timbre: str | None = None,
    language: str | None = None,
    check: Callable[[], object] = lambda: None,
    env: Mapping[str, str] | None = None,
) -> Speech:
    """Speak a text.

    Args:
        timbre, language: None: the default one.
        check: asked meanwhile; raises to stop.
        env: of the process; None: as this one's.

    Raises:
        UsageError: there is no such voice or language.
        SpeechUnavailable: it is not installed, ended or took too long.
    """
    said = text.replace("\0", " ")  # else it would end there
    request = {
        "text": said, "voice": _voice(timbre, language), "words_per_minute": WORDS_PER_MINUTE,
        "pitch": _PITCH, "pitch_range": _PITCH_RANGE,
    }  # fmt: skip
    line, _, samples = _answer(json.dumps(request).encode() + b"\n", check, env).partition(b"\n")
    head = json.loads(line or b"{}")
    if "error" in head or len(samples) != head.get("num_bytes"):
        raise SpeechUnavailable("eSpeak NG ended before its speech did")
    rate_hz = head["sample_rate_hz"]
    events = [(sample / rate_hz, place) for sample, place in head["words"]]
    return Speech(_wav(samples, rate_hz), timed_words(said, events, len(samples) / 2 / rate_hz))


def _voice(timbre: str | None, language: str | None) -> str:
    """The voice by eSpeak NG's own name, put together of names from its own files only."""
    folder = data_folder()
    if folder is None:
        raise SpeechUnavailable(f"text needs eSpeak NG: the extra `speech`, package {PACKAGE} (GPL)")
    meant = language_meant(language or DEFAULT_LANGUAGE, languages(folder))
    if meant is None:
        raise UsageError(f"eSpeak NG has no language {language!r}; it takes tags as en, en-US or de")
    timbre = timbre or DEFAULT_TIMBRE
    if timbre not in TIMBRES:
        raise UsageError(f"there is no voice {timbre!r}; there are {', '.join(TIMBRES)}")
    return f"{meant}+{timbre}"


def _answer(line: bytes, check: Callable[[], object], env: Mapping[str, str] | None) -> bytes:
    ends_at_s, sent = time.monotonic() + _TIMEOUT_S, False
    command = [sys.executable, "-m", PROCESS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as process:
        try:
            while True:
                check()
                try:
                    return process.communicate(None if sent else line, timeout=_ASK_S)[0]
                except subprocess.TimeoutExpired:
                    sent = True
                if time.monotonic() > ends_at_s:
                    raise SpeechUnavailable(f"eSpeak NG took longer than {_TIMEOUT_S:g} s")
        finally:
            process.kill()


def _wav(samples: bytes, rate_hz: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(rate_hz)
        writing.writeframes(samples)
    return file.getvalue()
