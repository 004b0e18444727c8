"""A file as FFmpeg shall see it: from where its content begins to where a part ends, its header mended."""

import io
from dataclasses import dataclass
from typing import BinaryIO

from formats.signatures import MP3, Signature, head_of, recognized

_LOOK_BYTES = 80_000
_MOST_TAGS = 16


@dataclass(frozen=True)
class ByteRange:
    """Bytes of a file from `start` to before `end`; `patch` stands in the place of those at `patch_at`."""

    start: int
    end: int
    patch_at: int = 0
    patch: bytes = b""


class ByteView(io.RawIOBase):
    """A range of an open file as a file of its own; nothing is copied."""

    def __init__(self, file: BinaryIO, shown: ByteRange) -> None:
        self._file, self._shown, self._position = file, shown, shown.start

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted within the range."""
        base = {io.SEEK_SET: self._shown.start, io.SEEK_CUR: self._position, io.SEEK_END: self._shown.end}[whence]
        self._position = max(self._shown.start, base + offset)
        return self.tell()

    def tell(self) -> int:
        """Return the place, counted within the range."""
        return self._position - self._shown.start

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or all that follow."""
        left = max(0, self._shown.end - self._position)
        self._file.seek(self._position)
        content = self._file.read(left if size < 0 else min(size, left))
        first, end = self._position, self._position + len(content)
        self._position = end
        patch_at, patch = self._shown.patch_at, self._shown.patch
        if patch and patch_at < end and patch_at + len(patch) > first:
            mended = bytearray(content)
            for place, byte in enumerate(patch, start=patch_at):
                if first <= place < end:
                    mended[place - first] = byte
            return bytes(mended)
        return content


def find_content(file: BinaryIO, signatures: tuple[Signature, ...]) -> tuple[Signature, int] | None:
    """Tell a file's format by its first bytes, zeros and ID3 tags passed over; None if it is none of `signatures`.

    Returns:
        The format, and where its content begins.
    """
    position, found = 0, None
    for _ in range(_MOST_TAGS):
        file.seek(position)
        head = head_of(file.read(_LOOK_BYTES))
        here = recognized(head, signatures)
        if here is None:
            return found  # what follows a tag is left to the reader that the tag promised
        signature, begins_at = here
        found = signature, position + begins_at
        tag_bytes = id3_bytes(head[begins_at : begins_at + 10])
        if signature is not MP3 or tag_bytes is None:
            return found
        position += begins_at + tag_bytes
    return found


def id3_bytes(header: bytes) -> int | None:
    """The length of an ID3 tag of version 2 by its first 10 bytes; None if they begin none."""
    if len(header) < 10 or header[:3] != b"ID3" or max(header[3], header[4]) == 0xFF or max(header[6:10]) > 0x7F:
        return None
    has_footer = bool(header[5] & 0x10)
    body_bytes = sum(byte << shift for byte, shift in zip(header[6:10], (21, 14, 7, 0), strict=True))
    return 10 + body_bytes + 10 * has_footer
