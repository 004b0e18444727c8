"""Finished clips of an evaluation in a folder: a run that was killed goes on where it was."""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mmgt_core.metrics.presenter_clip import ClipFigures, SheetFrames
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.types import PoseSequence

MEASURE_VERSION = 2
"""Raise it whenever drawing, speaking or measuring changes: what was kept before is then measured anew."""


@dataclass(frozen=True)
class ClipStore:
    """One file a seed. fingerprint: what the numbers depend on beside the clips, as weights and options.

    A file of another fingerprint, language, length, partner or MEASURE_VERSION is measured anew.
    """

    folder: Path
    fingerprint: str

    def read(self, clip: SyntheticClip, other: SyntheticClip) -> ClipFigures | None:
        """A clip measured with the other's speech beside its own, or None where it is yet to be measured."""
        path = self._path(clip)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            if facts.get("measured") != self._measured(clip, other):
                return None
            return ClipFigures(
                seed=clip.seed,
                language=clip.language,
                voice=clip.voice,
                num_frames=len(clip.pose_sequence),
                numbers=facts["numbers"],
                spoken_poses=PoseSequence(stored["spoken_poses"]),
                sheet=SheetFrames(**{field.name: stored[field.name] for field in fields(SheetFrames)}),
            )

    def write(self, clip: SyntheticClip, other: SyntheticClip, figures: ClipFigures) -> None:
        """Keep a finished clip, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        facts = {"measured": self._measured(clip, other), "numbers": figures.numbers}
        pictures = {field.name: getattr(figures.sheet, field.name) for field in fields(SheetFrames)}
        path = self._path(clip)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, facts=json.dumps(facts), spoken_poses=figures.spoken_poses.keypoints, **pictures)
        os.replace(part, path)

    def _measured(self, clip: SyntheticClip, other: SyntheticClip) -> dict[str, object]:
        """Everything that a clip's figures follow from."""
        return {
            "version": MEASURE_VERSION,
            "fingerprint": self.fingerprint,
            "clip": [clip.seed, clip.language, len(clip.pose_sequence)],
            "other": [other.seed, other.language, len(other.pose_sequence)],
        }

    def _path(self, clip: SyntheticClip) -> Path:
        return self.folder / f"{clip.seed}.npz"
