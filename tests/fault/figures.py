"""The table of figures: what each fault's repetitions came to, printed at the end and kept under `out/`."""

import json
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).parents[2] / "out" / "fault.json"
TABLE = FILE.with_suffix(".md")


@dataclass
class Figures:
    """Rows in the order in which they were recorded."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def record(self, fault: str, times: int, **found: object) -> None:
        """Keep one row: the fault, how often it was made, and what was found."""
        self.rows.append({"fault": fault, "times": times, **found})

    def lines(self) -> list[str]:
        """The rows as a Markdown table."""
        head = ["| fault | times | found |", "|---|---|---|"]
        return head + [
            f"| {row['fault']} | {row['times']} | "
            + ", ".join(f"{name} {value}" for name, value in row.items() if name not in ("fault", "times")) + " |"
            for row in self.rows
        ]  # fmt: skip

    def save(self) -> None:
        """Write both files."""
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(self.rows, indent=1) + "\n")
        TABLE.write_text("\n".join(self.lines()) + "\n")


def spread(values: list[float]) -> str:
    """Median and largest of some seconds."""
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 2]:.1f}/{ordered[-1]:.1f}" if ordered else "-"
