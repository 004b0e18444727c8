"""Server-sent events, read from bytes as they come, and a video's events, followed over broken connections."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from mmgt.answers import Video
from mmgt.errors import MmgtError, UnexpectedAnswer, Unreachable
from mmgt.paths import video_path
from mmgt.patience import Patience, answered, shown, unreachable
from mmgt.steps import Call, Chunk, Open, Sleep, Steps, Tell, Telling

ENDED = ("completed", "failed", "cancelled", "expired")
SILENT_S = 30.0  # the service sends at least a comment every 15 s: longer silence is a dead connection

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a CR at the end waits for its LF; U+2028 ends no line


@dataclass(frozen=True)
class Event:
    """Something that happened to a video.

    Attributes:
        id: for `last_event_id`.
        type: `video.progress` and so on; the list is in docs/http-api.md.
        video: as it was then.
    """

    id: str
    type: str
    video: Video


class EventReader:
    """Puts chunks of an event stream together; an event is given once its empty line has come."""

    def __init__(self) -> None:
        self._rest = b""
        self._id, self._type, self._data = "", "message", list[str]()

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that are whole with this chunk."""
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        for line in lines:
            if line:
                self._note(line.decode("utf-8", "replace"))
                continue
            if self._data:
                yield Event(self._id, self._type, json.loads("\n".join(self._data)))
            self._type, self._data = "message", []

    def _note(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value
        elif name == "event":
            self._type = value


class Stream:
    """One connection to a video's events."""

    def __init__(self, video_id: str, last_event_id: str | None, read_s: float = SILENT_S) -> None:
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        headers |= {"Last-Event-ID": last_event_id} if last_event_id else {}
        self._call = Call("GET", video_path(video_id, "events"), headers=headers, read_s=read_s)
        self._reader = EventReader()

    def open(self) -> Steps[bool]:
        """Connect; False where the video has ended and every event is had.

        Raises:
            MmgtError: refused, or nobody answers.
        """
        try:
            response = answered((yield Open(self._call)))
        except httpx.RequestError as error:
            raise unreachable(self._call, error) from error
        if response.status_code == httpx.codes.NO_CONTENT:
            return False
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            raise UnexpectedAnswer(response.status_code, shown(response.url))
        return True

    def more(self) -> Steps[list[Event] | None]:
        """The events of the next bytes: often none, for comments come too. None where the stream ends.

        Raises:
            Unreachable: it broke.
        """
        try:
            chunk: bytes | None = yield Chunk()
        except httpx.RequestError as error:
            raise unreachable(self._call, error) from error
        return None if chunk is None else list(self._reader.feed(chunk))


def events(patience: Patience, video_id: str, *, last_event_id: str | None = None) -> Telling[Event]:
    """Each event of a video as it happens: from the first, or after `last_event_id`, to the last.

    A connection that breaks is opened again behind the last event that came.

    Raises:
        MmgtError: refused, or nobody answers any more; NotFound also where the video was deleted meanwhile.
    """
    failures, has_ended = 0, False
    while not has_ended:
        stream = Stream(video_id, last_event_id)
        try:
            if not (yield from stream.open()):
                return
            while (came := (yield from stream.more())) is not None:
                failures = 0
                for event in came:
                    last_event_id, has_ended = event.id, event.video["status"] in ENDED
                    yield Tell(event)
            failure: MmgtError = Unreachable(f"the events of {video_id} ended before the last")
        except MmgtError as error:
            failure = error
        if not has_ended:
            failures += 1
            yield Sleep(patience.pause_s(failures, failure))
