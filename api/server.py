"""The one way in which the HTTP face is served: uvicorn as this service needs it, for `python -m api` and for tests."""

import argparse
import socket
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from api.app import create_app
from api.connections import BoundedHttp, Doors
from api.dependencies import Context
from api.open_files import num_connections, num_waits, raise_limit
from jobs.logging import logger
from jobs.settings import Settings

log = logger(__name__)

STOP_S = 8  # from SIGTERM, for answers under way; `mmgt serve` kills after 10 s, Compose after 20 s


class Server(uvicorn.Server):
    """A server of one app, as the settings have it; a stop ends every wait, so that streams and polls end whole."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._context: Context = app.state.context
        http: Any = partial(BoundedHttp, Doors(settings))  # uvicorn only calls it
        super().__init__(
            uvicorn.Config(
                app, settings.host, settings.port, http=http, ws="none", lifespan="on", log_config=None,
                log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=STOP_S,
            )
        )  # fmt: skip

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn when it has been asked to stop."""
        self._context.store.end_waits()
        await super().shutdown(sockets)


def main() -> int:
    """Serve until SIGINT or SIGTERM, at the host and port of the settings.

    Returns:
        The exit status: 3 when it could not be started.
    """
    parser = argparse.ArgumentParser(prog="python -m api", description="Serve the HTTP API.")
    parser.add_argument("--fd", type=int, help="number of an inherited socket that listens already")
    listener_fd = parser.parse_args().fd
    open_files = raise_limit()
    settings = Settings()
    server = Server(create_app(settings), settings)
    log.info(
        "api_started", open_files=open_files, max_connections=num_connections(), max_waits=num_waits(),
        max_connections_per_address=settings.connections.max_per_address or None,
    )  # fmt: skip
    server.run(None if listener_fd is None else [socket.socket(fileno=listener_fd)])
    return 0 if server.started else STARTUP_FAILURE
