"""`Client` blocks, `AsyncClient` awaits; both run the same steps, so each operation is written once and named here."""

import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypedDict, TypeVar

import anyio
import httpx

from mmgt import downloading, events, service, videos, waiting
from mmgt.patience import Patience, shown
from mmgt.steps import Call, Chunk, Flow, Open, Send, Sleep, Step, Steps, Tell, Telling

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLES, KEY_VARIABLES = ("MMGT_BASE_URL", "MMGT_URL"), ("MMGT_API_KEY", "MMGT_KEY")
"""Where an address and a key come from that were not given; the second is what the `mmgt` command reads."""

CONNECT_S = 10.0


class Blocking:
    """What runs operations for callers that block."""

    def __init__(self, http: httpx.Client, patience: Patience) -> None:
        self._http, self._patience = http, patience

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown(self._http.base_url)!r})"


class Awaiting:
    """What runs operations for callers that await."""

    def __init__(self, http: httpx.AsyncClient, patience: Patience) -> None:
        self._http, self._patience = http, patience

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown(self._http.base_url)!r})"


class _Wire:
    """One operation's steps, carried out by a client that blocks."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._opened: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def carry_out(self, step: Step) -> object:
        match step:
            case Send(call):
                return self._send(call, is_stream=False)
            case Open(call):
                self.close()
                self._opened = self._send(call, is_stream=True)
                if not self._opened.is_success:
                    self._opened.read()
                self._chunks = self._opened.iter_raw()
                return self._opened
            case Chunk():
                return next(self._chunks, None)
            case Sleep(seconds):
                time.sleep(seconds)
                return None

    def _send(self, call: Call, *, is_stream: bool) -> httpx.Response:
        with call.request(self._http) as request:
            return self._http.send(request, stream=is_stream)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


class _AsyncWire:
    """The same, awaited. Files are read and written without awaiting, a chunk at a time, as httpx itself does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._opened: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def carry_out(self, step: Step) -> object:
        match step:
            case Send(call):
                return await self._send(call, is_stream=False)
            case Open(call):
                await self.close()
                self._opened = await self._send(call, is_stream=True)
                if not self._opened.is_success:
                    await self._opened.aread()
                self._chunks = self._opened.aiter_raw()
                return self._opened
            case Chunk():
                assert self._chunks is not None
                return await anext(self._chunks, None)
            case Sleep(seconds):
                await anyio.sleep(seconds)
                return None

    async def _send(self, call: Call, *, is_stream: bool) -> httpx.Response:
        with call.request(self._http) as request:
            return await self._http.send(request, stream=is_stream)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()


def _run(http: httpx.Client, flow: Flow[Any]) -> Iterator[Any]:
    """Run an operation to its end; yields what it tells."""
    wire, step = _Wire(http), flow.next()
    try:
        while step is not None:
            if isinstance(step, Tell):
                yield step.value
                step = flow.next()
                continue
            try:
                answer = wire.carry_out(step)
            except httpx.RequestError as error:
                step = flow.next(failure=error)
            else:
                step = flow.next(answer)
    finally:
        flow.close()
        wire.close()


async def _run_async(http: httpx.AsyncClient, flow: Flow[Any]) -> AsyncIterator[Any]:
    """The same, awaited."""
    wire, step = _AsyncWire(http), flow.next()
    try:
        while step is not None:
            if isinstance(step, Tell):
                yield step.value
                step = flow.next()
                continue
            try:
                answer = await wire.carry_out(step)
            except httpx.RequestError as error:
                step = flow.next(failure=error)
            else:
                step = flow.next(answer)
    finally:
        flow.close()
        await wire.close()


def blocking(operation: Callable[Concatenate[Patience, P], Steps[T]]) -> Callable[Concatenate[Blocking, P], T]:
    """A method that runs an operation and returns its result."""

    @wraps(operation)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        flow = Flow(operation(self._patience, *args, **kwargs))
        for _ in _run(self._http, flow):
            pass
        return flow.result

    return method


def iterating(
    operation: Callable[Concatenate[Patience, P], Telling[T]],
) -> Callable[Concatenate[Blocking, P], Iterator[T]]:
    """A method that runs an operation as its caller takes what it tells."""

    @wraps(operation)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return _run(self._http, Flow(operation(self._patience, *args, **kwargs)))

    return method


