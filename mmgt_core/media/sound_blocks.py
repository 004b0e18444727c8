"""A sound track of a recording as float32 blocks at its own rate, from time zero to its own end, never held whole."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition

from formats.signatures import Signature
from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.byte_views import ByteRange
from mmgt_core.media.containers import (
    AUDIO_CODECS,
    AUDIO_CONTAINERS,
    VIDEO_CODECS,
    Recording,
    check_codec,
    claimed_seconds,
    decoded_packets,
    has_codec,
    has_timeline,
    in_seconds,
    nobody,
    open_part,
    picture_stream,
)
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.picture_times import first_shown_s, picture_packets

_MIN_SAMPLE_RATE_HZ = 4_000
_MAX_GAP_S = 0.05
"""Time stamps jitter by less; a larger hole is lost sound, or a pause that the container states."""
_MOST_OVERLAP_S, _MOST_PAUSE_S = 1.0, 600.0
"""A time stamp farther off is no pause: the clock was set anew, as between ogg files that were joined."""
_MAX_UNTOLD_S = 0.25
"""A header may promise so much more than there is: padding, a rounded length. Beyond it, the file was cut."""
_MAX_PEAK = 4.0
"""Lossy decoders overshoot full scale by some dB; beyond 12 dB a float file was written in another scale."""


@dataclass(frozen=True)
class SoundRules:
    """What one kind of input may be as a source of sound, which refusal is which, and its name for people."""

    signatures: tuple[Signature, ...] = AUDIO_CONTAINERS
    unreadable: InputCode = InputCode.AUDIO_UNREADABLE
    too_long: InputCode = InputCode.AUDIO_TOO_LONG
    field: str = "audio"


@dataclass(frozen=True)
class Block:
    """Decoded samples (samples, channels), and when they begin on the container's clock."""

    samples: Float32Array
    rate_hz: int
    layout: av.AudioLayout
    start_s: float


def track_order(recording: Recording, rules: SoundRules) -> tuple[int, ...]:
    """The sound tracks of a file by index, the one that players choose first.

    Raises:
        InputError: unreadable.
    """
    with open_part(recording, recording.parts[0], rules.unreadable) as container:
        tracks = container.streams.audio
        by_default = sorted(range(len(tracks)), key=lambda index: not tracks[index].disposition & Disposition.default)
    if not by_default:
        raise InputError(rules.unreadable, "the file has no sound")
    return tuple(by_default)


def track_blocks(
    recording: Recording,
    track: int,
    limits: MediaLimits,
    rules: SoundRules,
    tell_cut: Callable[[], None] = nobody,
) -> Iterator[Block]:
    """Decode one track, joined parts one after the other.

    Time zero is the first picture that can be shown where the file has moving pictures, otherwise the first sample. An
    encoder's lead-in and padding are removed where the container states them (raw AAC states none).

    Args:
        track: index among the file's sound tracks.
        tell_cut: called if the file turns out to end before its own end.

    Raises:
        InputError: unreadable; or too long by its header.
    """
    kind: tuple[int, int] | None = None
    if recording.reader == "mp3":
        tell_cut = nobody  # its frames were counted; a tag at the end that nobody knows is no missing sound
    for part in recording.parts:
        with open_part(recording, part, rules.unreadable) as container:
            seconds = claimed_seconds(container)
            if seconds is not None and seconds > limits.max_audio_s + 1:  # a container's length may count padding
                raise InputError(rules.too_long, f"{seconds:.1f} s long; the limit is {limits.max_audio_s:g} s")
            stream = container.streams.audio[track]
            check_codec(stream, AUDIO_CODECS, rules.unreadable)
            zero_s = _first_picture_s(container, recording, part, rules)
            for block in _Part(container, stream, zero_s, limits, rules.unreadable, tell_cut).blocks():
                kind = kind or (block.rate_hz, block.samples.shape[1])
                if (block.rate_hz, block.samples.shape[1]) != kind:
                    raise InputError(rules.unreadable, "its sample rate or its channels change on the way")
                yield block


