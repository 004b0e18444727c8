"""Connections as clients hold them, with what uvicorn lacks: bounds on a request's head and on how many there are."""

import asyncio
import ipaddress
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.error_handlers import problem_answer
from api.errors import RequestRefused
from api.open_files import num_connections
from jobs.logging import logger
from jobs.settings import Settings

log = logger(__name__)

PIECE_BYTES = 16_384  # a head is parsed in such pieces, so that its bound is met to within one
HANG_UP = "mmgt.hang_up"  # in a request's scope: ends its connection
LINGER_S = 1.0  # a client that still sends reads a refusal only if we go on listening for a while
IPV6_SITE_BITS = 64  # what one client has to itself


class Doors:
    """Who is connected; at a bound the connection that asked for nothing the longest makes place for a new one."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.problem_base_url = settings.connections, settings.problem_base_url
        self.total = num_connections()
        self.per_address = min(self.total, settings.connections.max_per_address or self.total)
        self._inside: dict[BoundedHttp, str] = {}  # in the order in which they came
        self._at: dict[str, dict[BoundedHttp, None]] = {}

    def enter(self, connection: "BoundedHttp", address: str) -> RequestRefused | None:
        """Note a new connection; or say why there is no place for it."""
        here = self._at.setdefault(address, {})
        if len(here) >= self.per_address and not _send_one_away(here):
            detail = f"{len(here)} connections of your address are busy, as many as one may have"
            return RequestRefused("too_many_connections", detail, headers={"Retry-After": "5"})
        if len(self._inside) >= self.total and not _send_one_away(self._inside):
            return RequestRefused("server_full", f"{self.total} connections are busy, as many as the server has")
        self._inside[connection] = address
        here[connection] = None
        return None

    def leave(self, connection: "BoundedHttp") -> None:
        """Forget a connection."""
        address = self._inside.pop(connection, None)
        if address is not None:
            self._at[address].pop(connection)
            if not self._at[address]:
                del self._at[address]


class BoundedHttp(HttpToolsProtocol):
    """One connection: uvicorn's, with a bound on what comes without a whole head or a byte of body, and on its time."""

    def __init__(self, doors: Doors, **of_uvicorn: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(**of_uvicorn)
        self._doors = doors
        self._head_timer: asyncio.TimerHandle | None = None
        self._pending_bytes = 0  # since the parser last gave us a whole head, or some body
        self._has_advanced = self.is_refused = False
        self.idle_since_s = self.loop.time()

    @property
    def is_asking(self) -> bool:
        """Whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in, and wait for its head for a while."""
        super().connection_made(transport)
        refused = self._doors.enter(self, _site(self.client[0] if self.client else ""))
        if refused is not None and len(self.connections) > self._doors.total * 9 // 8:
            transport.abort()  # so many are being refused that telling them would take the files that are left
        elif refused is not None:
            self._refuse(refused)
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its place free."""
        self._doors.leave(self)
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it was refused or becomes too much."""
        if not self.is_asking and self._head_timer is None:
            self._await_head()
        is_body = self.is_asking and self.cycle.more_body
        step = len(data) if is_body else PIECE_BYTES
        for start in range(0, len(data), step):
            if self.is_refused or self.transport.is_closing():
                return
            piece = data[start : start + step]
            self._has_advanced = False
            super().data_received(piece)
            self._pending_bytes = 0 if self._has_advanced else self._pending_bytes + len(piece)
            if self._is_too_long(self._pending_bytes):
                return

    def on_message_begin(self) -> None:
        """Called by the parser, as those below."""
        if not self.is_refused:
            super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole: its request begins, framed as its version of HTTP can read it."""
        if self.is_refused:
            return
        if self._is_too_long(len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)):
            return
        self._has_advanced = True
        self._stop_head_timer()
        self.scope[HANG_UP] = self.hang_up  # type: ignore[literal-required]
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            self.cycle.__class__ = UnframedCycle
            self.cycle.chunked_encoding = False

    def on_body(self, body: bytes) -> None:
        """Some of the body came."""
        self._has_advanced = True
        if not self.is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self.is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is whole."""
        self.idle_since_s = self.loop.time()
        super().on_response_complete()

    def hang_up(self) -> None:
        """End the connection within an answer, so that who reads it notices that it is not whole."""
        self.transport.close()
        self.loop.call_later(LINGER_S, self.transport.abort)  # a client that reads no more would keep it open

    def send_away(self) -> None:
        """Hang up, to make place."""
        self.is_refused = True
        self._doors.leave(self)
        self.transport.abort()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._doors.settings.head_timeout_s, self._end_late_head)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_late_head(self) -> None:
        if not self._pending_bytes:
            self.transport.close()  # it never began: browsers connect in advance
            return
        detail = f"the head of the request was not whole after {self._doors.settings.head_timeout_s:g} s"
        self._refuse(RequestRefused("request_head_too_slow", detail))

    def _is_too_long(self, num_head_bytes: int) -> bool:
        max_bytes = self._doors.settings.max_head_bytes
        if num_head_bytes > max_bytes:
            detail = f"the head of the request is longer than {max_bytes} bytes"
            self._refuse(RequestRefused("request_head_too_large", detail))
        return num_head_bytes > max_bytes

    def _refuse(self, refused: RequestRefused) -> None:
        """Answer outside of any request, read no more, hang up soon; an answer under way is only cut."""
        if self.is_refused:
            return
        self.is_refused = True
        self._stop_head_timer()
        log.info("connection_refused", error_code=refused.code, client=self.client[0] if self.client else None)
        if self.is_asking or self.transport.is_closing():
            self.transport.close()
            return
        answer = problem_answer(refused, self._doors.problem_base_url)
        status = HTTPStatus(answer.status_code)
        fields = [*answer.raw_headers, (b"connection", b"close")]
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), *(name + b": " + value for name, value in fields)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)


class UnframedCycle(RequestResponseCycle):
    """An answer to HTTP/1.0, which knows no chunks: a body without a length ends with the connection."""

    async def send(self, message: Any) -> None:  # noqa: ANN401 - any of uvicorn's messages
        """Send a part of the answer as it is."""
        if message["type"] == "http.response.body":
            self.expected_content_length = len(message.get("body", b""))  # what uvicorn would hold it to
        await super().send(message)


def _send_one_away(inside: dict[BoundedHttp, Any]) -> bool:
    """Hang up on the one that has asked for nothing the longest; False when all are busy."""
    idle = [connection for connection in inside if not connection.is_asking]
    if idle:
        min(idle, key=lambda connection: connection.idle_since_s).send_away()
    return bool(idle)


def _site(address: str) -> str:
    """Return whose address it is: of an IPv6 address its network, because a client has all of it."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], IPV6_SITE_BITS), strict=False))
