"""What surrounds every request: its id, the one log line, and the bounds of its body. Pure ASGI."""

import re
import secrets
import time
import uuid
from dataclasses import dataclass, field

import anyio
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.error_handlers import problem_answer, refusal_of
from api.errors import RequestRefused
from api.metrics import Metrics
from jobs.logging import logger
from jobs.settings import Settings

log = logger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
CLIENT_LEFT = 499  # in the log only: nobody was there to be answered
CREATE_PATH = "/v1/videos"
PROBES = ("/livez", "/readyz")
LINGER_S = 1.0  # a client that still sends reads a refusal only if we go on listening for a while


class RequestFrame:
    """Gives the request its id, adds the headers of every answer, catches what nobody caught, writes the log line."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self.problem_base_url = settings.problem_base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        frame = Frame(scope, send)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=scope["state"]["request_id"])
        try:
            await self.app(scope, receive, frame.send)
        except ClientDisconnect:
            frame.status = frame.status or CLIENT_LEFT
        except Exception as error:
            log.exception("request_failed")
            if not frame.status:
                refused = refusal_of(error)
                scope["state"]["error_code"] = refused.code
                await problem_answer(refused, self.problem_base_url)(scope, receive, frame.send)
        finally:
            self._record(scope, frame)

    def _record(self, scope: Scope, frame: "Frame") -> None:
        state, seconds = scope["state"], time.perf_counter() - frame.started_at_s
        route = getattr(scope.get("route"), "path", "none")
        status = frame.status or CLIENT_LEFT
        self.metrics.observe_request(scope["method"], route, status, seconds)
        if (scope["method"], scope["path"]) == ("POST", CREATE_PATH) and state["error_code"]:
            self.metrics.count_refusal(state["error_code"])
        tell = log.debug if scope["path"] in PROBES else log.info  # probes come every second and say nothing new
        tell(
            "request_answered", method=scope["method"], path=scope["path"], status=status,
            seconds=round(seconds, 4), tenant=state["tenant"], error_code=state["error_code"],
            job_id=state["job_id"], traceparent=state["traceparent"],
        )  # fmt: skip


@dataclass
class Frame:
    """One request under way: its state for routes, and the answer's status when it has begun."""

    scope: Scope
    inner_send: Send
    status: int = 0
    started_at_s: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        headers = Headers(scope=self.scope)
        request_id, traceparent = headers.get("x-request-id", ""), headers.get("traceparent", "")
        self.scope.setdefault("state", {}).update(
            request_id=request_id if REQUEST_ID.fullmatch(request_id) else f"req_{uuid.uuid4().hex}",
            traceparent=traceparent if TRACEPARENT.fullmatch(traceparent) else new_traceparent(),
            answer_headers={}, tenant=None, error_code=None, job_id=None,
        )  # fmt: skip

    async def send(self, message: Message) -> None:
        """Pass on what the app sends, with the headers of every answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            state, headers = self.scope["state"], MutableHeaders(scope=message)
            headers["X-Request-Id"], headers["traceparent"] = state["request_id"], state["traceparent"]
            headers["X-Content-Type-Options"] = "nosniff"
            headers.update(state["answer_headers"])
        await self.inner_send(message)


class BodyBounds:
    """Refuses bodies too long, by Content-Length before anything is read and while they come, and bodies too slow."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = Body(self.settings, scope, receive, send, max_body_bytes(self.settings, scope["path"]))
        if body.declared_bytes > body.max_bytes:
            detail = f"the body is {body.declared_bytes:.0f} bytes; the limit is {body.max_bytes}"
            refused = RequestRefused("payload_too_large", detail)
            scope["state"]["error_code"] = refused.code
            await problem_answer(refused, self.settings.problem_base_url)(scope, receive, body.send)
            return
        await self.app(scope, body.receive, body.send)


class Body:
    """One request's body while it comes."""

    def __init__(self, settings: Settings, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        self._limits, self._receive, self._send, self.max_bytes = settings.limits, receive, send, max_bytes
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        self.declared_bytes = float(declared) if declared.isdecimal() else 0.0  # of any number of digits
        self._is_coming = self.declared_bytes > 0 or "transfer-encoding" in headers
        asked_bytes_per_s = self.declared_bytes / self._limits.max_upload_s
        self._min_bytes_per_s = max(self._limits.min_upload_bytes_per_s, asked_bytes_per_s)
        self._num_bytes, self._waited_s, self._has_failed = 0, 0.0, False

    async def receive(self) -> Message:
        """Return the next part of the body, in bounds of size and time.

        Raises:
            RequestRefused: 413 or 408.
        """
        if not self._is_coming:
            return await self._receive()  # waits for the client to leave: as long as it likes
        began_at_s = time.monotonic()
        with anyio.move_on_after(self._limits.upload_idle_timeout_s) as waiting:
            message = await self._receive()
        self._waited_s += time.monotonic() - began_at_s
        if waiting.cancelled_caught:
            raise RequestRefused("upload_too_slow", f"nothing came for {self._limits.upload_idle_timeout_s:g} s")
        self._is_coming = message["type"] == "http.request" and message.get("more_body", False)
        self._num_bytes += len(message.get("body", b""))
        self._refuse_out_of_bounds()
        return message

    def _refuse_out_of_bounds(self) -> None:
        if self._num_bytes > self.max_bytes:
            raise RequestRefused("payload_too_large", f"the body is longer than {self.max_bytes} bytes")
        measured_s = self._waited_s - self._limits.upload_grace_s
        if not self._is_coming or measured_s <= 0:
            return
        if self._num_bytes < measured_s * self._min_bytes_per_s or measured_s > self._limits.max_upload_s:
            came = f"{self._num_bytes} bytes in {self._waited_s:.1f} s"
            needed = f"at least {self._min_bytes_per_s:.0f} bytes/s, and the end within {self._limits.max_upload_s:g} s"
            raise RequestRefused("upload_too_slow", f"{came}; needed are {needed}")

    async def send(self, message: Message) -> None:
        """Pass on the answer; one that refuses an unread body ends the connection, but not before it could be read."""
        if not self._is_coming:
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with anyio.move_on_after(LINGER_S):
            while self._is_coming:
                left = await self._receive()
                self._is_coming = left["type"] == "http.request" and left.get("more_body", False)
        await self._send({"type": "http.response.body", "body": b""})


def max_body_bytes(settings: Settings, path: str) -> int:
    """Return how long a request's body may be: uploads by their caps together, everything else one field."""
    limits = settings.limits
    if not path.startswith("/v1/v"):  # videos, videos/…, verify
        return limits.max_field_bytes
    files = 2 * limits.max_image_bytes + limits.max_audio_bytes  # two: the backdrop's
    files += limits.max_driving_video_bytes + limits.max_driving_keypoints_bytes + limits.max_captions_bytes
    return files + limits.max_fields * limits.max_field_bytes


def new_traceparent() -> str:
    """Return a W3C trace context for a request that came without one."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
