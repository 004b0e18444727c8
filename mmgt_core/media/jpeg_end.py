"""A JPEG whose end mark is missing: the mark is put back, in ways that show whether pixels are missing too.

A decoder that comes to the end mark too early makes up what it lacks, and does not say so. What it makes up depends on
what stands before the mark; pixels that are all there do not.
"""

import random
import re
from collections.abc import Iterator

END_OF_IMAGE = b"\xff\xd9"
_SEGMENT = re.compile(rb"\xff([^\x00\x01\xd0-\xd9\xff])")
"""Marker of a segment that states its length; inside a scan's data such two bytes do not occur."""
_FRAMES = frozenset(bytes([marker]) for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC))
_SCAN = b"\xda"
_COEFFICIENTS = range(64)
_PADDING = bytes(3)


def endings(jpeg: bytes) -> tuple[bytes, ...]:
    """The file with its end put back in several ways: equal pixels lack nothing. Nothing if whole scans are missing."""
    data = jpeg.rstrip(b"\0") if jpeg.endswith(_PADDING) else jpeg
    data += b"\0" if len(data) < len(jpeg) and data.endswith(b"\xff") else b""
    if not _has_every_scan(data):
        return ()
    noise = random.Random(0).choices(range(0xFF), k=512)
    restarts = b"".join(bytes(noise) + bytes([0xFF, 0xD0 + index % 8]) for index in range(16))
    return data + END_OF_IMAGE, data + restarts + END_OF_IMAGE


def _has_every_scan(jpeg: bytes) -> bool:
    """Whether each coefficient of each component is sent to its last bit by some scan that has begun."""
    waiting: dict[int, set[int]] = {}
    for marker, body in _segments(jpeg):
        if marker in _FRAMES:
            waiting = {component: set(_COEFFICIENTS) for component in body[6::3]}
        elif marker == _SCAN and len(body) == 4 + 2 * body[0]:
            first, last, precision = body[-3:]
            for component in body[1:-3:2] if precision & 0x0F == 0 else ():
                waiting.get(component, set()).difference_update(range(first, last + 1))
    return bool(waiting) and not any(waiting.values())


def _segments(jpeg: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Marker and body of each segment, those between scans too."""
    position = 2
    while found := _SEGMENT.search(jpeg, position):
        length = int.from_bytes(jpeg[found.end() : found.end() + 2], "big")
        position = found.end() + max(length, 2)
        yield found[1], jpeg[found.end() + 2 : position]
