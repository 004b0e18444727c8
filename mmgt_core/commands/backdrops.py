"""What `mmgt generate` is told of the backdrop and of what is saved beside the video, which a backdrop adds to."""

from collections.abc import Set
from pathlib import Path

import typer

from mmgt_core.backdrop.backdrop import KEEP, TRANSPARENT, Backdrop, asked_backdrop
from mmgt_core.pipelines.output_files import POSE_FILES, SAVED, Extra, Until
from mmgt_core.whole_picture.framing import Framing


def chosen_backdrop(asked: str | None, image: Path | None, framing: Framing) -> Backdrop | None:
    """What stands behind the person, unless it is a picture still to be read.

    Raises:
        typer.BadParameter: no such backdrop, or it does not go with the others.
    """
    faults = []
    if asked is not None and image is not None:
        faults.append("--backdrop and --backdrop-image exclude each other")
    if asked == TRANSPARENT and framing is not Framing.SQUARE:
        faults.append(f"--backdrop transparent is for --framing square, not {framing.value}")
    try:
        backdrop = asked_backdrop(asked or KEEP)
    except ValueError as error:
        faults.append(str(error))
    if faults:
        raise typer.BadParameter("; ".join(faults))
    return backdrop


def chosen_extras(save: str, until: Until, brought: Set[Extra]) -> frozenset[Extra]:
    """What is written beside the video. Args: brought: by other options; of these a matte only if it is asked for.

    Raises:
        typer.BadParameter: there is no such thing, or not with these options.
    """
    if until is Until.POSES:
        if save or Extra.CAPTIONS in brought:
            told = f"--until poses writes {', '.join(sorted(POSE_FILES))}"
            raise typer.BadParameter(f"--save and captions go with a video; {told}")
        return POSE_FILES
    there_are = [extra for extra in SAVED if extra is not Extra.MATTE or extra in brought]
    names = [name.strip() for name in save.split(",") if name.strip()]
    unknown = [name for name in names if name not in there_are and names != ["all"]]
    if unknown:
        takes = f"{', '.join(there_are)} or all; matte goes with another backdrop than {KEEP}"
        raise typer.BadParameter(f"--save has {', '.join(unknown)}; it takes {takes}")
    asked = there_are if names == ["all"] else [Extra(name) for name in names]
    return frozenset(asked) | (brought - {Extra.MATTE})
