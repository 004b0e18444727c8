"""Finished clips of table V in a folder, by row, training and clip: a run that was killed goes on where it was."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmgt_core.metrics.ablations.clip import MeasuredClip
from mmgt_core.metrics.presenter_store import MEASURE_VERSION
from mmgt_core.synthetic.clip import SyntheticClip

_FACTS = "facts"


@dataclass(frozen=True)
class MeasuredStore:
    """Of one training of one row, one file a clip. fingerprint: what the numbers depend on beside the clip.

    A file of another fingerprint, length or MEASURE_VERSION is measured anew.
    """

    folder: Path
    fingerprint: str

    def read(self, clip: SyntheticClip) -> MeasuredClip | None:
        """A measured clip, or None where it is yet to be measured."""
        path = self._path(clip)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(str(stored[_FACTS]))
            if facts["measured"] != self._measured(clip):
                return None
            return MeasuredClip(facts["numbers"], {name: stored[name] for name in stored.files if name != _FACTS})

    def write(self, clip: SyntheticClip, measured: MeasuredClip) -> None:
        """Keep a finished clip, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        facts = json.dumps({"measured": self._measured(clip), "numbers": measured.numbers})
        arrays: dict[str, Any] = {_FACTS: facts, **measured.features}
        path = self._path(clip)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **arrays)
        os.replace(part, path)

    def _measured(self, clip: SyntheticClip) -> list[object]:
        """Everything that a clip's figures follow from."""
        return [MEASURE_VERSION, self.fingerprint, clip.seed, clip.language, len(clip.pose_sequence)]

    def _path(self, clip: SyntheticClip) -> Path:
        return self.folder / f"{clip.seed}.npz"
