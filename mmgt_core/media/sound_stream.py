"""Any recording as a stream of float32 blocks at one wanted rate, never held whole."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import soxr

from mmgt_core.keypoints import Float32Array
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.sound_blocks import SoundRules, track_blocks
from mmgt_core.media.sound_choice import SoundChoice, choose_sound


def stream_sound(
    path: Path,
    rate_hz: int,
    max_channels: int,
    limits: MediaLimits,
    rules: SoundRules,
    choice: SoundChoice | None = None,
) -> Generator[Float32Array]:
    """Decode, mix down and resample what is to be heard of a recording, block by block.

    Args:
        rate_hz: wanted sample rate.
        max_channels: more channels than these become so many by the standard downmix of their layout, or one.
        choice: what is to be heard, if it is known already.

    Returns:
        Blocks (samples, channels) float32 in [-1, 1], the same number of channels in each. The lengths add up to
        round(seconds · rate), give or take one sample.

    Raises:
        InputError: unreadable; or too long, by its header or by its samples.
    """
    choice = choice or choose_sound(path, limits, rules)
    resampler: soxr.ResampleStream | None = None
    mixed = np.zeros((0, 1), np.float32)
    for block in track_blocks(choice.recording, choice.track, limits, rules):
        mixed = choice.mix.of(block.samples, max_channels)
        if resampler is None:
            channels = mixed.shape[1]
            resampler = soxr.ResampleStream(block.rate_hz, rate_hz, channels, dtype="float32", quality="HQ")
        yield resampler.resample_chunk(np.ascontiguousarray(mixed), last=False).clip(-1, 1)
    if resampler is not None:
        yield resampler.resample_chunk(mixed[:0], last=True).clip(-1, 1)
