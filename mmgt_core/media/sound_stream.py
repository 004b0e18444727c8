"""Any recording as a stream of float32 blocks at one wanted rate, never held whole."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.container import InputContainer

from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.containers import (
    AUDIO_CODECS,
    AUDIO_CONTAINERS,
    VIDEO_CODECS,
    check_codec,
    claimed_seconds,
    decoded_packets,
    has_codec,
    has_timeline,
    in_seconds,
    open_container,
    picture_stream,
)
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.picture_times import first_shown_s, picture_packets

_MIN_SAMPLE_RATE_HZ = 4_000
_MAX_GAP_S = 0.05
"""Time stamps jitter by less; a larger hole is lost sound, or a pause that the container states."""
_MAX_PEAK = 4.0
"""Lossy decoders overshoot full scale by some dB; beyond 12 dB a float file was written in another scale."""


@dataclass(frozen=True)
class SoundRules:
    """What one kind of input may be as a source of sound, and which refusal is which."""

    readers: tuple[str, ...] = AUDIO_CONTAINERS
    unreadable: InputCode = InputCode.AUDIO_UNREADABLE
    too_long: InputCode = InputCode.AUDIO_TOO_LONG


@dataclass(frozen=True)
class _Block:
    samples: Float32Array  # (samples, channels)
    rate_hz: int
    start_s: float


def stream_sound(
    path: Path, rate_hz: int, max_channels: int, limits: MediaLimits, rules: SoundRules
) -> Generator[Float32Array]:
    """Decode, mix down and resample a recording block by block.

    Time zero is the first picture that can be shown where the file has moving pictures, otherwise the first sample. An
    encoder's lead-in and padding are removed where the container states them (raw AAC states none).

    Args:
        rate_hz: wanted sample rate.
        max_channels: more channels than these become one, their mean.

    Returns:
        Blocks (samples, channels) float32 in [-1, 1], the same number of channels in each.

    Raises:
        InputError: unreadable; or too long by its header or while decoding.
    """
    with open_container(path, rules.readers, rules.unreadable) as container:
        if not container.streams.audio:
            raise InputError(rules.unreadable, "the file has no sound")
        seconds = claimed_seconds(container)
        if seconds is not None and seconds > limits.max_audio_s + 1:  # a container's length may count padding
            raise InputError(rules.too_long, f"{seconds:.1f} s long; the limit is {limits.max_audio_s:g} s")
        stream = container.streams.audio[0]
        check_codec(stream, AUDIO_CODECS, rules.unreadable)
        zero_s = _first_picture_s(container, path, rules)
        blocks = _native_blocks(container, stream, limits, rules.unreadable)
        timed = _on_timeline(blocks, zero_s, has_timeline(container), rules.unreadable)
        whole = _ending_as_stated(timed, _stated_seconds(container, stream, zero_s))
        yield from _at_rate(whole, rate_hz, max_channels)


def _native_blocks(
    container: InputContainer, stream: AudioStream, limits: MediaLimits, unreadable: InputCode
) -> Iterator[_Block]:
    """The decoded frames as float32 (samples, channels) at the recording's own rate."""
    to_float = av.AudioResampler(format="flt")  # interleaved: PyAV 18.1 counts the planes of 8 channels wrongly
    kind: tuple[str, int, int] | None = None
    for _, frames in decoded_packets(container, stream, unreadable):
        for frame in frames:
            frame_kind = (frame.format.name, frame.sample_rate, frame.layout.nb_channels)
            if kind is None:
                _check_shape(frame.sample_rate, frame.layout.nb_channels, limits, unreadable)
                kind = frame_kind
            if frame_kind != kind:
                raise InputError(unreadable, "its sample rate or its channels change on the way")
            for converted in to_float.resample(frame):
                samples = converted.to_ndarray().reshape(-1, frame.layout.nb_channels)
                block = _Block(samples, frame.sample_rate, frame.time or 0.0)
                _check_samples(block, unreadable)
                yield block


def _check_shape(rate_hz: int, num_channels: int, limits: MediaLimits, unreadable: InputCode) -> None:
    if not _MIN_SAMPLE_RATE_HZ <= rate_hz <= limits.max_audio_sample_rate_hz:
        bounds = f"{_MIN_SAMPLE_RATE_HZ} to {limits.max_audio_sample_rate_hz} Hz"
        raise InputError(unreadable, f"its sample rate is {rate_hz} Hz; {bounds} is supported")
    if not 1 <= num_channels <= limits.max_audio_channels:
        raise InputError(unreadable, f"{num_channels} channels; the limit is {limits.max_audio_channels}")


