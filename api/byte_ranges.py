"""Which bytes of an object a request asks for (RFC 9110: Range, If-Range, If-None-Match), without reading any."""

import re
from dataclasses import dataclass

from jobs.errors import RangeNotSatisfiable

# One range: `first-`, `first-last` or `-suffix`. Numbers longer than this are nobody's file.
_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE | re.ASCII)
_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True)
class ByteRange:
    """Bytes `first` to `last` inclusive of an object of `num_bytes`."""

    first: int
    last: int
    num_bytes: int

    @property
    def length(self) -> int:
        """How many bytes the answer has."""
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        """The `Content-Range` header."""
        return f"bytes {self.first}-{self.last}/{self.num_bytes}"


def wanted_range(range_header: str | None, if_range: str | None, etag: str, num_bytes: int) -> ByteRange | None:
    """Return the range to send; None for the whole object.

    A header that is malformed, in another unit, or asks for several ranges is ignored, as RFC 9110 allows; so is one
    whose `If-Range` does not name this very representation (strong comparison; we send no Last-Modified).

    Args:
        etag: with its quotation marks.

    Raises:
        RangeNotSatisfiable: no byte of the object lies in the range.
    """
    match = _RANGE.fullmatch(range_header or "")
    if match is None or (if_range is not None and if_range.strip() != etag):
        return None
    first_text, last_text = match.groups()
    if not first_text and not last_text:
        return None
    if first_text and last_text and int(first_text) > int(last_text):
        return None
    first = int(first_text) if first_text else max(0, num_bytes - int(last_text))
    last = int(last_text) if first_text and last_text else num_bytes - 1
    if first >= num_bytes or (not first_text and int(last_text) == 0):
        raise RangeNotSatisfiable(f"{range_header}: the object has {num_bytes} bytes")
    return ByteRange(first, min(last, num_bytes - 1), num_bytes)


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Say whether the client has this representation already (weak comparison; `*` has anything)."""
    if if_none_match is None:
        return False
    tags = {tag.removeprefix("W/") for tag in _ENTITY_TAG.findall(if_none_match)}
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in tags
