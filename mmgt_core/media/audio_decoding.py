"""The driving audio: an untrusted recording becomes a bounded, checked 16 kHz waveform."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.containers import VIDEO_CONTAINERS
from mmgt_core.media.files import file_bytes
from mmgt_core.media.limits import MediaLimits, megabytes
from mmgt_core.media.sound_blocks import SoundRules
from mmgt_core.media.sound_choice import choose_sound
from mmgt_core.media.sound_stream import stream_sound
from mmgt_core.types import SAMPLE_RATE_HZ, Waveform

_SILENCE_DBFS = -60.0
"""A recording whose loudest sample, its mean removed, stays below this is silent; quiet speech peaks above -45."""


@dataclass(frozen=True)
class DecodedAudio:
    """The speech that the method hears, and the file from which a video takes its sound in full quality."""

    waveform: Waveform
    source: Path
    warnings: tuple[InputWarning, ...] = ()


@dataclass(frozen=True)
class _Policy:
    rules: SoundRules
    too_short: InputCode
    silent: InputCode
    name: str


_POLICIES = {
    "audio": _Policy(SoundRules(), InputCode.AUDIO_TOO_SHORT, InputCode.AUDIO_SILENT, ""),
    "driving_video": _Policy(
        SoundRules(
            VIDEO_CONTAINERS, InputCode.DRIVING_VIDEO_UNREADABLE, InputCode.DRIVING_VIDEO_TOO_LONG, "driving_video"
        ),
        InputCode.DRIVING_VIDEO_UNREADABLE,
        InputCode.DRIVING_VIDEO_UNREADABLE,
        "its sound is ",
    ),
}


def decode_audio(
    path: Path,
    limits: MediaLimits,
    field: Literal["audio", "driving_video"] = "audio",
    *,
    allow_silence: bool = False,
) -> DecodedAudio:
    """Decode a recording to 16 kHz mono; the format is told by content, not by name.

    Reads wav, mp3, flac, ogg (vorbis, opus), m4a, aac, webm and mkv, and the sound of a driving video (mp4, mov, webm).
    Stereo becomes its mean, more channels the standard downmix of their layout; channels that cancel one another give
    the loudest of them. A file that ends early is used as far as it goes.

    Args:
        field: which input the file is; it decides the codes of refusals.
        allow_silence: nothing is refused for being silent.

    Raises:
        InputError: unreadable, too short, too long, silent; for a driving video all but too long are "unreadable".
    """
    policy = _POLICIES[field]
    max_bytes = limits.max_audio_bytes if field == "audio" else limits.max_video_bytes
    num_bytes = file_bytes(path, policy.rules.unreadable)
    if num_bytes > max_bytes:
        raise InputError(policy.rules.too_long, f"{megabytes(num_bytes)}; the limit is {megabytes(max_bytes)}")
    choice = choose_sound(path, limits, policy.rules)
    with closing(stream_sound(path, SAMPLE_RATE_HZ, 1, limits, policy.rules, choice)) as stream:
        samples = _joined(stream)
    seconds = len(samples) / SAMPLE_RATE_HZ
    if seconds < limits.min_audio_s:
        message = f"{policy.name}{seconds:.2f} s long; at least {limits.min_audio_s:g} s is needed"
        raise InputError(policy.too_short, message)
    mean = samples.mean()
    if not allow_silence and max(samples.max() - mean, mean - samples.min()) < 10 ** (_SILENCE_DBFS / 20):
        raise InputError(policy.silent, f"{policy.name}silent; nothing reaches {_SILENCE_DBFS:g} dB of full scale")
    return DecodedAudio(Waveform(samples), path, choice.warnings)


def _joined(blocks: Iterable[Float32Array]) -> Float32Array:
    """Mono samples of blocks in one piece that grows: of a long recording nothing is ever held twice."""
    joined = bytearray()
    for block in blocks:
        joined += block[:, 0].tobytes()
    return np.frombuffer(joined, np.float32)
