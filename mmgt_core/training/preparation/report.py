"""What became of the clips: how much there is to learn from, and why the others were left out."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmgt_core.training.preparation.layout import ClipFacts, Split
from mmgt_core.training.preparation.records import ClipRecord, whole_file

_LONGEST_SOURCE = 48


@dataclass(frozen=True)
class PreparationReport:
    """All clips of a folder, those of earlier runs too."""

    records: Sequence[ClipRecord]

    @property
    def accepted(self) -> list[ClipFacts]:
        """Clips that are learned from."""
        return [record.facts for record in self.records if record.facts is not None]

    @property
    def rejected(self) -> list[ClipRecord]:
        """Clips that are not."""
        return [record for record in self.records if record.facts is None]

    def write(self, folder: Path) -> None:
        """Write `report.json` for programs and `report.txt` for people."""
        with whole_file(folder / "report.json") as path:
            path.write_text(json.dumps(self._values(), indent=1) + "\n")
        with whole_file(folder / "report.txt") as path:
            path.write_text(self.text())

    def text(self) -> str:
        """Three tables: splits, reasons, rejected clips."""
        accepted = self.accepted
        seconds = sum(clip.seconds for clip in accepted)
        head = f"{len(self.records)} clips: {len(accepted)} used ({seconds:.1f} s), {len(self.rejected)} rejected"
        splits = [[split, *(f"{value:g}" for value in values.values())] for split, values in self._splits().items()]
        tables = [[["split", "clips", "windows", "seconds"], *splits]]
        if self.rejected:
            reasons = [[reason, str(count)] for reason, count in self._reasons().items()]
            clips = [[_shortened(clip.source), str(clip.reason), clip.message] for clip in self.rejected]
            tables += [[["reason", "clips"], *reasons], [["rejected clip", "reason", "why"], *clips]]
        return "\n\n".join([head, *(_table(rows) for rows in tables)]) + "\n"

    def _values(self) -> dict[str, object]:
        return {
            "clips": len(self.records),
            "accepted": len(self.accepted),
            "rejected": len(self.rejected),
            "splits": self._splits(),
            "reasons": self._reasons(),
            "rejected_clips": [
                {"source": clip.source, "reason": clip.reason, "message": clip.message} for clip in self.rejected
            ],
        }

    def _splits(self) -> dict[str, dict[str, float]]:
        table = {}
        for split in Split:
            clips = [clip for clip in self.accepted if clip.split is split]
            num_windows = sum(len(clip.window_starts) for clip in clips)
            seconds = round(sum(clip.seconds for clip in clips), 2)
            table[split.value] = {"clips": len(clips), "windows": num_windows, "seconds": seconds}
        return table

    def _reasons(self) -> dict[str, int]:
        return dict(Counter(str(clip.reason) for clip in self.rejected).most_common())


def _shortened(source: str) -> str:
    return source if len(source) <= _LONGEST_SOURCE else "…" + source[1 - _LONGEST_SOURCE :]


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
