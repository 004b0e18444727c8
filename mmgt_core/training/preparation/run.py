"""A folder of videos becomes a folder of shards: over several processes, and on from wherever a run was killed."""

import fcntl
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryFile

import torch

from mmgt_core.errors import MMGTError
from mmgt_core.training.preparation.clip import prepare_clip
from mmgt_core.training.preparation.contact_sheet import write_contact_sheet
from mmgt_core.training.preparation.layout import Split, shard_paths
from mmgt_core.training.preparation.records import ClipRecord, is_done, make_room, read_records
from mmgt_core.training.preparation.rejection import ClipRejected, RejectionReason
from mmgt_core.training.preparation.report import PreparationReport
from mmgt_core.training.preparation.settings import MakeTools, PreparationSettings, SettingsError, Tools
from mmgt_core.training.preparation.shards import DatasetIndex, join_clips, write_clip
from mmgt_core.training.preparation.windows import stored_clips

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ts"})
"""What counts as a video; those of them that cannot be read are rejected by name, not passed over."""

CONTACT_SHEET = "contact_sheet.jpg"

logger = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]
"""Called with the clips done with and all clips."""


class PreparationError(MMGTError):
    """A run that could not go on; what it had done is kept."""


def ignore_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class ClipWork:
    """Prepares clips in one process."""

    videos: Path
    out: Path
    splits: Mapping[str, Split]
    settings: PreparationSettings
    tools: Tools

    def prepare(self, source: str) -> ClipRecord:
        """Prepare one clip and leave its record; a failure that nobody foresaw leaves none, so that it is tried again.

        Raises:
            OSError: the output cannot be written.
        """
        try:
            record = self._accept(source)
        except ClipRejected as rejection:
            record = ClipRecord(source, reason=rejection.reason, message=str(rejection))
        except OSError:
            raise
        except Exception as error:  # one clip in a hundred thousand must not end a run of days
            logger.exception("clip_failed source=%s", source)
            return ClipRecord(source, reason=RejectionReason.FAILED, message=f"{type(error).__name__}: {error}")
        record.write(self.out)
        return record

    def _accept(self, source: str) -> ClipRecord:
        with TemporaryFile(dir=self.out) as pictures:
            clip = prepare_clip(self.videos / source, source, self.splits[source], self.settings, self.tools, pictures)
            write_clip(self.out, clip, pictures)
        return ClipRecord(source, facts=clip.facts)


def prepare_videos(
    videos: Path,
    out: Path,
    settings: PreparationSettings,
    make_tools: MakeTools,
    workers: int = 1,
    on_progress: OnProgress = ignore_progress,
) -> PreparationReport:
    """Prepare every video file below a folder; clips that an earlier run was done with are not looked at again.

    Args:
        videos: the folder, of any depth.
        out: where shards, report and contact sheet go.
        settings: of the output folder.
        make_tools: gives detector and speech encoders, once in each process.
        workers: processes; with 1 the work is done in this one.
        on_progress: told after each clip.

    Raises:
        SettingsError: no video is there, or the output folder was prepared with other settings.
        PreparationError: another run is at work in the folder, or a worker process died.
        OSError: the output cannot be written.
    """
    sources = find_videos(videos, out)
    out.mkdir(parents=True, exist_ok=True)
    with _alone_in(out):
        make_room(out)
        index = DatasetIndex.open(out, settings)
        index.write(out)
        waiting = [source for source in sources if not is_done(out, source)]
        failed = []
        work = _in_processes if workers > 1 and len(waiting) > 1 else _in_this_process
        for number, record in enumerate(
            work(waiting, (videos, out, settings.dealt(sources), settings, make_tools), workers), start=1
        ):
            on_progress(len(sources) - len(waiting) + number, len(sources))
            if record.reason is RejectionReason.FAILED:
                failed.append(record)
        return _finish(out, index, failed)


def find_videos(videos: Path, out: Path) -> list[str]:
    """Paths of the video files below a folder, but not below the output, in order.

    Raises:
        SettingsError: there is none.
    """
    files = (path for path in videos.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file())
    outside = (path for path in files if out.resolve() not in path.resolve().parents)
    sources = sorted(path.relative_to(videos).as_posix() for path in outside)
    if not sources:
        raise SettingsError(f"{videos} holds no video file ({', '.join(sorted(VIDEO_SUFFIXES))})")
    return sources


def _finish(out: Path, index: DatasetIndex, failed: Sequence[ClipRecord]) -> PreparationReport:
    """Join what is accepted into shards, and say what became of everything."""
    report = PreparationReport([*read_records(out), *failed])
    index = index.with_clips(report.accepted)
    index.write(out)
    join_clips(out, index)
    report.write(out)
    clips = [clip for split in Split for shard in shard_paths(out, split) for clip in stored_clips(shard)]
    if clips:
        write_contact_sheet(out / CONTACT_SHEET, clips)
    return report


def process_context() -> ForkServerContext:
    """Processes forked from one that has no threads to lose, and that imports the numeric libraries once for all."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


_Job = tuple[Path, Path, Mapping[str, Split], PreparationSettings, MakeTools]


def _in_this_process(sources: Sequence[str], job: _Job, workers: int) -> Iterator[ClipRecord]:
    if sources:
        videos, out, splits, settings, make_tools = job
        work = ClipWork(videos, out, splits, settings, make_tools())
        yield from map(work.prepare, sources)


def _in_processes(sources: Sequence[str], job: _Job, workers: int) -> Iterator[ClipRecord]:
    """Records in the order in which they are done."""
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, process_context(), initializer=_begin, initargs=(job, workers))
    try:
        for future in as_completed([pool.submit(_prepare, source) for source in sources]):
            yield future.result()
    except BrokenProcessPool as error:
        message = "a worker process died, perhaps for want of memory; what is done is kept: run again, with fewer"
        raise PreparationError(message) from error
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_work: ClipWork | MMGTError | None = None
"""Of a worker process, made once: networks are slow to load and cannot be sent. Or why they could not be loaded."""


def _begin(job: _Job, workers: int) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what an interruption ends
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    videos, out, splits, settings, make_tools = job
    try:
        _work = ClipWork(videos, out, splits, settings, make_tools())
    except MMGTError as error:
        _work = error


def _prepare(source: str) -> ClipRecord:
    assert _work is not None
    if isinstance(_work, MMGTError):
        raise _work
    return _work.prepare(source)


def _end_with_parent() -> None:
    """A killed run leaves no process that goes on writing beside the next one."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PreparationError(f"another run is at work in {folder}") from error
        yield
