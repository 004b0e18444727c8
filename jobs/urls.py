"""Which addresses given by strangers this service may call: rules for the URL, and for what its name resolves to."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from jobs.errors import JobsError

Address = IPv4Address | IPv6Address
MAX_URL_CHARACTERS = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host, reachable from inside it only
        "169.254.0.0/16",  # link-local, metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
"""All else is loopback, private, link-local, multicast, or carries an IPv4 address (mapped, NAT64)."""
_SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols; Teredo carries an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",  # documentation
    )
)


class Refusal(StrEnum):
    """Why a URL is not called."""

    MALFORMED = "malformed"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    HOST = "host"
    PORT = "port"
    ADDRESS = "address"


class UrlRefused(JobsError):
    """The rules forbid to call this URL; the message names its host at most, because the rest may be secret."""

    def __init__(self, reason: Refusal, message: str) -> None:
        """Args: reason: which rule. message: a sentence for the client."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class UrlRules:
    """What the operator permits beyond https to port 443 of a global address."""

    allow_loopback: bool = False
    """Loopback addresses, and for every address plain http and any port: development and tests."""
    allow_http: bool = False
    """Plain http to port 80."""
    is_operators: bool = False
    """The operator's own choice, as of a speech server: any address, name and port, by http or https."""


@dataclass(frozen=True)
class Target:
    """A URL that may be called, in its parts; `host` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query, as it is sent."""


def validate_url(url: str, rules: UrlRules) -> Target:
    """Check everything about a URL that can be checked without resolving its name.

    Raises:
        UrlRefused: with the rule.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise UrlRefused(Refusal.MALFORMED, f"the URL has {len(url)} characters; the limit is {MAX_URL_CHARACTERS}")
    if not _VISIBLE_ASCII.fullmatch(url) or "\\" in url:
        raise UrlRefused(Refusal.MALFORMED, "the URL has characters that belong percent-encoded, or in punycode")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlRefused(Refusal.MALFORMED, f"the URL cannot be read: {error}") from error
    _check_scheme(parts.scheme, rules)
    if "@" in parts.netloc:
        raise UrlRefused(Refusal.USERINFO, "the URL must not hold a user name or password")
    host = _host(parts, rules)
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    may_be_any = rules.allow_loopback or rules.is_operators
    if port == 0 or (port != DEFAULT_PORTS[parts.scheme] and not may_be_any):
        raise UrlRefused(Refusal.PORT, f"port {port} is not permitted; only {DEFAULT_PORTS[parts.scheme]} is")
    return Target(parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def check_address(address: Address, rules: UrlRules) -> None:
    """Refuse every address that is not one of the public internet.

    Raises:
        UrlRefused: it is special; IPv6 forms that carry an IPv4 address are, whatever they carry.
    """
    if rules.is_operators or (rules.allow_loopback and address in _LOOPBACK[address.version]):
        return
    if isinstance(address, IPv4Address):
        is_public = not any(address in network for network in _SPECIAL_IPV4)
    else:
        is_public = address in _GLOBAL_IPV6 and not any(address in network for network in _SPECIAL_IPV6)
    if not is_public:
        raise UrlRefused(Refusal.ADDRESS, "the host has an address that is not public")


_LOOPBACK: dict[int, IPv4Network | IPv6Network] = {4: IPv4Network("127.0.0.0/8"), 6: IPv6Network("::1/128")}


def _check_scheme(scheme: str, rules: UrlRules) -> None:
    if scheme == "http" and not (rules.allow_http or rules.allow_loopback or rules.is_operators):
        raise UrlRefused(Refusal.SCHEME, "the URL must begin with https://")
    if scheme not in DEFAULT_PORTS:
        raise UrlRefused(Refusal.SCHEME, "the URL must be absolute and begin with https://")


def _host(parts: SplitResult, rules: UrlRules) -> str:
    """The host in lower case.

    Raises:
        UrlRefused: it is neither a plain name nor an address in its usual form, or a special address.
    """
    host = (parts.hostname or "").lower()
    if "[" in parts.netloc or _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        try:
            address = ip_address(host)  # refuses short, octal, hexadecimal and single-number forms
        except ValueError as error:
            raise UrlRefused(Refusal.HOST, "the host is an address in an unusual form") from error
        check_address(address, rules)
        return host
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlRefused(Refusal.HOST, "the host is not a name")
    if (len(labels) == 1 or labels[-1] == "localhost") and not (rules.allow_loopback or rules.is_operators):
        raise UrlRefused(Refusal.HOST, "the host is a local name")
    return host
