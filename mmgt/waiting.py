"""Waiting for a video to end: by its events where they come, by asking where they do not."""

import time
from collections.abc import Callable

from mmgt.answers import Video
from mmgt.errors import MmgtError, NotCompleted, WaitTimedOut
from mmgt.events import ENDED, SILENT_S, Stream
from mmgt.paths import video_path
from mmgt.patience import Patience, ask, json_of, retry_after_s
from mmgt.steps import Call, Sleep, Steps

STREAMS_TRIED = 3  # in a row that tell nothing, as behind a proxy that keeps what it should pass on
ASK_AFTER_S = 2.0  # where the service does not say

OnProgress = Callable[[Video], object]


class _Watch:
    """What the caller was told, and until when it waits."""

    def __init__(self, on_progress: OnProgress | None, timeout_s: float | None) -> None:
        self._on_progress = on_progress
        self._ends_at_s = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        self._told: Video | None = None
        self.last_event_id: str | None = None

    def tell(self, video: Video) -> None:
        """Pass a change on. A stream that begins anew repeats old ones: those are not told."""
        before, self._told = self._told, video
        if before is not None and (video == before or _how_far(video) < _how_far(before)):
            self._told = before
        elif self._on_progress is not None:
            self._on_progress(video)

    def left_s(self, video: Video) -> float:
        """Seconds that the caller still waits.

        Raises:
            WaitTimedOut: none.
        """
        left_s = self._ends_at_s - time.monotonic()
        if left_s <= 0:
            raise WaitTimedOut(video)
        return left_s


def _how_far(video: Video) -> tuple[int, bool, int]:
    return video["attempt"], video["status"] in ENDED, video["progress"]


def wait(
    patience: Patience, video_id: str, *, on_progress: OnProgress | None = None, timeout_s: float | None = None
) -> Steps[Video]:
    """The video, as soon as it is completed.

    Args:
        on_progress: called with the video at each of its events, from its first on.
        timeout_s: None: however long it takes. It is looked at with each sign of life, so within 15 s.

    Raises:
        NotCompleted: it failed, was cancelled or has expired.
        WaitTimedOut: it goes on.
        MmgtError: refused, or nobody answers any more; NotFound also where the video was deleted meanwhile.
    """
    watch, streams = _Watch(on_progress, timeout_s), 0
    video, pause_s = yield from _look(patience, video_id)
    while video["status"] not in ENDED:
        if streams < STREAMS_TRIED:
            is_told = yield from _follow(video, watch)
            streams = 0 if is_told else streams + 1
        if streams:
            yield Sleep(min(pause_s, watch.left_s(video)))
        video, pause_s = yield from _look(patience, video_id)
        watch.tell(video)
    watch.tell(video)
    if video["status"] != "completed":
        raise NotCompleted(video)
    return video


def _look(patience: Patience, video_id: str) -> Steps[tuple[Video, float]]:
    """The video now, and after how many seconds to ask again."""
    response = yield from ask(patience, Call("GET", video_path(video_id)))
    pause_s = retry_after_s(response.headers)
    return json_of(response), ASK_AFTER_S if pause_s is None else pause_s


def _follow(video: Video, watch: _Watch) -> Steps[bool]:
    """Pass events on until the stream ends or breaks; False when nothing came. The record is the truth: ask it then."""
    stream = Stream(video["id"], watch.last_event_id, min(SILENT_S, watch.left_s(video)))
    is_told = False
    try:
        if not (yield from stream.open()):
            return True
        while (came := (yield from stream.more())) is not None:
            is_told = True
            for event in came:
                video, watch.last_event_id = event.video, event.id
                watch.tell(video)
            watch.left_s(video)
    except WaitTimedOut:
        raise
    except MmgtError:
        return is_told
    return is_told
