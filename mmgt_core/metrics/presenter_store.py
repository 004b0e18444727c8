"""Finished clips of an evaluation in a folder: a run that was killed goes on where it was."""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mmgt_core.metrics.presenter_clip import ClipFigures, SheetFrames
from mmgt_core.types import PoseSequence


@dataclass(frozen=True)
class ClipStore:
    """One file a clip. fingerprint: whatever the numbers depend on; files of another one are measured anew."""

    folder: Path
    fingerprint: str

    def read(self, seed: int) -> ClipFigures | None:
        """A finished clip, or None where it is yet to be measured."""
        path = self._path(seed)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            if facts["fingerprint"] != self.fingerprint:
                return None
            return ClipFigures(
                seed=seed,
                language=facts["language"],
                voice=facts["voice"],
                num_frames=facts["num_frames"],
                numbers=facts["numbers"],
                spoken_poses=PoseSequence(stored["spoken_poses"]),
                sheet=SheetFrames(**{field.name: stored[field.name] for field in fields(SheetFrames)}),
            )

    def write(self, figures: ClipFigures) -> None:
        """Keep a finished clip, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "fingerprint": self.fingerprint,
            "language": figures.language,
            "voice": figures.voice,
            "num_frames": figures.num_frames,
            "numbers": figures.numbers,
        }
        pictures = {field.name: getattr(figures.sheet, field.name) for field in fields(SheetFrames)}
        path = self._path(figures.seed)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, facts=json.dumps(facts), spoken_poses=figures.spoken_poses.keypoints, **pictures)
        os.replace(part, path)

    def _path(self, seed: int) -> Path:
        return self.folder / f"{seed}.npz"
