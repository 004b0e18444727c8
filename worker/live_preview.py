"""A video to watch while it is rendered: frames become fragments in one thread, and go to the store in another."""

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from jobs.errors import StoreUnavailable
from jobs.job import Job, Preview, PreviewEnd, fragment_key
from jobs.logging import logger
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from mmgt_core.pipelines.frame_receiver import FragmentWriter

if TYPE_CHECKING:
    from mmgt_core.types import UInt8Array

log = logger(__name__)

MAX_FRAMES = 32  # that wait to be encoded: 25 MB at 512 pixels
MAX_FRAGMENTS = 64  # that wait to be stored: a minute of video
SETTLE_S = 10.0  # after the job's completion, for the last fragments
_JOIN_S = 2.0
_CONTENT_TYPE = "video/mp4"
_END = b""


class LivePreview:
    """One attempt's preview; what goes wrong drops it, and whoever gives it frames neither waits for it nor fails."""

    def __init__(self, storage: ObjectStorage, store: JobStore, job: Job) -> None:
        self._storage, self._store, self._job = storage, store, job
        self._frames: Queue[UInt8Array | None] = Queue(MAX_FRAMES)
        self._fragments: Queue[bytes] = Queue(MAX_FRAGMENTS)
        self._threads: tuple[threading.Thread, ...] = ()
        self._num_taken, self._is_dropped = 0, False
        self._is_over = threading.Event()

    def begin(self, open_writer: Callable[[], FragmentWriter]) -> None:
        """Expect the frames of a video; a render that begins anew may do so before its first frame only."""
        if self._num_taken:
            self._drop("the render began anew")
        if self._threads:
            return
        work = (partial(self._encode, open_writer), self._send)
        self._threads = tuple(threading.Thread(target=each, name="preview", daemon=True) for each in work)
        for thread in self._threads:
            thread.start()

    def take(self, frame: "UInt8Array") -> None:
        """Take the next frame, (H, W, 3) RGB."""
        self._num_taken += 1
        if not self._is_over.is_set():
            self._frames.put(frame)  # waits for the encoder where that is slower than the render, never for the store

    def settle(self) -> None:
        """The job is complete: let the last fragments reach the store, for a while."""
        if self._threads:
            self._threads[-1].join(SETTLE_S)
            if self._threads[-1].is_alive():
                self._drop(f"it was not stored {SETTLE_S:g} s after the video")

    def abandon(self) -> None:
        """The attempt has ended without a video; what was stored goes with its results."""
        self._end()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _encode(self, open_writer: Callable[[], FragmentWriter]) -> None:
        try:
            with closing(open_writer()) as writer:
                while not writer.is_whole:
                    frame = self._frames.get()
                    if frame is None or self._is_over.is_set():
                        return
                    if fragment := writer.write(frame):
                        self._fragments.put_nowait(fragment)
            self._fragments.put_nowait(_END)
        except Full:
            self._drop(f"{MAX_FRAGMENTS} fragments wait to be stored")
        except Exception as error:  # the thread's edge
            self._drop(f"it cannot be encoded: {error}")
        finally:
            self._forget_frames()

    def _send(self) -> None:
        job, num_sent = self._job, 0
        try:
            while (fragment := self._fragments.get()) and not self._is_over.is_set():
                self._storage.put_bytes(fragment_key(job.id, job.attempt, num_sent), fragment, _CONTENT_TYPE)
                num_sent += 1
                self._tell(Preview(num_sent))
            if not self._is_over.is_set():
                self._tell(Preview(num_sent, PreviewEnd.WHOLE))
        except Exception as error:  # the thread's edge
            self._drop(f"it cannot be stored: {error}")
        if self._is_dropped:
            with suppress(StoreUnavailable):  # its readers then wait for the job's end
                self._tell(Preview(num_sent, PreviewEnd.DROPPED))

    def _forget_frames(self) -> None:
        """Nobody takes them any more: make place for who waits to give one."""
        with suppress(Empty):
            while True:
                self._frames.get_nowait()

    def _tell(self, now: Preview) -> None:
        if self._store.preview(self._job.id, self._job.attempt, now).is_lost:
            self._end()  # another attempt has the job, or it is deleted

    def _drop(self, reason: str) -> None:
        if not self._is_over.is_set():
            self._is_dropped = True
            log.warning("preview_dropped", job_id=self._job.id, attempt=self._job.attempt, reason=reason)
        self._end()

    def _end(self) -> None:
        self._is_over.set()
        with suppress(Full):  # a thread with so much before it needs no waking
            self._frames.put_nowait(None)
        with suppress(Full):
            self._fragments.put_nowait(_END)
