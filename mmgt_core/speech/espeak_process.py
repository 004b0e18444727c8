"""The synthesiser's own process: JSON lines in, a JSON line and samples out. Only this file touches eSpeak NG (GPL).

Run as `python -m mmgt_core.speech.espeak_process`. Each line of standard input is one utterance:
{"text", "voice", "words_per_minute", "pitch", "pitch_range"}. Each answer is one line, {"sample_rate_hz", "num_bytes",
"phonemes": [[sample, IPA], …], "words": [[sample, place in the text from 0], …]} or {"error"}, followed by that many
bytes of signed 16-bit samples.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import espeakng_loader

_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 1 | 2
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_END_OF_EVENTS, _WORD, _PHONEME = 0, 1, 7
_FROM_CHARACTER = 1
_RANDOM_SEED = 1

Reply = tuple[dict[str, Any], bytes]


class _EventId(ctypes.Union):
    """The payload of an event: here only the phoneme's name, eight bytes without an end mark."""

    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def serve() -> None:
    """Answer utterances until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks; this one ends with its input
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    sample_rate_hz = library.espeak_Initialize(
        _SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), _PHONEME_EVENTS_IN_IPA
    )
    for line in sys.stdin.buffer:
        _answer_in_a_fork(partial(_speak, library, sample_rate_hz, json.loads(line)))


def _answer_in_a_fork(speak: Callable[[], Reply]) -> None:
    """Speak in a fork: the library keeps state from one utterance to the next, and its samples would depend on it."""
    process = os.fork()
    if process == 0:
        _write(*speak())
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if status != 0:
        _write({"error": f"the synthesiser ended with status {os.waitstatus_to_exitcode(status)}"}, b"")


def _speak(library: ctypes.CDLL, sample_rate_hz: int, utterance: Mapping[str, Any]) -> Reply:
    """Speak one utterance."""
    if library.espeak_SetVoiceByName(ctypes.c_char_p(utterance["voice"].encode())) != 0:
        return {"error": f"there is no voice {utterance['voice']!r}"}, b""
    library.espeak_SetParameter(_RATE, utterance["words_per_minute"], 0)
    library.espeak_SetParameter(_PITCH, utterance["pitch"], 0)
    library.espeak_SetParameter(_RANGE, utterance["pitch_range"], 0)
    library.espeak_ng_SetRandSeed(ctypes.c_long(_RANDOM_SEED))
    blocks: list[bytes] = []
    phonemes: list[tuple[int, str]] = []
    words: list[tuple[int, int]] = []

    def receive(samples: Any, num_samples: int, events: Any) -> int:  # noqa: ANN401
        if samples and num_samples:
            blocks.append(ctypes.string_at(samples, 2 * num_samples))
        index = 0
        while events[index].type != _END_OF_EVENTS:
            if events[index].type == _WORD:
                words.append((events[index].sample, events[index].text_position - 1))
            if events[index].type == _PHONEME:
                phonemes.append((events[index].sample, events[index].id.string.decode(errors="ignore")))
            index += 1
        return 0

    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    text = utterance["text"].encode()
    failed = library.espeak_Synth(
        ctypes.c_char_p(text), ctypes.c_size_t(len(text) + 1), 0, _FROM_CHARACTER, 0, _UTF8, None, None
    )
    if failed:
        return {"error": f"the synthesiser answered {failed}"}, b""
    samples = b"".join(blocks)
    head = {"sample_rate_hz": sample_rate_hz, "num_bytes": len(samples), "phonemes": phonemes, "words": words}
    return head, samples


def _write(head: Mapping[str, Any], samples: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + samples)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
