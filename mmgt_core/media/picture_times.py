"""When a film's pictures are shown: by their own stamps, never by what a header or the reader guesses of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.composition import first_offsets
from mmgt_core.media.containers import in_seconds

_CLOCK_ERROR_S = 1e-6
"""Two ways to make seconds of one stamp differ by less."""

PicturePackets = Iterator["Packet[VideoStream]"]


@dataclass(frozen=True)
class PictureTimes:
    """zero_s: when the first picture that can be shown is shown, on the file's clock. end_s: when the last one ends.

    num_pictures: from zero on. last_duration_s: how long the last one is shown.
    """

    zero_s: float
    end_s: float
    num_pictures: int
    last_duration_s: float

    @property
    def seconds(self) -> float:
        """What a player shows."""
        return self.end_s - self.zero_s

    @property
    def per_second(self) -> float:
        """Pictures a second, in the mean."""
        return self.num_pictures / max(self.seconds, 0.001)


def picture_packets(container: InputContainer, stream: VideoStream, path: Path) -> PicturePackets:
    """A film's packets in order of decoding, stamped with when they are shown; the last is empty.

    Args:
        path: of the opened file.
    """
    offsets = first_offsets(path) if container.format.name == "mov" else {}
    shift = 0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.dts is not None:
            stated = offsets.get(packet.pos or 0)
            shift = shift if stated is None else packet.pts - packet.dts - stated
            packet.pts -= shift
        yield packet


def decoded_pictures(
    packets: PicturePackets, unreadable: InputCode
) -> Iterator[tuple["Packet[VideoStream]", list[VideoFrame]]]:
    """Each packet with the pictures that came out of the decoder with it.

    A film may begin in the middle: what comes before the first picture that stands on its own, shown or hidden by an
    edit list, is left out, as players do. Broken packets at the end are a cut-off tail.

    Raises:
        InputError: `unreadable`: a broken packet with a sound one after it, or a picture without a time stamp.
    """
    has_begun = has_hidden_key = False
    broken_at_s: float | None = None
    for packet in packets:
        try:
            frames = packet.decode()
        except av.FFmpegError:
            frames = []
            if has_begun and broken_at_s is None:
                broken_at_s = in_seconds(packet.pts or 0, packet.time_base)
        else:
            if broken_at_s is not None and packet.size:
                raise InputError(unreadable, f"the file is damaged near {broken_at_s:.2f} s")
            has_hidden_key = has_hidden_key or (packet.is_keyframe and packet.is_discard)
        if not (has_begun or has_hidden_key):
            frames = frames[next((i for i, frame in enumerate(frames) if frame.key_frame), len(frames)) :]
        has_begun = has_begun or bool(frames)
        if any(frame.time is None for frame in frames):
            raise InputError(unreadable, "a picture has no time stamp")
        yield packet, frames


def first_shown_s(packets: PicturePackets, unreadable: InputCode) -> float | None:
    """When the first picture is shown, on the file's clock; None where none can be decoded.

    Raises:
        InputError: `unreadable`.
    """
    for _, frames in decoded_pictures(packets, unreadable):
        if frames:
            return frames[0].time
    return None


def picture_times(
    container: InputContainer, stream: VideoStream, path: Path, unreadable: InputCode, max_pictures: int
) -> PictureTimes:
    """Measure a film by its packets; only as much is decoded as it takes to see the first picture.

    Raises:
        InputError: `unreadable`: no picture can be decoded, or there are more than `max_pictures`.
    """
    shown: list[tuple[float, float]] = []  # start and duration

    def noted(packets: PicturePackets) -> PicturePackets:
        for packet in packets:
            if packet.pts is not None and packet.size and not packet.is_discard:
                start_s = in_seconds(packet.pts, packet.time_base)
                shown.append((start_s, in_seconds(packet.duration or 0, packet.time_base)))
                if len(shown) > max_pictures:
                    raise InputError(unreadable, f"more than {max_pictures} pictures")
            yield packet

    packets = noted(picture_packets(container, stream, path))
    zero_s = first_shown_s(packets, unreadable)
    for _ in packets:
        pass
    if zero_s is None:
        raise InputError(unreadable, f"none of its {len(shown)} pictures can be decoded")
    shown = [(start_s, duration_s) for start_s, duration_s in shown if start_s > zero_s - _CLOCK_ERROR_S] or [
        (zero_s, 0.0)
    ]
    last_s, last_duration_s = max(shown)
    usual_s = (last_s - zero_s) / max(1, len(shown) - 1)
    if not last_duration_s or (container.format.name == "matroska" and len(shown) > 1):
        last_duration_s = usual_s  # the reader may have guessed it
    return PictureTimes(zero_s, last_s + last_duration_s, len(shown), last_duration_s)
