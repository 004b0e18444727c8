"""Open an untrusted audio or video file with PyAV so that nothing but this file, by a known reader, is touched."""

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from formats.signatures import AUDIO_SIGNATURES, MP3, OGG, VIDEO_SIGNATURES, WAV, Signature
from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.byte_views import ByteRange, ByteView, find_content
from mmgt_core.media.files import file_bytes
from mmgt_core.media.mp3_parts import find_parts
from mmgt_core.media.ogg_end import is_ogg_cut
from mmgt_core.media.wave_header import read_wave_header

AUDIO_CONTAINERS = AUDIO_SIGNATURES
VIDEO_CONTAINERS = VIDEO_SIGNATURES

AUDIO_CODECS = frozenset(
    {"aac", "alac", "flac", "mp3", "mp3float", "opus", "vorbis", "pcm_alaw", "pcm_mulaw", "pcm_u8"}
    | {f"pcm_{sample}{order}" for sample in ("s16", "s24", "s32", "f32", "f64") for order in ("le", "be")}
)
VIDEO_CODECS = frozenset({"av1", "h264", "hevc", "libdav1d", "mjpeg", "mpeg4", "prores", "vp8", "vp9"})
_MOST_BROKEN_PACKETS = 16
_COVER_CODECS = frozenset({"mjpeg", "png"})


@dataclass(frozen=True)
class Recording:
    """A file whose format is told: what FFmpeg sees of each of its joined parts; is_cut: it ends before it says."""

    path: Path
    reader: str
    parts: tuple[ByteRange, ...]
    is_cut: bool = False


def recognize(path: Path, signatures: tuple[Signature, ...], unreadable: InputCode) -> Recording:
    """Tell a file's format by its content; empty files, playlists and every format outside `signatures` are refused.

    Raises:
        InputError: `unreadable`.
    """
    num_bytes = file_bytes(path, unreadable)
    with path.open("rb") as file:
        found = find_content(file, signatures)
        if found is None:
            names = ", ".join(dict.fromkeys(signature.name for signature in signatures))
            raise InputError(unreadable, f"the file cannot be decoded: it is none of {names}")
        signature, start = found
        if signature is WAV:
            header = read_wave_header(file, start, num_bytes)
            return Recording(path, signature.reader, (header.shown,), header.is_cut)
        if signature is MP3:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                joined = find_parts(content, start)
            return Recording(path, signature.reader, joined.ranges, joined.is_cut)
        is_cut = signature is OGG and is_ogg_cut(file, start, num_bytes)
        return Recording(path, signature.reader, (ByteRange(start, num_bytes),), is_cut)


@contextmanager
def open_part(recording: Recording, part: ByteRange, unreadable: InputCode) -> Iterator[InputContainer]:
    """Open a part of a recognized file.

    FFmpeg gets an open file and no protocol at all, so a file cannot make it open another one. Errors of FFmpeg inside
    the `with` block become InputError too.

    Raises:
        InputError: `unreadable`.
    """
    options = {
        "protocol_whitelist": "none",
        "format_whitelist": recording.reader,
        "codec_whitelist": ",".join(sorted(AUDIO_CODECS | VIDEO_CODECS | _COVER_CODECS)),
    }
    try:
        with (
            recording.path.open("rb") as file,
            av.open(
                ByteView(file, part),
                mode="r",
                format=recording.reader,
                container_options=options,
                metadata_errors="replace",
            ) as container,
        ):
            yield container
    except av.FFmpegError as error:
        raise InputError(unreadable, f"the file cannot be decoded: {error.strerror}") from error


@contextmanager
def open_container(path: Path, signatures: tuple[Signature, ...], unreadable: InputCode) -> Iterator[InputContainer]:
    """Open a file that is of one part, by its content.

    Raises:
        InputError: `unreadable`.
    """
    recording = recognize(path, signatures, unreadable)
    with open_part(recording, recording.parts[0], unreadable) as container:
        yield container


def nobody() -> None:
    """Tell nobody."""


def decoded_packets(
    container: InputContainer, stream: Stream, unreadable: InputCode, tell_cut: Callable[[], None] = nobody
) -> Iterator[tuple["Packet[Any]", list[Any]]]:
    """Decode one stream packet by packet; broken packets at the end are taken as a cut-off tail.

    Args:
        tell_cut: called at the end if the tail was broken.

    Returns:
        Each packet with its frames; the last packet is empty and carries the frames that the decoder still held.

    Raises:
        InputError: `unreadable`, a broken packet with a sound one after it.
    """
    broken_at_s: float | None = None
    last_s = 0.0
    for packet in _packets(container, stream):
        if packet is not None and packet.pts is not None:
            last_s = max(0.0, in_seconds(packet.pts, packet.time_base))
        try:
            frames = packet.decode() if packet is not None else None
        except av.FFmpegError:
            frames = None
        if frames is None:
            broken_at_s = last_s if broken_at_s is None else broken_at_s
        elif broken_at_s is not None and packet is not None and packet.size:
            raise InputError(unreadable, f"the file is damaged near {broken_at_s:.2f} s")
        if packet is not None:
            yield packet, frames or []
    if broken_at_s is not None:
        tell_cut()


def _packets(container: InputContainer, stream: Stream) -> Iterator["Packet[Any] | None"]:
    """The packets of a stream; None where one could not even be read, for it is the reader that finds raw AAC cut."""
    num_read = num_broken = 0
    while True:
        try:
            for packet in container.demux(stream):
                yield packet
                num_read += 1
            return
        except av.FFmpegError:
            num_broken += 1
            if num_read == 0 or num_broken > _MOST_BROKEN_PACKETS:
                raise
            yield None


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
    """Whether the format places each packet in time (mp4, mov, webm, ogg), so that pauses and offsets are meant."""
    return container.format.name in ("mov", "matroska", "ogg")


def claimed_seconds(container: InputContainer) -> float | None:
    """The length that the file's header states; None where the samples must tell.

    MP3 and raw AAC would be guessed from the bit rate; webm and ogg state when they end, on a clock that may begin at
    an hour.
    """
    if container.duration is None or container.format.name in ("mp3", "aac", "matroska", "ogg"):
        return None
    return float(container.duration / av.time_base)


def _codec_name(stream: Stream) -> str | None:
    return stream.codec_context.name if stream.codec_context is not None else None
