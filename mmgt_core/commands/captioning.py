"""`mmgt generate --captions`: of which words, or of whose file, captions are made."""

from enum import StrEnum
from pathlib import Path

import typer

from mmgt_core.captions.timing import CaptionSource

DEFAULT_LANGUAGE = "en"


class CaptionForm(StrEnum):
    """Whether a video has captions."""

    OFF = "off"
    VTT = "vtt"


def caption_source(
    form: CaptionForm, transcript: str | None, captions_file: Path | None, text: str | None, language: str | None
) -> CaptionSource | None:
    """Return what captions are made of; None where none are wanted.

    Raises:
        typer.BadParameter: there is nothing to make them of, or more than one thing.
    """
    given = {"--transcript": transcript, "--captions-file": captions_file}
    named = [name for name, value in given.items() if value is not None]
    if form is CaptionForm.OFF:
        if named:
            raise typer.BadParameter(f"{named[0]} is of --captions vtt, which is missing")
        return None
    if transcript is not None and (captions_file or text is not None):
        other = "--captions-file" if captions_file else "--text"
        raise typer.BadParameter(f"--transcript and {other} exclude each other")
    words = text if transcript is None else transcript
    if captions_file is None and not any(map(str.isalnum, words or "")):
        raise typer.BadParameter("--captions vtt needs words: --transcript, --text, or a --captions-file")
    return CaptionSource(words or "", language or DEFAULT_LANGUAGE)
