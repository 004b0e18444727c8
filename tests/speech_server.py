"""A real speech server of OpenAI's shape on loopback: it speaks in tones, and fails as it is told to."""

import io
import socket
import threading
import wave
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio.to_thread
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

RATE_HZ = 24_000
SECONDS_PER_CHAR = 0.05
Answer = Callable[[dict[str, Any]], Response]


def tones(text: str, rate_hz: int = RATE_HZ, level: int = 8_000) -> bytes:
    """A WAV as long as its text: a buzz that goes on and off as syllables do."""
    at_s = np.arange(round(len(text) * SECONDS_PER_CHAR * rate_hz)) / rate_hz
    samples = level * np.sign(np.sin(2 * np.pi * 130 * at_s)) * (np.sin(2 * np.pi * 4 * at_s) > -0.5)
    return wav(samples.astype("<i2").tobytes(), rate_hz)


def wav(samples: bytes, rate_hz: int = RATE_HZ) -> bytes:
    """16-bit mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(rate_hz)
        writing.writeframes(samples)
    return file.getvalue()


def speaks(asked: dict[str, Any]) -> Response:
    """The text as tones; the declared type is wrong, as with some servers."""
    return Response(tones(asked["input"]), media_type="audio/mpeg")


def says(content: bytes, status: int = 200, media_type: str = "audio/wav", **headers: str) -> Answer:
    """The same answer whatever is asked."""
    return lambda asked: Response(content, status, headers, media_type)


class SpeechServer:
    """`asked` has every request's JSON, `headers` its headers; `next` the answers to come, then it speaks."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.next: deque[Answer] = deque()
        self.always: Answer = speaks
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.was_asked = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1/audio/speech"
        app = Starlette(routes=[Route("/v1/audio/speech", self._speak, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    async def _speak(self, request: Request) -> Response:
        asked = await request.json()
        self.asked.append(asked)
        self.headers.append(dict(request.headers))
        self.was_asked.set()
        if len(asked["input"]) > 4096:
            return JSONResponse({"error": {"message": f"{asked['input']} is too long"}}, 400)
        answer = self.next.popleft() if self.next else self.always
        return await anyio.to_thread.run_sync(self._when_it_may, answer, asked)

    def _when_it_may(self, answer: Answer, asked: dict[str, Any]) -> Response:
        self.may_answer.wait(60)
        return answer(asked)

    def stop(self) -> None:
        self.may_answer.set()
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()


@contextmanager
def speech_server() -> Iterator[SpeechServer]:
    server = SpeechServer()
    try:
        yield server
    finally:
        server.stop()


def unused_url() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1/audio/speech"
