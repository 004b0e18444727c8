"""Calls to URLs that strangers gave: only to public addresses, within a time, and hardly listening to the answer.

The operator's speech server is called by the same client: its address may be any, all else holds.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

import httpcore

from jobs.urls import DEFAULT_PORTS, Refusal, Target, UrlRefused, UrlRules, check_address, validate_url

Resolver = Callable[[str, int], Sequence[str]]
"""Host name and port to addresses, in the order to try them. Raises: OSError: there are none."""


class ReceiverUnreachable(Exception):
    """No whole answer came: no address, no connection, no valid certificate, broken HTTP, or too late."""


@dataclass(frozen=True)
class Answer:
    """What a receiver said; its body is cut, its other headers are dropped."""

    status: int
    retry_after: str | None
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for every address of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for _, _, _, _, sockaddr in found))


@dataclass(frozen=True)
class OutboundClient:
    """Sends one request per connection. No redirects, no proxies, no cookies, nothing from the environment.

    Any number of threads may use it.
    """

    rules: UrlRules
    timeout_s: float
    """For everything together, from the name to the last byte."""
    max_answer_bytes: int
    tls: ssl.SSLContext
    """Verifies names and certificates; `httpcore.default_ssl_context()` trusts the usual authorities."""
    resolver: Resolver = resolve

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body, and take the status and the beginning of the answer, whatever they are.

        Raises:
            UrlRefused: the URL, or any address that its name has now, is forbidden; nothing was sent.
            ReceiverUnreachable: no whole answer in time.
        """
        target = validate_url(url, self.rules)
        deadline_s = time.monotonic() + self.timeout_s
        network = _CheckedNetwork(self.rules, self.resolver, deadline_s)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self.tls, network_backend=network) as pool,
                pool.stream("POST", _address_of(target), headers=_complete(headers, target), content=body) as response,
            ):
                given = {name.lower(): content for name, content in response.headers}
                retry_after = given.get(b"retry-after")
                return Answer(
                    response.status,
                    retry_after.decode("latin-1") if retry_after is not None else None,
                    self._beginning(response.iter_stream()),
                )
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise ReceiverUnreachable(f"{target.host}: {type(error).__name__} {error}".strip()) from error

    def _beginning(self, parts: Iterable[bytes]) -> bytes:
        taken = bytearray()
        for part in parts:
            taken += part
            if len(taken) >= self.max_answer_bytes:
                break
        return bytes(taken[: self.max_answer_bytes])


class _CheckedNetwork(httpcore.NetworkBackend):
    """Resolves a name once, checks every address, connects to one of just these; all before one deadline."""

    def __init__(self, rules: UrlRules, resolver: Resolver, deadline_s: float) -> None:
        self._rules, self._resolver, self._deadline_s = rules, resolver, deadline_s
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises: UrlRefused. httpcore.ConnectError, ConnectTimeout. OSError: the name has no address."""
        addresses = self._addresses(host, port)
        failure: Exception = OSError("the name has no address")
        for num_tried, address in enumerate(addresses):
            share_s = _left(self._deadline_s) / (
                len(addresses) - num_tried
            )  # a silent address leaves time for the next
            try:
                stream = self._network.connect_tcp(address, port, timeout=share_s)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline_s)
        raise failure

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        addresses = _within(lambda: self._resolver(host, port), _left(self._deadline_s))
        for text in addresses:
            address = ip_address(text)
            if isinstance(address, IPv6Address) and address.scope_id is not None:
                raise UrlRefused(Refusal.ADDRESS, "the host has an address of one link only")
            check_address(address, self._rules)
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step must end before one deadline, so that a slow receiver cannot stretch it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline_s: float) -> None:
        self._stream, self._deadline_s = stream, deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline_s))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline_s))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline_s))
        return _TimedStream(secure, self._deadline_s)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _address_of(target: Target) -> httpcore.URL:
    return httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)


def _complete(headers: Mapping[str, str], target: Target) -> list[tuple[str | bytes, str | bytes]]:
    """With the Host header; httpcore's own lacks the brackets of an IPv6 address."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == DEFAULT_PORTS[target.scheme] else f":{target.port}"
    return [("Host", host + port), *headers.items()]


def _left(deadline_s: float) -> float:
    """Seconds to the deadline.

    Raises:
        httpcore.ReadTimeout: it is over.
    """
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("the time for the whole call is over")
    return left_s


def _within(work: Callable[[], Sequence[str]], seconds: float) -> Sequence[str]:
    """Do it in a thread that is left behind when it takes too long: the system's resolver knows no time-out."""
    outcome: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:  # to be raised where it is awaited
            outcome.put(error)

    threading.Thread(target=run, daemon=True, name="resolver").start()
    try:
        found = outcome.get(timeout=seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name was not resolved in time") from None
    if isinstance(found, Exception):
        raise found
    return found
