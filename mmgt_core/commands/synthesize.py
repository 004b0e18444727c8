"""`mmgt synthesize`: one clip of the procedural presenter as files. Their paths go to standard output."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mmgt_core.errors import Cancelled, MMGTError
from mmgt_core.progress_bar import ProgressBar
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, LONGEST_S, SHORTEST_S, synthetic_clip
from mmgt_core.synthetic.export import write_clip
from mmgt_core.synthetic.texts import HELD_OUT_LANGUAGE, TRAINED_LANGUAGES

app = typer.Typer(add_completion=False)

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = ((Cancelled, 130), (MMGTError, 1), (OSError, 1))
"""Exception to exit status; wrong usage is 2."""

_SEED_HELP = f"The same seed gives the same clip; from {FIRST_HELD_OUT_SEED} on, one that is never trained on."
_LANGUAGES = (*TRAINED_LANGUAGES, HELD_OUT_LANGUAGE)
_LANGUAGE_HELP = (
    f"{', '.join(TRAINED_LANGUAGES)}, or {HELD_OUT_LANGUAGE}, never trained on; by default the seed's choice."
)

Seed = Annotated[int, typer.Option("--seed", min=0, help=_SEED_HELP)]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the files.", file_okay=False)]
Seconds = Annotated[
    float | None,
    typer.Option("--seconds", min=SHORTEST_S, max=LONGEST_S, help="Length; by default that of the text, 3 to 8 s."),
]
Language = Annotated[str | None, typer.Option("--language", help=_LANGUAGE_HELP)]


@app.command()
def synthesize(seed: Seed, out: OutFolder, seconds: Seconds = None, language: Language = None) -> None:
    """Draw a person who speaks: reference.png, speech.wav, truth.mp4 and keypoints.npy (frames, 134, 3)."""
    if language is not None and language not in _LANGUAGES:
        raise typer.BadParameter(f"--language is {language}; it takes {', '.join(_LANGUAGES)}")
    try:
        with ProgressBar() as bar:
            clip = synthetic_clip(seed, seconds, language)
            paths = write_clip(clip, out, partial(bar.advance, "drawing"))
    except KeyboardInterrupt as error:
        raise Cancelled("interrupted; nothing was written") from error
    typer.echo(f"{clip.language}, {clip.voice}: {clip.text}", err=True)
    for path in paths:
        typer.echo(path)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: these arguments, or those of this process. Ends with SystemExit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=words[1:], prog_name="mmgt synthesize")
    except (MMGTError, OSError) as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
