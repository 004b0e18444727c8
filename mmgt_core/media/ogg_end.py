"""Whether an Ogg file is whole: its last page says that it is the last one, and all of that page is there."""

from typing import BinaryIO

_LONGEST_PAGE_BYTES = 65_307
_HEADER_BYTES = 27
_IS_LAST = 0x04


def is_ogg_cut(file: BinaryIO, start: int, end: int) -> bool:
    """Look at the last page only (RFC 3533, section 6).

    Args:
        start, end: where the content lies in the file.
    """
    begin = max(start, end - 2 * _LONGEST_PAGE_BYTES)
    file.seek(begin)
    tail = file.read(end - begin)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < _HEADER_BYTES or not page[5] & _IS_LAST:
        return True
    num_segments = page[_HEADER_BYTES - 1]
    lengths = page[_HEADER_BYTES : _HEADER_BYTES + num_segments]
    return len(lengths) < num_segments or _HEADER_BYTES + num_segments + sum(lengths) > len(page)
