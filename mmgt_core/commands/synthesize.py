"""`mmgt synthesize`: one clip of the procedural presenter as files. Their paths go to standard output."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mmgt_core.commands.running import interruptible, run_app, work
from mmgt_core.progress_bar import ProgressBar
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED, LONGEST_S, SHORTEST_S
from mmgt_core.synthetic.texts import HELD_OUT_LANGUAGE, TRAINED_LANGUAGES

app = typer.Typer(add_completion=False)

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
    with interruptible(), ProgressBar() as bar:
        clip = work("synthetic.clip").synthetic_clip(seed, seconds, language)
        paths = work("synthetic.export").write_clip(clip, out, partial(bar.advance, "drawing"))
    typer.echo(f"{clip.language}, {clip.voice}: {clip.text}", err=True)
    for path in paths:
        typer.echo(path)


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments[1:], "mmgt synthesize")
