"""Which sound of a recording is heard: the track that speaks, and of its channels a mix that does not cancel itself."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmgt_core.errors import InputError, InputWarning
from mmgt_core.media.channel_mix import ChannelMix, main_channels, standard_mix
from mmgt_core.media.containers import Recording, recognize
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.sound_blocks import Block, SoundRules, track_blocks, track_order

Float64Array = npt.NDArray[np.float64]

_WINDOWS_PER_S = 50
_CANCELLED_DB = -8.0
"""A mix that is so much quieter than one of its channels cancels it: one channel beside silence loses 6 dB only."""
_MAX_CANCELLED_SHARE = 0.25
"""Of a channel's energy. Where a voice stands wide, chance cancels less."""
_MOST_TRACKS = 8
_ROUNDING_S = 1e-6
_SPEECH_DBFS, _SPEECH_RANGE_DB = -50.0, 10.0
"""Speech rises above this level, and by so much above its own pauses; hum, hiss and silence do not."""


@dataclass(frozen=True)
class SoundChoice:
    """What is heard of a recording: its track by index, the mix of its channels, and what the user is to know of it."""

    recording: Recording
    track: int
    mix: ChannelMix
    warnings: tuple[InputWarning, ...]


@dataclass(frozen=True)
class _Measured:
    """A track: the power of its mix in each window (windows,), what is heard of it, its length, whether it was cut."""

    track: int
    powers: Float64Array
    mix: ChannelMix
    seconds: float
    is_cut: bool

    @property
    def level_db(self) -> float:
        return _decibels(self.powers, 95)

    @property
    def speaks(self) -> bool:
        return self.level_db > _SPEECH_DBFS and self.level_db - _decibels(self.powers, 10) > _SPEECH_RANGE_DB


def choose_sound(path: Path, limits: MediaLimits, rules: SoundRules) -> SoundChoice:
    """Decode a recording once to find out what of it is to be heard; the ear and the video ask alike.

    Raises:
        InputError: unreadable, or too long.
    """
    recording = recognize(path, rules.signatures, rules.unreadable)
    order = track_order(recording, rules)
    if len(order) == 1:
        return _choice(recording, _measure(recording, order[0], limits, rules), order, rules)
    measured, refusals = [], []
    for track in order[:_MOST_TRACKS]:
        try:
            measured.append(_measure(recording, track, limits, rules))
        except InputError as refusal:
            refusals.append(refusal)
        else:
            if measured[-1].speaks:
                return _choice(recording, measured[-1], order, rules)
    if not measured:
        raise refusals[0]
    return _choice(recording, max(measured, key=lambda each: each.level_db), order, rules)


def _choice(recording: Recording, chosen: _Measured, order: tuple[int, ...], rules: SoundRules) -> SoundChoice:
    warnings = []
    if chosen.track != min(order) or chosen.track != order[0]:
        reason = "the first that speaks" if chosen.speaks else "the loudest, since none speaks"
        message = f"it has {len(order)} sound tracks; track {chosen.track + 1} is used, {reason}"
        warnings.append(InputWarning("sound_track_chosen", f"{rules.field}: {message}"))
    if chosen.mix.channel is not None:
        message = f"its channels cancel one another; channel {chosen.mix.channel + 1} alone is used"
        warnings.append(InputWarning("sound_channel_chosen", f"{rules.field}: {message}"))
    if chosen.is_cut:
        message = f"the file ends early; the {chosen.seconds:.2f} s that came are used"
        warnings.append(InputWarning("sound_ends_early", f"{rules.field}: {message}"))
    return SoundChoice(recording, chosen.track, chosen.mix, tuple(warnings))


def _measure(recording: Recording, track: int, limits: MediaLimits, rules: SoundRules) -> _Measured:
    cuts: list[bool] = [recording.is_cut]
    powers: list[Float64Array] = []
    layout, mix, peak, seconds = None, ChannelMix(), 1.0, 0.0
    for block in track_blocks(recording, track, limits, rules, lambda: cuts.append(True)):
        if layout is None:
            layout, mix = block.layout, standard_mix(block.layout)
        powers.append(_window_powers(block, mix))
        peak = max([peak, *(float(np.abs(block.samples @ weights).max()) for weights in mix.weights.values())])
        seconds += len(block.samples) / block.rate_hz
        if seconds > limits.max_audio_s + _ROUNDING_S:
            raise InputError(rules.too_long, f"longer than the limit of {limits.max_audio_s:g} s")
    if layout is None:
        return _Measured(track, np.zeros(1), mix, 0.0, any(cuts))
    *channels, mixed = np.concatenate(powers).T
    mix = ChannelMix({wanted: weights / np.float32(peak) for wanted, weights in mix.weights.items()})
    loudest = max(main_channels(layout), key=lambda channel: float(channels[channel].sum()))
    if _cancels(mixed, channels[loudest]):
        mix, mixed = ChannelMix(channel=loudest), channels[loudest]
    return _Measured(track, mixed, mix, seconds, any(cuts))


def _window_powers(block: Block, mix: ChannelMix) -> Float64Array:
    """The power of each channel, and of their mix to one, in each window: (windows, channels + 1); no offset counts."""
    sounds = np.concatenate([block.samples, mix.of(block.samples, 1)], axis=1).astype(np.float64)
    if not len(sounds):
        return np.zeros((0, sounds.shape[1]))
    num_windows = max(1, round(len(sounds) / block.rate_hz * _WINDOWS_PER_S))
    starts = np.arange(num_windows) * len(sounds) // num_windows
    lengths = np.diff(starts, append=len(sounds))[:, None]
    means = np.add.reduceat(sounds, starts) / lengths
    powers: Float64Array = np.maximum(0, np.add.reduceat(sounds**2, starts) / lengths - means**2)
    return powers


def _cancels(mixed: Float64Array, channel: Float64Array) -> bool:
    is_cancelled = mixed < 10 ** (_CANCELLED_DB / 10) * channel
    return float(channel[is_cancelled].sum()) > _MAX_CANCELLED_SHARE * float(channel.sum())


def _decibels(powers: Float64Array, percentile: float) -> float:
    return 10 * float(np.log10(max(1e-12, np.percentile(powers, percentile))))