class _Part:
    """A track of one part of a file while it is decoded: what its packets and its header tell of its two ends."""

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        zero_s: float | None,
        limits: MediaLimits,
        unreadable: InputCode,
        tell_cut: Callable[[], None],
    ) -> None:
        self._container, self._stream, self._limits = container, stream, limits
        self._unreadable, self._tell_cut = unreadable, tell_cut
        self._is_alone, self._zero_s = zero_s is None, zero_s
        self._packets_end_s = 0.0

    def blocks(self) -> Iterator[Block]:
        """From time zero to the end that the file states."""
        return self._ending_as_stated(self._on_timeline(self._decoded()))

    def _decoded(self) -> Iterator[Block]:
        """The decoded frames as float32 at the recording's own rate."""
        to_float = av.AudioResampler(format="flt")  # interleaved: PyAV 18.1 counts the planes of 8 channels wrongly
        kind: tuple[str, int, int] | None = None
        packets = decoded_packets(self._container, self._stream, self._unreadable, self._tell_cut)
        for index, (packet, frames) in enumerate(packets):
            self._note_end(packet)
            for frame in frames:
                frame_kind = (frame.format.name, frame.sample_rate, frame.layout.nb_channels)
                if kind is None:
                    _check_shape(frame.sample_rate, frame.layout.nb_channels, self._limits, self._unreadable)
                    kind = frame_kind
                if frame_kind != kind:
                    raise InputError(self._unreadable, "its sample rate or its channels change on the way")
                for converted in to_float.resample(frame):
                    samples = converted.to_ndarray().reshape(-1, frame.layout.nb_channels)
                    block = Block(samples, frame.sample_rate, frame.layout, frame.time or 0.0)
                    _check_samples(block, self._unreadable)
                    if index > 0 or not self._has_unstated_lead_in(packet):
                        yield block

    def _has_unstated_lead_in(self, packet: "Packet[AudioStream]") -> bool:
        """AAC's first packet only prepares the second; a fragmented M4A often lacks the edit list that says so."""
        is_aac = self._container.format.name == "mov" and self._stream.codec_context.name == "aac"
        return self._is_alone and is_aac and not packet.is_discard and packet.pts is not None and packet.pts >= 0

    def _note_end(self, packet: "Packet[AudioStream]") -> None:
        if packet.pts is not None and not packet.is_discard:
            end_s = in_seconds(packet.pts + (packet.duration or 0), packet.time_base)
            self._packets_end_s = max(self._packets_end_s, end_s)

    def _on_timeline(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Begin at time zero and fill stated pauses with silence; a hole in a format without pauses is lost sound."""
        num_samples = 0
        for block in blocks:
            if self._zero_s is None:
                self._zero_s = block.start_s
            gap = round((block.start_s - self._zero_s) * block.rate_hz) - num_samples
            if num_samples and not -_MOST_OVERLAP_S < gap / block.rate_hz < _MOST_PAUSE_S:
                self._zero_s += gap / block.rate_hz
                gap = 0
            if num_samples == 0 and gap < 0:
                block = replace(block, samples=block.samples[-gap:])
            elif gap > (_MAX_GAP_S * block.rate_hz if num_samples else 0):
                if not has_timeline(self._container):
                    lost_s, after_s = gap / block.rate_hz, num_samples / block.rate_hz
                    raise InputError(self._unreadable, f"{lost_s:.2f} s are missing at {after_s:.2f} s")
                yield from _silence(block, gap)
                num_samples += gap
            num_samples += len(block.samples)
            yield block

    def _ending_as_stated(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Cut or fill the last block so that all of them last as long as stated; what is far off is not believed."""
        held: Block | None = None
        num_samples = 0
        for block in blocks:
            if held is not None:
                yield held
            held = block
            num_samples += len(block.samples)
        if held is None:
            return
        zero_s = self._zero_s or 0.0
        exact_end_s = self._exact_end_s()
        missing = 0 if exact_end_s is None else round((exact_end_s - zero_s) * held.rate_hz) - num_samples
        if abs(missing) <= _MAX_GAP_S * held.rate_hz:
            filled = np.pad(held.samples, ((0, max(0, missing)), (0, 0)))
            held = replace(held, samples=filled[: max(0, len(held.samples) + missing)])
        promised_end_s = self._promised_end_s()
        if promised_end_s is not None and promised_end_s - zero_s > num_samples / held.rate_hz + _MAX_UNTOLD_S:
            self._tell_cut()
        yield held

    def _exact_end_s(self) -> float | None:
        # FFmpeg decodes the padding of MP4's last packet and misplaces the end of a Vorbis stream of one page. A header
        # may count a lead-in that the packets' own times leave out, packets padding: the earlier end is meant.
        stream = self._stream
        if self._container.format.name == "mov":
            return min(self._promised_end_s() or self._packets_end_s, self._packets_end_s)
        if stream.codec_context.name == "vorbis" and stream.duration:
            return (self._zero_s or 0.0) + in_seconds(stream.duration - (stream.start_time or 0), stream.time_base)
        return None

    def _promised_end_s(self) -> float | None:
        """When the header says that the track ends, on the container's clock."""
        stream, container = self._stream, self._container
        if container.format.name == "mov" and stream.duration:
            return in_seconds((stream.start_time or 0) + stream.duration, stream.time_base)
        is_told_by_container = container.format.name == "flac" or (
            container.format.name == "matroska" and self._is_alone
        )
        if is_told_by_container and container.duration:
            return float(container.duration / av.time_base)
        return None


def _first_picture_s(
    sounding: InputContainer, recording: Recording, part: ByteRange, rules: SoundRules
) -> float | None:
    """When the first picture is shown that can be decoded: time zero of the pictures, and so of their sound."""
    if picture_stream(sounding) is None:
        return None
    with open_part(recording, part, rules.unreadable) as container:
        pictures = picture_stream(container)
        if pictures is None or not has_codec(pictures, VIDEO_CODECS):
            return None
        pictures.codec_context.options = {"max_pixels": str(MediaLimits.max_video_pixels)}
        return first_shown_s(picture_packets(container, pictures, recording.path), rules.unreadable)


def _check_shape(rate_hz: int, num_channels: int, limits: MediaLimits, unreadable: InputCode) -> None:
    if not _MIN_SAMPLE_RATE_HZ <= rate_hz <= limits.max_audio_sample_rate_hz:
        bounds = f"{_MIN_SAMPLE_RATE_HZ} to {limits.max_audio_sample_rate_hz} Hz"
        raise InputError(unreadable, f"its sample rate is {rate_hz} Hz; {bounds} is supported")
    if not 1 <= num_channels <= limits.max_audio_channels:
        raise InputError(unreadable, f"{num_channels} channels; the limit is {limits.max_audio_channels}")


def _check_samples(block: Block, unreadable: InputCode) -> None:
    if not np.isfinite(block.samples).all():
        raise InputError(unreadable, f"it has samples near {block.start_s:.2f} s that are not numbers")
    if np.abs(block.samples).max(initial=0) > _MAX_PEAK:
        raise InputError(unreadable, f"its samples near {block.start_s:.2f} s exceed {_MAX_PEAK:g} times full scale")


def _silence(like: Block, num_samples: int) -> Iterator[Block]:
    second = np.zeros((like.rate_hz, like.samples.shape[1]), np.float32)
    for start in range(0, num_samples, like.rate_hz):
        yield replace(like, samples=second[: num_samples - start])
