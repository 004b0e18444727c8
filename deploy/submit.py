"""A client of the service for the command line: post, follow the events, download; and the same as a `curl` line."""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from mmgt_core.progress_bar import ProgressBar

_CONNECT_S, _READ_S = 10.0, 60.0
_CHUNK_BYTES = 1 << 16
_TERMINAL = ("completed", "failed", "cancelled", "expired")


class SubmitFailed(Exception):
    """The service refused the request or the job did not end with a video; the message is the service's own."""


@dataclass(frozen=True)
class Submission:
    """What to send, and where. files: field name to path. fields: everything else, as text."""

    url: str
    files: dict[str, Path]
    fields: dict[str, str] = field(default_factory=dict)
    api_key: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def as_curl(self) -> str:
        """The same create call for a shell; a key appears only as a variable."""
        words = ["curl", f"{self.url}/v1/videos"]
        words += [word for name, path in self.files.items() for word in ("-F", f"{name}=@{path}")]
        words += [word for name, value in self.fields.items() for word in ("-F", f"{name}={value}")]
        line = shlex.join(words)
        return f'{line} -H "Authorization: Bearer $MMGT_API_KEY"' if self.api_key else line


SUFFIXES = {"pose": ".pose.mp4", "masks": ".masks.mp4", "thumbnail": ".thumbnail.jpg", "manifest": ".manifest.json"}
"""What else can be downloaded, and how it is named beside the video."""


def beside(out: Path, variant: str) -> Path:
    """Where a variant lies: the video's name with another suffix."""
    return out.with_name(out.stem + SUFFIXES[variant])


def submit(submission: Submission, out: Path, variants: Sequence[str], bar: ProgressBar) -> dict[str, Any]:
    """Make one video and write it to `out`, and the variants beside it; returns the video object.

    Each file is complete or absent.

    Raises:
        SubmitFailed: refused, failed, cancelled, or the service cannot be reached.
    """
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    try:
        with httpx.Client(base_url=submission.url, headers=submission.headers, timeout=timeout) as client:
            video = _create(client, submission)
            video = _follow(client, video, bar)
            if video["status"] != "completed":
                raise SubmitFailed(_why(video))
            _download(client, video["id"], "video", out)
            for variant in variants:
                _download(client, video["id"], variant, beside(out, variant))
    except httpx.HTTPError as error:
        raise SubmitFailed(f"{submission.url}: {error or type(error).__name__}") from error
    return video


def _create(client: httpx.Client, submission: Submission) -> dict[str, Any]:
    with ExitStack() as stack:
        files = {name: (path.name, stack.enter_context(path.open("rb"))) for name, path in submission.files.items()}
        response = client.post("/v1/videos", files=files, data=submission.fields)
    return _json(response)


def _follow(client: httpx.Client, video: dict[str, Any], bar: ProgressBar) -> dict[str, Any]:
    """Show progress until the job ends. The stream may break; the record is the truth, so it is asked again."""
    last_id, shown = "", _Shown(bar)
    while video["status"] not in _TERMINAL:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            with client.stream("GET", f"/v1/videos/{video['id']}/events", headers=headers) as stream:
                for event_id, event in _events(stream):
                    last_id = event_id or last_id
                    video = event.get("data", event)
                    shown.show(video)
        except httpx.TransportError:
            pass  # asked again below; a service that is gone raises there
        video = _json(client.get(f"/v1/videos/{video['id']}", headers={"Prefer": "wait=2"}))
    return video


def _events(stream: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and content of each server-sent event."""
    event_id, lines = "", list[str]()
    for line in stream.iter_lines():
        if line.startswith("id:"):
            event_id = line[3:].strip()
        elif line.startswith("data:"):
            lines.append(line[5:].strip())
        elif not line and lines:
            yield event_id, json.loads("\n".join(lines))
            lines.clear()


@dataclass
class _Shown:
    """The stage whose bar moves now; its last steps may pass between two events, so the next stage completes it."""

    bar: ProgressBar
    stage: str = ""
    steps: int = 0

    def show(self, video: dict[str, Any]) -> None:
        """Move the bar of the video's stage."""
        detail = video.get("progress_detail") or {}
        is_done = video["status"] == "completed"
        if self.stage and (is_done or detail.get("stage") != self.stage):
            self.bar.advance(self.stage.replace("_", " "), self.steps, self.steps)
        if detail.get("steps") and not is_done:
            self.stage, self.steps = str(detail["stage"]), int(detail["steps"])
            self.bar.advance(self.stage.replace("_", " "), int(detail["step"]), self.steps)


def _download(client: httpx.Client, video_id: str, variant: str, out: Path) -> None:
    part = out.with_name(out.name + ".part")
    try:
        path, query = f"/v1/videos/{video_id}/content", {"variant": variant}
        with client.stream("GET", path, params=query) as stream, part.open("wb") as file:
            if stream.is_error:
                stream.read()
                _json(stream)
            for chunk in stream.iter_bytes(_CHUNK_BYTES):
                file.write(chunk)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        content: dict[str, Any] = response.json()
    except ValueError as error:
        raise SubmitFailed(f"HTTP {response.status_code} from {response.url}, and no JSON") from error
    if response.is_error:
        raise SubmitFailed(str(content.get("detail") or content.get("title") or content))
    return content


def _why(video: dict[str, Any]) -> str:
    error = video.get("error") or {}
    return f"{video['id']} ended as {video['status']}" + (f": {error['message']}" if error else "")
