"""What a WAV's header says of itself: is all there that it promises, and how wide are its samples?"""

from dataclasses import dataclass
from typing import BinaryIO

from mmgt_core.media.byte_views import ByteRange

_MOST_CHUNKS = 64
_EXTENSIBLE = 0xFFFE
_UNKNOWN_BYTES = 0x7FFF_0000
"""Programs that write into a pipe state a length like this, or 0, since they cannot know."""


@dataclass(frozen=True)
class WaveHeader:
    """The range to read, its header mended where FFmpeg misreads it; is_cut: fewer samples came than it states."""

    shown: ByteRange
    is_cut: bool


def read_wave_header(file: BinaryIO, start: int, end: int) -> WaveHeader:
    """Walk over the chunks that stand before the samples.

    FFmpeg 8 chooses a decoder by the valid bits of a sample alone: 24 of 32 become an old float format, 16 or 20 of 32
    noise. Valid bits fill a sample from its top, so that reading all of its bits is right.
    """
    shown, position = ByteRange(start, end), start + 12
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        name, num_bytes = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"fmt ":
            shown = _with_whole_samples(shown, position + 8, file.read(40))
        if name == b"data":
            is_cut = 0 < num_bytes < _UNKNOWN_BYTES and position + 8 + num_bytes > end
            return WaveHeader(shown, is_cut)
        position += 8 + num_bytes + num_bytes % 2
    return WaveHeader(shown, is_cut=False)


def _with_whole_samples(shown: ByteRange, place: int, fields: bytes) -> ByteRange:
    tag, sample_bits, valid_bits = (int.from_bytes(fields[at : at + 2], "little") for at in (0, 14, 18))
    if tag != _EXTENSIBLE or not 0 < valid_bits < sample_bits:
        return shown
    return ByteRange(shown.start, shown.end, place + 18, fields[14:16])
