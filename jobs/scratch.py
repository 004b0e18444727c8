"""The scratch folder: each thing that is under way has a folder of its own there, which belongs to who works on it.

Several processes, in several containers, may share it. What belongs to nobody alive is removed, but for a finished
video of a living job: the next attempt of any worker on this disk stores it instead of rendering it again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from jobs.logging import logger
from jobs.private_folders import OwnedFolder, remove_abandoned

log = logger(__name__)

UPLOAD, PREFLIGHT, CANARY = "upload", "preflight", "canary"
FINISHED_FILE = "finished.json"
"""Written last into a job's folder."""
_OF_A_JOB = "video_*"
_OURS = (*(f"{name}.*" for name in (UPLOAD, PREFLIGHT, CANARY)), _OF_A_JOB)
_OF_EARLIER_VERSIONS = ("uploads/*", "*@*/preflight.*", "*@*/canary.*", "*@*/video_*")
"""In folders named for workers, NAME@HOST; nothing inside what is under way today is anybody's to judge by its name."""


def finished_folder(scratch: Path, job_id: str) -> OwnedFolder | None:
    """Own the folder in which an earlier attempt of a job finished; None where there is none."""
    for left in scratch.glob(f"{job_id}.*/{FINISHED_FILE}"):
        owned = OwnedFolder.take(left.parent)
        if owned is not None:
            return owned
    return None


def has_finished(scratch: Path, job_id: str) -> bool:
    """Whether an earlier attempt of a job finished on this disk."""
    return any(scratch.glob(f"{job_id}.*/{FINISHED_FILE}"))


def sweep_scratch(scratch: Path, is_live: Callable[[str], bool]) -> None:
    """Remove what nobody alive owns.

    Args:
        is_live: whether a job may still be rendered.
    """
    try:
        num_removed = remove_abandoned([path for path in _all(scratch) if not _is_awaited(path, is_live)])
    except OSError as error:  # the next sweep may succeed; who works here must not end by it
        log.warning("leftovers_not_removed", folder=str(scratch), error=str(error))
        return
    if num_removed:
        log.info("leftovers_removed", folder=str(scratch), items=num_removed)


def _all(scratch: Path) -> Iterator[Path]:
    for pattern in (*_OURS, *_OF_EARLIER_VERSIONS):
        yield from scratch.glob(pattern)


def _is_awaited(path: Path, is_live: Callable[[str], bool]) -> bool:
    return (path / FINISHED_FILE).is_file() and is_live(path.name.partition(".")[0])
