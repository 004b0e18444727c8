"""The driving video: an untrusted file becomes upright RGB frames at exactly 25 per second, one at a time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.containers import (
    VIDEO_CODECS,
    VIDEO_CONTAINERS,
    check_codec,
    open_container,
    picture_stream,
)
from mmgt_core.media.files import file_bytes
from mmgt_core.media.limits import MediaLimits, megabytes, side_ratio
from mmgt_core.media.picture_times import PicturePackets, PictureTimes, decoded_pictures, picture_packets, picture_times
from mmgt_core.types import FPS, UInt8Array

_UNREADABLE = InputCode.DRIVING_VIDEO_UNREADABLE
_TOO_LONG = InputCode.DRIVING_VIDEO_TOO_LONG
_STAMP_ERROR_S = 0.001
"""webm rounds time stamps to milliseconds: a frame that is this late still counts as on time."""

_DECODED_PER_SAMPLE, _DECODED_PER_JUMP = 10, 50
"""A second or so is spent on decoding what is not looked at. A longer film is jumped through, from one picture that
stands on its own to another, and at most so many are decoded from there towards the moment that is wanted."""

_Picture = TypeVar("_Picture")


@dataclass(frozen=True)
class DrivingVideo:
    """What a driving video holds, by its packets' time stamps; only its first picture is decoded to know it."""

    seconds: float
    num_frames: int
    has_sound: bool


def inspect_driving_video(path: Path, limits: MediaLimits) -> DrivingVideo:
    """Check a driving video's bytes, format, codec, size, rate and seconds.

    Returns:
        Its length, the number of frames that `read_video_frames` will give, and whether it has sound.

    Raises:
        InputError: DRIVING_VIDEO_UNREADABLE, DRIVING_VIDEO_TOO_LONG.
    """
    times, has_sound = _measure(path, limits)
    return DrivingVideo(times.seconds, round(times.seconds * FPS), has_sound)


def read_video_frames(path: Path, limits: MediaLimits) -> Iterator[UInt8Array]:
    """Read a video at exactly 25 frames per second: each is the latest picture of its moment.

    Memory does not grow with the length. The container's turn, mirror and pixel shape are applied.

    Returns:
        Frames (H, W, 3) uint8 RGB, all of one size. A repeated picture is the same array.

    Raises:
        InputError: DRIVING_VIDEO_UNREADABLE, DRIVING_VIDEO_TOO_LONG.
    """
    times, _ = _measure(path, limits)
    max_frames = round(limits.max_audio_s * FPS)
    with _open_pictures(path, limits) as (container, stream):
        pictures = _pictures(picture_packets(container, stream, path))
        timed = ((start_s, times.last_duration_s, frame) for start_s, frame in pictures)
        last: VideoFrame | None = None
        image = np.zeros((0, 0, 3), np.uint8)
        num_frames = 0
        for num_frames, frame in enumerate(at_constant_rate(timed), start=1):
            if num_frames > max_frames:
                raise InputError(_TOO_LONG, f"longer than the limit of {limits.max_audio_s:g} s")
            if frame is not last:
                image, last = _as_shown(frame, stream), frame
            yield image
    _check_seconds(num_frames / FPS, limits)


