"""Walks an operation step by step, in place of a client: the test says how each step went, and sees what comes next."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from mmgt.steps import Call, Chunk, Flow, Open, Send, Sleep, Step, Tell

VIDEO = {
    "id": "video_1", "object": "video", "status": "queued", "progress": 0, "attempt": 1, "error": None, "seed": 1,
}  # fmt: skip


def video(**changes: object) -> dict[str, Any]:
    return VIDEO | changes


def answer(status: int = 200, content: object = None, **headers: str) -> httpx.Response:
    """A response that has been read."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=content, headers=named, request=httpx.Request("GET", "http://there/v1"))


def stream(status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": "text/event-stream"})


def event(number: int, of: Mapping[str, object]) -> bytes:
    return f"id: {number}-0\r\nevent: video.progress\r\ndata: {json.dumps(of)}\r\n\r\n".encode()


def call_of(step: Step | Tell[Any] | None) -> Call:
    assert isinstance(step, Send | Open), step
    return step.call


def is_end(step: Step | Tell[Any] | None) -> bool:
    return step is None


BROKEN = httpx.ReadError("connection reset")
__all__ = ["BROKEN", "VIDEO", "Chunk", "Flow", "Open", "Send", "Sleep", "Tell", "answer", "call_of", "event", "is_end"]
