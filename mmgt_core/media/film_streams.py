"""What every film that is written here consists of: pictures in BT.709, and sound at 48 kHz, 1/25 s at a time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream

from mmgt_core.keypoints import Float32Array
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.sound_blocks import SoundRules
from mmgt_core.media.sound_file import SOUND_LAYOUTS, SOUND_RATE_HZ
from mmgt_core.media.sound_stream import stream_sound
from mmgt_core.types import FPS, UInt8Array

_SOUND_SAMPLES_PER_FRAME = SOUND_RATE_HZ // FPS
_ACCEPTED_BEFORE = MediaLimits(max_audio_s=math.inf)
"""The recording was bounded when the waveform was decoded; from here on the video's length bounds it."""
_BT709 = 1
"""The number of BT.709 as matrix, primaries and transfer alike (ITU-T H.273)."""


@dataclass(frozen=True)
class Encoder:
    """FFmpeg's name of an encoder, its options, and how it takes pixels; num_threads is fixed, because x264's bytes
    depend on it."""

    name: str
    options: Mapping[str, str]
    num_threads: int
    pixels: str = "yuv420p"


class SoundFrames:
    """The original recording at 48 kHz, 1/25 s at a time, followed by endless silence."""

    def __init__(self, path: Path) -> None:
        """Raises: InputError: the sound cannot be decoded."""
        self._blocks = stream_sound(path, SOUND_RATE_HZ, len(SOUND_LAYOUTS), _ACCEPTED_BEFORE, SoundRules())
        self._pending: Float32Array = next(self._blocks, np.zeros((0, 1), np.float32))
        self._num_given = 0
        self.num_channels = self._pending.shape[1]

    def next_frame(self) -> av.AudioFrame:
        """Return the next 1/25 s."""
        while len(self._pending) < _SOUND_SAMPLES_PER_FRAME:
            self._pending = np.concatenate([self._pending, next(self._blocks, self._silence())])
        samples, self._pending = np.split(self._pending, [_SOUND_SAMPLES_PER_FRAME])
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), "fltp", SOUND_LAYOUTS[self.num_channels])
        frame.sample_rate = SOUND_RATE_HZ
        frame.time_base = Fraction(1, SOUND_RATE_HZ)
        frame.pts = self._num_given
        self._num_given += _SOUND_SAMPLES_PER_FRAME
        return frame

    def close(self) -> None:
        """Read no more of the recording."""
        self._blocks.close()

    def _silence(self) -> Float32Array:
        return np.zeros((_SOUND_SAMPLES_PER_FRAME, self.num_channels), np.float32)


def add_video_stream(container: OutputContainer, width: int, height: int, encoder: Encoder) -> VideoStream:
    """Add pictures, 25 a second, tagged BT.709."""
    stream = container.add_stream(encoder.name, rate=FPS, options=dict(encoder.options), width=width, height=height)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.pix_fmt = encoder.pixels
    context.thread_count = encoder.num_threads
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = ColorRange.MPEG
    return stream


def add_audio_stream(container: OutputContainer, num_channels: int, bit_rate: int) -> AudioStream:
    """Add AAC sound; bit_rate in bits per second."""
    return container.add_stream("aac", rate=SOUND_RATE_HZ, layout=SOUND_LAYOUTS[num_channels], bit_rate=bit_rate)


def bt709_frame(image: UInt8Array) -> av.VideoFrame:
    """Return a picture, (H, W, 3) RGB, as an encoder takes it: 4:2:0 in BT.709's limited range."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
    )


def layer_frame(layer: UInt8Array, pixels: str) -> av.VideoFrame:
    """Return a layer, (H, W, 4) RGB, not multiplied, and opacity, as an encoder takes it: in BT.709's limited range."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(layer), "rgba").reformat(
        format=pixels, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )


def shown(frame: av.VideoFrame) -> UInt8Array:
    """Return what `bt709_frame` made as a player shows it, (H, W, 3) uint8 RGB."""
    rgb = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG)
    return rgb.to_ndarray().astype(np.uint8, copy=False)


def timed(frame: av.VideoFrame, index: int) -> av.VideoFrame:
    """Return the same frame as picture number `index` of a film."""
    frame.pts = index
    frame.time_base = Fraction(1, FPS)
    return frame
