"""Ports to listen on: tried before anything is started, so that one that is taken is named at once, by number."""

import errno
import socket

from jobs.errors import JobsError

_REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "the system lets only an administrator listen there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class PortUnusable(JobsError):
    """The service cannot listen on a port that its settings name."""


def listen(host: str, port: int, named_by: str) -> socket.socket:
    """Bind a port and listen on it: from here on nobody else can, and who connects waits until a child accepts.

    Args:
        port: 0 takes a free one.
        named_by: the option or setting that says the port, for the message.

    Raises:
        PortUnusable
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason = _REASONS.get(number or 0, getattr(error, "strerror", None) or str(error))
        raise PortUnusable(f"port {port} of {host} cannot be used: {reason}; {named_by} names another") from error


def check_free(host: str, port: int, named_by: str) -> None:
    """Raises: PortUnusable: a child that listens there soon would fail."""
    listen(host, port, named_by).close()


def http_url(host: str, port: int) -> str:
    """Where clients reach what listens there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