def _check_samples(block: _Block, unreadable: InputCode) -> None:
    if not np.isfinite(block.samples).all():
        raise InputError(unreadable, f"it has samples near {block.start_s:.2f} s that are not numbers")
    if np.abs(block.samples).max(initial=0) > _MAX_PEAK:
        raise InputError(unreadable, f"its samples near {block.start_s:.2f} s exceed {_MAX_PEAK:g} times full scale")


def _first_picture_s(sounding: InputContainer, path: Path, rules: SoundRules) -> float | None:
    """When the first picture is shown that can be decoded: time zero of the pictures, and so of their sound."""
    if picture_stream(sounding) is None:
        return None
    with open_container(path, rules.readers, rules.unreadable) as container:
        pictures = picture_stream(container)
        if pictures is None or not has_codec(pictures, VIDEO_CODECS):
            return None
        pictures.codec_context.options = {"max_pixels": str(MediaLimits.max_video_pixels)}
        return first_shown_s(picture_packets(container, pictures, path), rules.unreadable)


def _on_timeline(
    blocks: Iterable[_Block], zero_s: float | None, has_pauses: bool, unreadable: InputCode
) -> Iterator[_Block]:
    """Begin at time zero and fill stated pauses with silence; a hole in a format without pauses is lost sound."""
    num_samples = 0
    for block in blocks:
        if zero_s is None:
            zero_s = block.start_s
        gap = round((block.start_s - zero_s) * block.rate_hz) - num_samples
        if num_samples == 0 and gap < 0:
            block = replace(block, samples=block.samples[-gap:])
        elif gap > (_MAX_GAP_S * block.rate_hz if num_samples else 0):
            if not has_pauses:
                lost_s, after_s = gap / block.rate_hz, num_samples / block.rate_hz
                raise InputError(unreadable, f"{lost_s:.2f} s are missing at {after_s:.2f} s")
            yield from _silence(block, gap)
            num_samples += gap
        num_samples += len(block.samples)
        yield block


def _ending_as_stated(blocks: Iterable[_Block], stated_s: float | None) -> Iterator[_Block]:
    """Cut or fill the last block so that all of them last as long as stated; a statement far off is not believed."""
    held: _Block | None = None
    num_samples = 0
    for block in blocks:
        if held is not None:
            yield held
        held = block
        num_samples += len(block.samples)
    if held is None:
        return
    missing = 0 if stated_s is None else round(stated_s * held.rate_hz) - num_samples
    if abs(missing) <= _MAX_GAP_S * held.rate_hz:
        filled = np.pad(held.samples, ((0, max(0, missing)), (0, 0)))
        held = replace(held, samples=filled[: max(0, len(held.samples) + missing)])
    yield held


def _stated_seconds(container: InputContainer, stream: AudioStream, zero_s: float | None) -> float | None:
    # FFmpeg decodes the padding of MP4's last packet, and misplaces the end of a Vorbis stream of one page.
    states_its_end = "mp4" in container.format.name or stream.codec_context.name == "vorbis"
    if not states_its_end or not stream.duration:
        return None
    start_s = 0.0 if zero_s is None else in_seconds(stream.start_time or 0, stream.time_base) - zero_s
    return start_s + in_seconds(stream.duration, stream.time_base)


def _silence(like: _Block, num_samples: int) -> Iterator[_Block]:
    second = np.zeros((like.rate_hz, like.samples.shape[1]), np.float32)
    for start in range(0, num_samples, like.rate_hz):
        yield replace(like, samples=second[: num_samples - start])


def _at_rate(blocks: Iterable[_Block], rate_hz: int, max_channels: int) -> Iterator[Float32Array]:
    """Mix down and resample; the lengths add up to round(seconds · rate), give or take one sample."""
    resampler: soxr.ResampleStream | None = None
    mixed = np.zeros((0, 1), np.float32)
    for block in blocks:
        mixed = block.samples
        if mixed.shape[1] > max_channels:
            mixed = mixed.mean(axis=1, keepdims=True)
        if resampler is None:
            channels = mixed.shape[1]
            resampler = soxr.ResampleStream(block.rate_hz, rate_hz, channels, dtype="float32", quality="HQ")
        yield resampler.resample_chunk(np.ascontiguousarray(mixed), last=False).clip(-1, 1)
    if resampler is not None:
        yield resampler.resample_chunk(mixed[:0], last=True).clip(-1, 1)
