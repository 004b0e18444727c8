"""Small real receivers of webhooks on loopback: each answers every connection by one function."""

import socket
import ssl
import threading
from contextlib import contextmanager


class Receiver:
    """Accepts connections until it is closed, and keeps what was sent to it."""

    def __init__(self, answer, tls=None, family=socket.AF_INET):
        self.requests = []
        self.num_connections = 0
        self.server_names = []
        self.is_over = threading.Event()
        self._answer, self._tls = answer, tls
        if tls is not None:
            tls.sni_callback = lambda connection, name, context: self.server_names.append(name)
        self._server = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.is_over.set()
        self._server.close()

    def _accept(self):
        while not self.is_over.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.num_connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True) as stream:
                self.requests.append(read_request(stream))
                self._answer(self, stream)
        except (OSError, ssl.SSLError):
            pass  # the client hung up, as some tests want


def read_request(stream):
    """Head in lower case as a list of lines, and the body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += receive(stream)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
    while len(body) < length:
        body += receive(stream)
    return lines, body


def receive(stream):
    received = stream.recv(65536)
    if not received:
        raise ConnectionError("the client hung up")
    return received


def says(status, *headers, body=b""):
    """An answer that comes at once."""
    head = "\r\n".join([f"HTTP/1.1 {status} Said", *headers, f"Content-Length: {len(body)}", "", ""])
    return lambda receiver, stream: stream.sendall(head.encode() + body)


def drips(beginning, drop, period_s=0.02):
    """An answer that never ends, a little at a time."""

    def answer(receiver, stream):
        stream.sendall(beginning)
        while not receiver.is_over.wait(period_s):
            stream.sendall(drop)

    return answer


def is_silent(receiver, stream):
    """No answer at all."""
    receiver.is_over.wait()


@contextmanager
def receiving(answer, tls=None, family=socket.AF_INET):
    receiver = Receiver(answer, tls, family)
    try:
        yield receiver
    finally:
        receiver.close()
