"""Open an untrusted audio or video file with PyAV so that nothing but this file, by a known reader, is touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from mmgt_core.errors import InputCode, InputError

AUDIO_CONTAINERS = ("wav", "mp3", "mov", "ogg", "flac", "matroska", "aac")
"""FFmpeg's reader names: "mov" also reads mp4 and m4a, "matroska" reads webm."""
VIDEO_CONTAINERS = ("mov", "matroska")

AUDIO_CODECS = frozenset(
    {"aac", "alac", "flac", "mp3", "mp3float", "opus", "vorbis", "pcm_alaw", "pcm_mulaw", "pcm_u8"}
    | {f"pcm_{sample}{order}" for sample in ("s16", "s24", "s32", "f32", "f64") for order in ("le", "be")}
)
VIDEO_CODECS = frozenset({"av1", "h264", "hevc", "libdav1d", "mjpeg", "mpeg4", "prores", "vp8", "vp9"})
_COVER_CODECS = frozenset({"mjpeg", "png"})


@contextmanager
def open_container(path: Path, readers: tuple[str, ...], unreadable: InputCode) -> Iterator[InputContainer]:
    """Open a file by its content; playlists and every format outside `readers` are refused.

    FFmpeg gets an open file and no protocol at all, so a file cannot make it open another one. Errors of FFmpeg inside
    the `with` block become InputError too.

    Raises:
        InputError: `unreadable`.
    """
    options = {
        "protocol_whitelist": "none",
        "format_whitelist": ",".join(readers),
        "codec_whitelist": ",".join(sorted(AUDIO_CODECS | VIDEO_CODECS | _COVER_CODECS)),
    }
    try:
        with (
            path.open("rb") as file,
            av.open(file, mode="r", container_options=options, metadata_errors="replace") as container,
        ):
            yield container
    except av.FFmpegError as error:
        raise InputError(unreadable, f"the file cannot be decoded: {error.strerror}") from error


def decoded_packets(
    container: InputContainer, stream: Stream, unreadable: InputCode
) -> Iterator[tuple["Packet[Any]", list[Any]]]:
    """Decode one stream packet by packet; broken packets at the end are taken as a cut-off tail.

    Returns:
        Each packet with its frames; the last packet is empty and carries the frames that the decoder still held.

    Raises:
        InputError: `unreadable`, a broken packet with a sound one after it.
    """
    broken_at_s: float | None = None
    last_s = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            last_s = max(0.0, in_seconds(packet.pts, packet.time_base))
        try:
            frames = packet.decode()
        except av.FFmpegError:
            broken_at_s = last_s if broken_at_s is None else broken_at_s
            frames = []
        else:
            if broken_at_s is not None and packet.size:
                raise InputError(unreadable, f"the file is damaged near {broken_at_s:.2f} s")
        yield packet, frames


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The first stream of moving pictures; cover art does not count, whether it is marked so or a single picture."""
    for stream in container.streams.video:
        is_cover = stream.disposition & Disposition.attached_pic or (
            _codec_name(stream) in _COVER_CODECS and stream.frames == 1
        )
        if not is_cover:
            return stream
    return None


def check_codec(stream: Stream, codecs: frozenset[str], unreadable: InputCode) -> None:
    """Refuse a stream whose codec is not one of those that may decode untrusted bytes.

    Raises:
        InputError: `unreadable`.
    """
    if not has_codec(stream, codecs):
        raise InputError(unreadable, f"the codec {_codec_name(stream) or 'of its stream'} is not supported")


def has_codec(stream: Stream, codecs: frozenset[str]) -> bool:
    """Whether a stream's codec is one of these."""
    return _codec_name(stream) in codecs


def in_seconds(ticks: int, time_base: Fraction | None) -> float:
    """A time stamp or a duration in seconds; the containers read here always have a time base."""
    return float(ticks * (time_base or 0))


def has_timeline(container: InputContainer) -> bool:
    """Whether the format places each packet in time (mp4, mov, webm), so that pauses and offsets are meant."""
    return "mp4" in container.format.name or "webm" in container.format.name


def claimed_seconds(container: InputContainer) -> float | None:
    """The length that the file's header states; None where the samples must tell.

    MP3 and raw AAC would be guessed from the bit rate; webm and ogg state when they end, on a clock that may begin at
    an hour.
    """
    states_length = not any(name in container.format.name for name in ("mp3", "aac", "webm", "ogg"))
    if container.duration is None or not states_length:
        return None
    return float(container.duration / av.time_base)


def _codec_name(stream: Stream) -> str | None:
    return stream.codec_context.name if stream.codec_context is not None else None
