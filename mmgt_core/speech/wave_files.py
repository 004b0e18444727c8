"""WAVs that were spoken in parts become one: their samples behind one another as they are, nothing decoded."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_UNKNOWN_BYTES = 1_000_000_000
"""Servers that answer while they speak cannot know the length: they state 0, or 2 000 000 000, 2³¹ − 1 or 2³² − 1."""
_LEAST_FORMAT_BYTES = 16


class NoWave(ValueError):
    """Bytes that are no whole WAV; the message says how."""


@dataclass(frozen=True)
class _Wave:
    form: bytes
    samples: bytes


def joined(waves: Sequence[bytes]) -> bytes:
    """Return one WAV.

    Raises:
        NoWave: one of them is none, was cut, or has another form than the first.
    """
    read = [_read(each) for each in waves]
    form = read[0].form
    if any(each.form != form for each in read):
        raise NoWave("its parts differ in rate, channels or kind of samples")
    samples = b"".join(each.samples for each in read)
    chunks = _chunk(b"fmt ", form) + _chunk(b"data", samples)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _read(content: bytes) -> _Wave:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise NoWave("it is no WAV")
    form, position = b"", 12
    while position + 8 <= len(content):
        name, stated = struct.unpack_from("<4sI", content, position)
        begins, left = position + 8, len(content) - position - 8
        if name == b"fmt ":
            form = content[begins : begins + stated]
        if name == b"data":
            num_bytes = left if stated == 0 or stated >= _UNKNOWN_BYTES else stated
            if num_bytes > left:
                raise NoWave(f"it ends after {left} of {num_bytes} bytes of samples")
            return _Wave(form, content[begins : begins + num_bytes - num_bytes % _bytes_at_once(form)])
        position = begins + stated + stated % 2
    raise NoWave("it has no samples")


def _bytes_at_once(form: bytes) -> int:
    """Bytes of one sample of every channel."""
    if len(form) < _LEAST_FORMAT_BYTES or not (num_bytes := int.from_bytes(form[12:14], "little")):
        raise NoWave("its header does not say what its samples are")
    return num_bytes


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
