"""`mmgt generate --text`: words become the recording that a run is driven by, for as long as the run lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from mmgt_core.captions.timing import CaptionSource
from mmgt_core.errors import Cancelled
from mmgt_core.pipelines.inputs import InputFiles
from mmgt_core.speech.espeak import speak


@dataclass(frozen=True)
class Words:
    """What is said, by which voice of eSpeak NG, in which language; None: the default one."""

    text: str
    voice: str | None
    language: str | None


def words_to_speak(text: str | None, voice: str | None, language: str | None, audio: Path | None) -> Words | None:
    """Return what is to be spoken; None where a recording is given.

    Raises:
        typer.BadParameter: there is nothing to speak, or a recording beside it.
    """
    if text is None:
        stray = "--voice" if voice is not None else "--language" if language is not None else None
        if stray:
            raise typer.BadParameter(f"{stray} is of --text, which is missing")
        return None
    if audio is not None:
        raise typer.BadParameter("--text and --audio exclude each other")
    if not any(map(str.isalnum, text)):
        raise typer.BadParameter("--text has neither a letter nor a digit")
    return Words(text, voice, language)


@dataclass(frozen=True)
class Sources:
    """The files of a run, and what its captions are made of."""

    files: InputFiles
    captions: CaptionSource | None


@contextmanager
def as_recording(
    files: InputFiles, words: Words | None, captions: CaptionSource | None, is_cancelled: Callable[[], bool]
) -> Iterator[Sources]:
    """Give the files with the words spoken into one of them, which goes with the block.

    Raises:
        UsageError, SpeechUnavailable, Cancelled
    """
    if words is None:
        yield Sources(files, captions)
        return

    def check() -> None:
        if is_cancelled():
            raise Cancelled("interrupted; nothing was written")

    with TemporaryDirectory(prefix="mmgt-speech-") as folder:
        audio = Path(folder) / "speech.wav"
        speech = speak(words.text, words.voice, words.language, check)
        audio.write_bytes(speech.wav)
        yield Sources(replace(files, audio=audio), captions and replace(captions, heard=speech.words))
