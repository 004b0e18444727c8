"""What a fragmented MP4 itself says of when its pictures are shown, where FFmpeg's reader shifts them.

Pictures are stored in the order of decoding, each with an offset to the moment when it is shown (ISO/IEC 14496-12,
8.6.1.3). Offsets may be negative (CMAF writes them so); FFmpeg 8 then adds the lowest one to every picture of a
fragmented file and to no sound, so that lips come late.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

_MOOF, _TRAF, _TFHD, _TRUN = b"moof", b"traf", b"tfhd", b"trun"
_HAS_BASE, _HAS_DATA_OFFSET, _HAS_FIRST_FLAGS = 0x1, 0x1, 0x4
_SAMPLE_FIELDS = (0x100, 0x200, 0x400)
"""Duration, size, flags: what stands before a sample's offset, four bytes each."""
_HAS_OFFSETS = 0x800
_MAX_BOXES = 200_000
"""Ten minutes of a fragment for every packet."""


def first_offsets(path: Path) -> dict[int, int]:
    """The composition offset of each run's first sample, by its position in the file; empty without fragments.

    Args:
        path: a file of any kind; what is no well-formed fragment is passed over.

    Returns:
        Byte position of the sample: offset in ticks of its track.
    """
    found: dict[int, int] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[4:8] not in (b"ftyp", b"styp", b"moov", b"sidx", b"free"):
            return found
        try:
            for moof, start, end in _boxes(content, 0, len(content), _MOOF):
                for _, traf_start, traf_end in _boxes(content, start, end, _TRAF):
                    found.update(_of_track(content, moof, traf_start, traf_end))
        except struct.error:
            return found  # the file ends in the middle of a box
    return found


def _of_track(content: mmap.mmap, moof: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    base = moof
    for _, at, _ in _boxes(content, start, end, _TFHD):
        if _flags(content, at) & _HAS_BASE:
            (base,) = struct.unpack_from(">Q", content, at + 8)
    for _, at, _ in _boxes(content, start, end, _TRUN):
        flags = _flags(content, at)
        if flags & _HAS_DATA_OFFSET:
            (data_offset,) = struct.unpack_from(">i", content, at + 8)
            offset = 0
            if flags & _HAS_OFFSETS:
                sample = at + 12 + (4 if flags & _HAS_FIRST_FLAGS else 0)
                before = 4 * sum(bool(flags & field) for field in _SAMPLE_FIELDS)
                (offset,) = struct.unpack_from(">i", content, sample + before)
            yield base + data_offset, offset


def _flags(content: mmap.mmap, at: int) -> int:
    (version_and_flags,) = struct.unpack_from(">I", content, at)
    return int(version_and_flags) & 0xFFFFFF


def _boxes(content: mmap.mmap, start: int, end: int, kind: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each box of one kind begins, and where its content begins and ends."""
    at = start
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", content, at + 8), 16
        if size < head:  # 0: to the end of the file
            return
        if name == kind:
            yield at, at + head, min(at + size, end)
        at += size
