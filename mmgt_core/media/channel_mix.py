"""How the channels of a recording become one or two: the standard downmix of their layout, or the one that speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import av
import numpy as np

from mmgt_core.keypoints import Float32Array

_LAYOUT_NAMES = {1: "mono", 2: "stereo"}
_LOW_FREQUENCY = ("LFE", "LFE2")


@dataclass(frozen=True)
class ChannelMix:
    """What becomes of the channels.

    Attributes:
        weights: (channels, wanted) by wanted number of channels, where there are more than two in a known layout; in
            every other case the mean is taken.
        channel: instead of a mix, the one channel to hear.
    """

    weights: Mapping[int, Float32Array] = field(default_factory=dict)
    channel: int | None = None

    def of(self, samples: Float32Array, max_channels: int) -> Float32Array:
        """Mix (samples, channels) to at most `max_channels`."""
        if self.channel is not None:
            return samples[:, [self.channel]]
        if samples.shape[1] <= max_channels:
            return samples
        if max_channels in self.weights:
            return samples @ self.weights[max_channels]
        return samples.mean(axis=1, keepdims=True)


def standard_mix(layout: av.AudioLayout) -> ChannelMix:
    """The downmix of ITU-R BS.775 with FFmpeg's own weights: a centre is heard as loud as it is."""
    names = [channel.name for channel in layout.channels]
    if len(names) <= 2 or "NONE" in names:
        return ChannelMix()
    return ChannelMix({wanted: _weights(layout, name) for wanted, name in _LAYOUT_NAMES.items()})


def main_channels(layout: av.AudioLayout) -> list[int]:
    """The channels that may carry speech: all but those for low frequencies."""
    names = [channel.name for channel in layout.channels]
    return [index for index, name in enumerate(names) if name not in _LOW_FREQUENCY] or list(range(len(names)))


def _weights(layout: av.AudioLayout, wanted: str) -> Float32Array:
    """What a pulse in each channel alone becomes; FFmpeg scales the mix of whole numbers down, but not of floats."""
    pulses = av.AudioFrame.from_ndarray(np.eye(layout.nb_channels, dtype=np.float32).reshape(1, -1), "flt", layout)
    pulses.sample_rate = 48_000
    mixer = av.AudioResampler(format="flt", layout=wanted)
    mixed = [frame.to_ndarray() for frame in (*mixer.resample(pulses), *mixer.resample(None))]
    return np.concatenate(mixed, axis=1).reshape(layout.nb_channels, -1).astype(np.float32, copy=False)
