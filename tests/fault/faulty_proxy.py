"""A proxy in front of an object store that, on command, is down, answers 503, is slow, or says that it is full."""

import http.client
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "keep-alive", "date", "server", "content-length", "expect"}
BROKEN_SHARE, SLOW_S = 0.3, 0.4


class FaultyProxy(ThreadingHTTPServer):
    """Passes requests on unless `fault` is `down`, `5xx`, `slow` or `full`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, upstream_url: str, chance: random.Random) -> None:
        self.upstream = urlsplit(upstream_url).netloc
        self.chance = chance
        self.fault = ""
        self.num_refused = 0
        super().__init__(("127.0.0.1", 0), Passing)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Passing(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def answer(self) -> None:
        fault, is_write = self.server.fault, self.command in ("PUT", "POST")
        if fault == "down":
            self.server.num_refused += 1
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault == "5xx" and self.server.chance.random() < BROKEN_SHARE:
            self.refuse(503, "SlowDown")
        elif fault == "full" and is_write:
            self.refuse(507, "InsufficientStorage")
        else:
            self.pass_on(body)

    def refuse(self, status: int, code: str) -> None:
        self.server.num_refused += 1
        self.reply(status, [("content-type", "application/xml")], f"<Error><Code>{code}</Code></Error>".encode())

    def pass_on(self, body: bytes) -> None:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        upstream.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        answer = upstream.getresponse()
        content = answer.read()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
        length = answer.getheader("content-length") if self.command == "HEAD" else None
        self.reply(answer.status, kept, content, length)
        upstream.close()

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Tests read no log of it."""
