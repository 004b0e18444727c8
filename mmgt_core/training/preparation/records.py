"""What is known of each source clip: one small file each, written when it is done with, so that no work is repeated."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmgt_core.training.preparation.layout import ClipFacts
from mmgt_core.training.preparation.rejection import RejectionReason
from mmgt_core.training.preparation.settings import clip_key

_CLIPS = "clips"
_PART = ".part"


@dataclass(frozen=True)
class ClipRecord:
    """One source clip's outcome: facts where it is used, a reason and a message where it is not."""

    source: str
    facts: ClipFacts | None = None
    reason: RejectionReason | None = None
    message: str = ""

    def write(self, folder: Path) -> None:
        """Write it as the clip's last file: where it stands, the clip is done."""
        facts = json.loads(self.facts.to_json()) if self.facts else None
        values = {"source": self.source, "facts": facts, "reason": self.reason, "message": self.message}
        with whole_file(_record_path(folder, self.source)) as path:
            path.write_text(json.dumps(values, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "ClipRecord":
        """The inverse of `write`."""
        values = json.loads(path.read_text())
        facts = ClipFacts.from_json(json.dumps(values["facts"]).encode()) if values["facts"] else None
        reason = RejectionReason(values["reason"]) if values["reason"] else None
        return cls(values["source"], facts, reason, values["message"])


def clip_path(folder: Path, key: str) -> Path:
    """Where an accepted clip waits for its shard."""
    return folder / _CLIPS / f"{key}.tar"


def is_done(folder: Path, source: str) -> bool:
    """Whether a clip has been prepared or rejected."""
    return _record_path(folder, source).is_file()


def read_records(folder: Path) -> list[ClipRecord]:
    """All records of a folder, in order of their sources."""
    paths = (folder / _CLIPS).glob("*.json")
    return sorted((ClipRecord.read(path) for path in paths), key=lambda record: record.source)


def make_room(folder: Path) -> None:
    """Make the folders, and remove what a killed run left unfinished."""
    (folder / _CLIPS).mkdir(parents=True, exist_ok=True)
    for path in [*folder.glob(f"*{_PART}"), *(folder / _CLIPS).glob(f"*{_PART}")]:
        path.unlink()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file that appears under its name only when the block ends well; until then it is `NAME.part`."""
    part = path.with_name(path.name + _PART)
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    os.replace(part, path)


def _record_path(folder: Path, source: str) -> Path:
    return folder / _CLIPS / f"{clip_key(source)}.json"
