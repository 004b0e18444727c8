"""The real app behind its real server in a thread, on a free loopback port; and API keys for three callers."""

import hashlib
import socket
import threading
from pathlib import Path

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.server import Server
from jobs.settings import Settings, StoreSettings

STARTS_WITHIN_S = 20.0
KEYS = {"alice": "key-of-alice", "bob": "key-of-bob", "olga": "key-of-olga"}  # tenant: key; olga operates


def settings_for(store: StoreSettings, data: Path, **groups: object) -> Settings:
    """Return settings of a service whose objects lie under `data`, with the three keys."""
    scopes = {"alice": "user", "bob": "user", "olga": "operator"}
    api_keys = ",".join(
        f"{tenant}:{scopes[tenant]}:{hashlib.sha256(key.encode()).hexdigest()}" for tenant, key in KEYS.items()
    )
    log = {"level": "ERROR"}
    return Settings.model_validate({"store": store, "data": data, "api_keys": api_keys, "log": log, **groups})


class ServedApp:
    """An app that serves until `stop`; the socket is bound before the thread starts, so its port is known."""

    def __init__(self, settings: Settings, app: FastAPI | None = None) -> None:
        self.settings = settings
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = Server(app or create_app(settings), settings)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._clients: list[httpx.Client] = []

    def start(self) -> None:
        """Serve, and return when the app has started."""
        self._thread.start()
        with httpx.Client(base_url=self.url, timeout=STARTS_WITHIN_S) as client:
            assert client.get("/livez").status_code == 200  # the bound socket queues us until it accepts

    def client(self, tenant: str | None = "alice", **options: object) -> httpx.Client:
        """Return a client that carries the tenant's key."""
        headers = {} if tenant is None else {"Authorization": f"Bearer {KEYS[tenant]}"}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=15.0, **options)  # type: ignore[arg-type]
        self._clients.append(client)
        return client

    def stop(self) -> None:
        """Close the clients and end the server."""
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join(STARTS_WITHIN_S)
        assert not self._thread.is_alive()