def awaitable(
    operation: Callable[Concatenate[Patience, P], Steps[T]],
) -> Callable[Concatenate[Awaiting, P], Coroutine[Any, Any, T]]:
    """`blocking`, awaited."""

    @wraps(operation)
    async def method(self: Awaiting, /, *args: P.args, **kwargs: P.kwargs) -> T:
        flow = Flow(operation(self._patience, *args, **kwargs))
        async for _ in _run_async(self._http, flow):
            pass
        return flow.result

    return method


def async_iterating(
    operation: Callable[Concatenate[Patience, P], Telling[T]],
) -> Callable[Concatenate[Awaiting, P], AsyncIterator[T]]:
    """`iterating`, for `async for`."""

    @wraps(operation)
    def method(self: Awaiting, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return _run_async(self._http, Flow(operation(self._patience, *args, **kwargs)))

    return method


class Videos(Blocking):
    """`client.videos`."""

    create = blocking(videos.create)
    create_takes = blocking(videos.create_takes)
    create_and_wait = blocking(videos.create_and_wait)
    remix = blocking(videos.remix)
    remix_takes = blocking(videos.remix_takes)
    validate = blocking(videos.validate)
    retrieve = blocking(videos.retrieve)
    wait = blocking(waiting.wait)
    events = iterating(events.events)
    list = blocking(videos.list_page)
    every = iterating(videos.every)
    download = blocking(downloading.download)
    content = blocking(downloading.content)
    cancel = blocking(videos.cancel)
    delete = blocking(videos.delete)
    deliveries = blocking(videos.deliveries)
    redeliver = blocking(videos.redeliver)


class AsyncVideos(Awaiting):
    """`client.videos`, awaited."""

    create = awaitable(videos.create)
    create_takes = awaitable(videos.create_takes)
    create_and_wait = awaitable(videos.create_and_wait)
    remix = awaitable(videos.remix)
    remix_takes = awaitable(videos.remix_takes)
    validate = awaitable(videos.validate)
    retrieve = awaitable(videos.retrieve)
    wait = awaitable(waiting.wait)
    events = async_iterating(events.events)
    list = awaitable(videos.list_page)
    every = async_iterating(videos.every)
    download = awaitable(downloading.download)
    content = awaitable(downloading.content)
    cancel = awaitable(videos.cancel)
    delete = awaitable(videos.delete)
    deliveries = awaitable(videos.deliveries)
    redeliver = awaitable(videos.redeliver)


class Client(Blocking):
    """A service, for callers that block; safe to share between threads.

    Args:
        base_url: of the service, with or without `/v1`; None: `MMGT_BASE_URL`, `MMGT_URL`, or this machine's port 8000.
        api_key: None: `MMGT_API_KEY`, or `MMGT_KEY`; empty: none, which a service on loopback may not need.
        timeout_s: without a byte, after which a try has failed.
        max_retries: in a row, after a lost connection or where the service says `later`.
    """

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, *, timeout_s: float = 60.0, max_retries: int = 4
    ) -> None:
        super().__init__(httpx.Client(**_options(base_url, api_key, timeout_s)), Patience(max_retries))
        self.videos = Videos(self._http, self._patience)

    models = blocking(service.models)
    queue = blocking(service.queue)
    limits = blocking(service.limits)
    voices = blocking(service.voices)
    verify = blocking(service.verify)

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(Awaiting):
    """`Client` for callers that await, on asyncio or trio."""

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, *, timeout_s: float = 60.0, max_retries: int = 4
    ) -> None:
        super().__init__(httpx.AsyncClient(**_options(base_url, api_key, timeout_s)), Patience(max_retries))
        self.videos = AsyncVideos(self._http, self._patience)

    models = awaitable(service.models)
    queue = awaitable(service.queue)
    limits = awaitable(service.limits)
    voices = awaitable(service.voices)
    verify = awaitable(service.verify)

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Options(TypedDict):
    base_url: str
    headers: dict[str, str]
    timeout: httpx.Timeout


def _options(base_url: str | None, api_key: str | None, timeout_s: float) -> _Options:
    """What both of httpx's clients are made with.

    Raises:
        ValueError: the address is none, or the key cannot be sent; its message does not tell the key.
    """
    url = httpx.URL(
        (base_url or _from_environment(URL_VARIABLES) or DEFAULT_URL).strip().rstrip("/").removesuffix("/v1")
    )
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{shown(url)!r} is no address of a service; it begins with http:// or https://")
    key = ((_from_environment(KEY_VARIABLES) or "") if api_key is None else api_key).strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError("the key has a character that no header can carry")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return {"base_url": str(url), "headers": headers, "timeout": httpx.Timeout(timeout_s, connect=CONNECT_S)}


def _from_environment(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)