def sample_video_frames(path: Path, limits: MediaLimits, max_samples: int) -> Iterator[tuple[int, UInt8Array]]:
    """Read some frames spread over a video: of a short one each n-th, of a longer one those that are soon decoded.

    The time it takes does not grow with the length; a long video with few pictures to begin at gives fewer samples.

    Returns:
        At most `max_samples` pairs of the frame's index at 25 per second and the frame, (H, W, 3) uint8 RGB.

    Raises:
        InputError: DRIVING_VIDEO_UNREADABLE, DRIVING_VIDEO_TOO_LONG.
    """
    times, _ = _measure(path, limits)
    num_frames = round(times.seconds * FPS)
    if num_frames <= max_samples * _DECODED_PER_SAMPLE:
        yield from islice(enumerate(read_video_frames(path, limits)), 0, None, -(-num_frames // max_samples))
        return
    with _open_pictures(path, limits) as (container, stream):
        latest = -1
        for sample in range(max_samples):
            at_s = times.zero_s + times.seconds * sample / max_samples
            try:
                container.seek(round(at_s / (stream.time_base or 1)), stream=stream)
            except av.FFmpegError:
                return
            for start_s, frame in _close_to(at_s, _pictures(container.demux(stream))):
                index = max(0, round((start_s - times.zero_s) * FPS))
                if latest < index < num_frames:
                    yield index, _as_shown(frame, stream)
                    latest = index


def _close_to(at_s: float, pictures: Iterator[tuple[float, VideoFrame]]) -> list[tuple[float, VideoFrame]]:
    """The first picture from a moment on, or one before it that is decoded sooner; none at the end of a file."""
    closest: list[tuple[float, VideoFrame]] = []
    for picture in islice(pictures, _DECODED_PER_JUMP):
        closest = [picture]
        if picture[0] >= at_s:
            break
    return closest


def at_constant_rate(timed: Iterable[tuple[float, float, _Picture]]) -> Iterator[_Picture]:
    """Pick one picture for each 1/25 s: the latest that has begun by then.

    Args:
        timed: start (s), duration (s) and picture, in order of time; the first start is time zero.

    Returns:
        round(seconds · 25) pictures, some repeated, some left out.
    """
    current: _Picture | None = None
    zero_s: float | None = None
    end_s = 0.0
    index = 0
    for start_s, duration_s, picture in timed:
        zero_s = start_s if zero_s is None else zero_s
        while current is not None and index / FPS < start_s - zero_s - _STAMP_ERROR_S:
            yield current
            index += 1
        current = picture
        end_s = max(end_s, start_s - zero_s + duration_s)
    while current is not None and index < round(end_s * FPS):
        yield current
        index += 1


@contextmanager
def _open_pictures(path: Path, limits: MediaLimits) -> Iterator[tuple[InputContainer, VideoStream]]:
    num_bytes = file_bytes(path, _UNREADABLE)
    if num_bytes > limits.max_video_bytes:
        raise InputError(_TOO_LONG, f"{megabytes(num_bytes)}; the limit is {megabytes(limits.max_video_bytes)}")
    with open_container(path, VIDEO_CONTAINERS, _UNREADABLE) as container:
        stream = picture_stream(container)
        if stream is None:
            raise InputError(_UNREADABLE, "the file has no moving pictures")
        check_codec(stream, VIDEO_CODECS, _UNREADABLE)
        _check_size(_shown_width(stream.codec_context.width, stream), stream.codec_context.height, limits)
        stream.codec_context.options = {"max_pixels": str(limits.max_video_pixels)}
        yield container, stream


def _measure(path: Path, limits: MediaLimits) -> tuple[PictureTimes, bool]:
    max_pictures = round(limits.max_video_fps * (limits.max_audio_s + 1))
    with _open_pictures(path, limits) as (container, stream):
        has_sound = len(container.streams.audio) > 0
        times = picture_times(container, stream, path, _UNREADABLE, max_pictures)
    _check_seconds(times.seconds, limits)
    if times.per_second > limits.max_video_fps:
        raise InputError(_UNREADABLE, f"{times.per_second:g} frames per second; the limit is {limits.max_video_fps}")
    return times, has_sound


def _pictures(packets: PicturePackets) -> Iterator[tuple[float, VideoFrame]]:
    size: tuple[int, int] | None = None
    for _, frames in decoded_pictures(packets, _UNREADABLE):
        for frame in frames:
            size = size or (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                raise InputError(_UNREADABLE, "its picture size changes on the way")
            yield frame.time or 0.0, frame


def _as_shown(frame: VideoFrame, stream: VideoStream) -> UInt8Array:
    image = frame.to_ndarray(format="rgb24", width=_shown_width(frame.width, stream)).astype(np.uint8, copy=False)
    side_data: Any = frame.side_data  # its types are wrong in PyAV 18.1
    matrix = side_data.get(Type.DISPLAYMATRIX)
    if matrix is not None:
        image = placed(image, np.frombuffer(matrix, np.int32))
    return np.ascontiguousarray(image)


def placed(image: UInt8Array, display_matrix: npt.NDArray[np.int32]) -> UInt8Array:
    """Turn and mirror a picture as its track says: the nearest of the eight ways to lay a rectangle down.

    Args:
        image: (H, W, 3).
        display_matrix: (9,), row by row, that maps column vectors of x and y from the right (ISO/IEC 14496-12, 6.2.2):
            x' = m0 x + m3 y, y' = m1 x + m4 y.
    """
    x_from_x, y_from_x, _, x_from_y, y_from_y = display_matrix[:5].astype(np.int64)
    if abs(x_from_y) + abs(y_from_x) > abs(x_from_x) + abs(y_from_y):
        image = image.swapaxes(0, 1)
        x_from_x, y_from_y = x_from_y, y_from_x
    if x_from_x < 0:
        image = image[:, ::-1]
    return image[::-1] if y_from_y < 0 else image


def _shown_width(width: int, stream: VideoStream) -> int:
    """Pixels across when each is made as wide as high; what a file says of their shape is as untrusted as its size."""
    return round(width * (stream.sample_aspect_ratio or 1))


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    if not 0 < width * height <= limits.max_video_pixels:
        limit = f"{limits.max_video_pixels / 1e6:.1f} megapixels"
        raise InputError(_UNREADABLE, f"its pictures are {width} x {height} pixels; the limit is {limit}")
    if (ratio := side_ratio(width, height)) > limits.max_side_ratio:
        message = f"its pictures are {width} x {height} pixels; the long side is {ratio:.1f} times the short one, "
        raise InputError(_UNREADABLE, message + f"the limit is {limits.max_side_ratio:g} times")


def _check_seconds(seconds: float, limits: MediaLimits) -> None:
    if seconds > limits.max_audio_s:
        raise InputError(_TOO_LONG, f"{seconds:.1f} s long; the limit is {limits.max_audio_s:g} s")
    if seconds < limits.min_audio_s:
        raise InputError(_UNREADABLE, f"{seconds:.2f} s long; at least {limits.min_audio_s:g} s is needed")
