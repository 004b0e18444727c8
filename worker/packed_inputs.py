"""Checked inputs on their way out of the sandbox: arrays and a plain recording as files, the rest in the answer.

Nothing of what a stranger sent is decoded again by who reads them, and no object is made by unpickling.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mmgt_core.backdrop.backdrop import Backdrop
from mmgt_core.captions.cues import Cue
from mmgt_core.captions.timing import CaptionSource
from mmgt_core.captions.webvtt import Captions
from mmgt_core.errors import InputWarning
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.sound_file import write_sound
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import Lips
from mmgt_core.speech.words import TimedWord
from mmgt_core.types import PoseSequence, Waveform
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import Place, Surroundings

_ARRAYS, _SOUND, _CAPTIONS = "inputs.npz", "sound.wav", "captions.json"


def pack(inputs: Inputs, limits: MediaLimits, folder: Path) -> dict[str, Any]:
    """Write the arrays and the sound into a folder; return the rest, JSON-ready."""
    arrays = {
        "reference_image": inputs.reference_image,
        "initial_keypoints": inputs.initial_keypoints,
        "samples": inputs.waveform.samples,
    }
    if inputs.driving_poses is not None:
        arrays["driving_poses"] = inputs.driving_poses.keypoints
    if inputs.made_poses is not None:
        arrays["made_poses"] = inputs.made_poses.keypoints
    around = inputs.surroundings
    if around is not None:
        arrays["surroundings"] = around.picture
    if inputs.backdrop is not None:
        arrays["backdrop"] = inputs.backdrop.picture
    with (folder / _ARRAYS).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its last option is no array
    write_sound(inputs.sound, folder / _SOUND, limits)
    if inputs.captions is not None:
        (folder / _CAPTIONS).write_text(json.dumps(asdict(inputs.captions)))
    frame = inputs.crop
    return {
        "frame": [frame.x, frame.y, frame.side],
        "framing": around and {"framing": around.framing.value, "place": asdict(around.place)},
        "is_drawn": inputs.is_drawn,
        "lips": inputs.lips.value,
        "backdrop": inputs.backdrop and inputs.backdrop.name,
        "has_captions": inputs.captions is not None,
        "warnings": [{"code": warning.code, "message": warning.message} for warning in inputs.warnings],
    }


def unpack(packed: dict[str, Any], folder: Path) -> Inputs:
    """Return the inputs that were packed into a folder."""
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        poses, made = (
            PoseSequence(arrays[name]) if name in arrays else None for name in ("driving_poses", "made_poses")
        )
        around = packed["framing"]
        return Inputs(
            reference_image=arrays["reference_image"],
            crop=SquareFrame(*packed["frame"]),
            initial_keypoints=arrays["initial_keypoints"],
            waveform=Waveform.in_file(arrays["samples"]),
            sound=folder / _SOUND,
            driving_poses=poses,
            warnings=tuple(InputWarning(each["code"], each["message"]) for each in packed["warnings"]),
            is_drawn=packed["is_drawn"],
            lips=Lips(packed["lips"]),
            made_poses=made,
            backdrop=packed["backdrop"] and Backdrop(packed["backdrop"], arrays["backdrop"]),
            captions=caption_source(json.loads((folder / _CAPTIONS).read_text())) if packed["has_captions"] else None,
            surroundings=around
            and Surroundings(Framing(around["framing"]), arrays["surroundings"], Place(**around["place"])),
        )


def caption_source(told: Mapping[str, Any]) -> CaptionSource:
    """Return what captions are made of, from JSON; what is not told is the default."""
    file, heard = told.get("file"), told.get("heard")
    return CaptionSource(
        text=told.get("text", ""),
        language=told.get("language", CaptionSource.language),
        file=file and Captions(tuple(Cue(**cue) for cue in file["cues"]), file["vtt"]),
        heard=None if heard is None else tuple(TimedWord(**word) for word in heard),
    )
