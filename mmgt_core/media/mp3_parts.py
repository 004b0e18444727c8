"""Where an MP3 file is several, joined end to end: each part has tags and a lead-in of its own."""

import mmap
from dataclasses import dataclass
from itertools import pairwise

from formats.mpeg_frames import mpeg_frame_bytes
from mmgt_core.media.byte_views import ByteRange, id3_bytes

_MOST_DAMAGE_BYTES = 65_536


@dataclass(frozen=True)
class Mp3Parts:
    """The ranges of an MP3's parts in their order, tags left out; is_cut: the last one ends before it should."""

    ranges: tuple[ByteRange, ...]
    is_cut: bool


def find_parts(content: mmap.mmap, start: int) -> Mp3Parts:
    """Walk from frame to frame; a tag, or a frame that describes what follows it, begins a new part.

    Args:
        content: the file.
        start: where its first frame or tag is.
    """
    borders = [start]  # a part begins at every other border and ends at the next
    position = start
    num_frames, stated_frames, is_cut = 0, 0, False
    while position < len(content):
        length = mpeg_frame_bytes(content[position : position + 4])
        if length is not None:
            described = _described_frames(content, position)
            if described is not None and position > borders[-1]:
                borders += [position, position]
            if position == borders[-1]:
                num_frames, stated_frames = -1 if described is not None else 0, described or 0
            num_frames += 1
            position += length
            is_cut = position > len(content)
        elif tag_end := _tag_end(content, position):
            borders += [position, tag_end]
            position = tag_end
        elif resumed := _resumed(content, position + 1):
            position = resumed  # the decoder judges what lies between
        else:
            break
    borders.append(len(content))
    ranges = [ByteRange(begin, end) for begin, end in list(pairwise(borders))[::2] if end > begin]
    whole = ByteRange(start, len(content))  # a tag that claims all: the decoder judges it
    return Mp3Parts(tuple(ranges or [whole]), is_cut or num_frames < stated_frames)


def _described_frames(content: mmap.mmap, position: int) -> int | None:
    """How many frames follow, if this one holds no sound but says so; 0 if it does not say."""
    is_version_1, is_mono = content[position + 1] & 8, content[position + 3] >> 6 == 3
    side_bytes = (17 if is_mono else 32) if is_version_1 else (9 if is_mono else 17)
    place = position + 4 + side_bytes
    if content[place : place + 4] in (b"Xing", b"Info"):
        states_frames = content[place + 7 : place + 8] >= b"\x01" and content[place + 7] & 1
        return int.from_bytes(content[place + 8 : place + 12], "big") if states_frames else 0
    return 0 if content[position + 36 : position + 40] == b"VBRI" else None


def _tag_end(content: mmap.mmap, position: int) -> int | None:
    """Where a tag, or a run of zero bytes, ends; None if none is here."""
    head = content[position : position + 16]
    if (tag_bytes := id3_bytes(head[:10])) is not None:
        return position + tag_bytes
    if head[:3] == b"TAG":
        return position + 128
    if head[:8] == b"APETAGEX":
        return position + 32 + int.from_bytes(head[12:16], "little")
    if head[:1] == b"\0":
        run = content[position : position + _MOST_DAMAGE_BYTES]
        return position + len(run) - len(run.lstrip(b"\0"))
    return None


def _resumed(content: mmap.mmap, position: int) -> int | None:
    """Where two frames on end, or a tag, follow after damage."""
    last = position + _MOST_DAMAGE_BYTES
    tag_at = content.find(b"ID3", position, last)
    while (position := content.find(b"\xff", position, last)) >= 0:
        length = mpeg_frame_bytes(content[position : position + 4])
        if length is not None and mpeg_frame_bytes(content[position + length : position + length + 4]) is not None:
            return position if tag_at < 0 else min(position, tag_at)
        position += 1
    return tag_at if tag_at >= 0 else None
