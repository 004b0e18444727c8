"""One synthetic clip: a drawn person speaks a free text; speech, keypoints and pictures are known exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmgt_core.errors import MMGTError
from mmgt_core.keypoints import LIPS, Float32Array
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED, LONGEST_S, SHORTEST_S
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.synthetic.figure import presenter_keypoints
from mmgt_core.synthetic.identity import PresenterIdentity, draw_identity
from mmgt_core.synthetic.motion import speaking_motion
from mmgt_core.synthetic.photographic import PhotographicLook, draw_look, draw_photographed
from mmgt_core.synthetic.speech import Phoneme, Utterance, synthesise
from mmgt_core.synthetic.texts import TRAINED_LANGUAGES, choose_voice, sentence, word_lists
from mmgt_core.types import FPS, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform

MIN_CLIP_S, MAX_CLIP_S = 3.0, 8.0
"""Of a clip whose length follows its text."""

_LEAD_S = (0.3, 0.65)
_PAUSE_S = (0.15, 0.7)
_TAIL_S = 0.3
_INNER_TOP, _INNER_BOTTOM = LIPS.start + 14, LIPS.start + 18


@dataclass(frozen=True)
class SyntheticClip:
    """A clip.

    phonemes: times in the waveform. mouth_opening: (F,) pixels of the 512 canvas between the inner lips. look: of a
    photograph; None is a drawing.
    """

    seed: int
    identity: PresenterIdentity
    language: str
    voice: str
    text: str
    waveform: Waveform
    phonemes: tuple[Phoneme, ...]
    pose_sequence: PoseSequence
    mouth_opening: Float32Array
    look: PhotographicLook | None = None

    @property
    def reference_frame(self) -> int:
        """A frame of rest: mouth closed, eyes open, hands down."""
        return 0

    def render(self, frames: Sequence[int], size: int) -> UInt8Array:
        """Draw these frames, size x size pixels: (N, size, size, 3) RGB."""
        keypoints = self.pose_sequence.keypoints[list(frames)]
        if self.look is not None:
            return draw_photographed(self.identity, self.look, keypoints, size)
        return draw_presenter(self.identity, keypoints, size)


@dataclass(frozen=True)
class _Recording:
    """A text spoken sentence by sentence, silence before, between and after; the phonemes go on past the samples' cut.

    Motion follows from all of them, so that hands rise towards a syllable that is no longer heard.
    """

    text: str
    samples: Float32Array
    phonemes: tuple[Phoneme, ...]


def synthetic_clip(seed: int, seconds: float | None = None, language: str | None = None) -> SyntheticClip:
    """Make the clip of a seed: always the same one.

    Args:
        seed: from 0; from `FIRST_HELD_OUT_SEED` on, never trained on.
        seconds: length, up to 10 minutes; None: as long as its text, 3 to 8 s.
        language: one of `texts`; None: one of the trained languages, by the seed.

    Raises:
        MMGTError: a negative seed, a length outside its range, an unknown language, no synthesiser.
    """
    if seed < 0:
        raise MMGTError(f"the seed is {seed}; it must be 0 or more")
    if seconds is not None and not SHORTEST_S <= seconds <= LONGEST_S:
        raise MMGTError(f"a clip of {seconds:g} s; from {SHORTEST_S:g} to {LONGEST_S:g} s can be made")
    is_held_out = seed >= FIRST_HELD_OUT_SEED
    person_rng, speech_rng, motion_rng = (np.random.default_rng([seed, stream]) for stream in range(3))
    identity = draw_identity(person_rng)
    spoken_language = language or str(speech_rng.choice(TRAINED_LANGUAGES))
    voice = choose_voice(spoken_language, is_held_out, speech_rng)
    lists = word_lists(spoken_language, is_held_out)
    recording = _record(lambda: sentence(lists, speech_rng), voice, seconds, speech_rng)
    waveform = Waveform(recording.samples)
    motion = speaking_motion(recording.phonemes, recording.samples, waveform.num_frames, motion_rng)
    keypoints = presenter_keypoints(identity.build, motion)
    opening = np.linalg.norm(keypoints[:, _INNER_BOTTOM, :2] - keypoints[:, _INNER_TOP, :2], axis=1)
    return SyntheticClip(
        seed,
        identity,
        spoken_language,
        voice,
        recording.text,
        waveform,
        _until(waveform.seconds, recording.phonemes),
        PoseSequence(keypoints),
        opening.astype(np.float32),
    )


def photographed(clip: SyntheticClip) -> SyntheticClip:
    """The same clip as a photograph would show it: always the same one."""
    return replace(clip, look=draw_look(clip.seed))


def require_trained_seeds(name: str, first: int, number: int) -> None:
    """Raises: ValueError: one of `number` seeds from `first` on is negative or must never be trained on."""
    if first < 0 or first + number > FIRST_HELD_OUT_SEED:
        raise ValueError(f"{name} is {first + number}; seeds from {FIRST_HELD_OUT_SEED} on are never trained on")


def _record(
    next_sentence: Callable[[], str], voice: str, seconds: float | None, rng: np.random.Generator
) -> _Recording:
    """Speak sentences until the length is reached, then cut to it, or to whole frames after the last word."""
    wanted_s = seconds or float(rng.uniform(MIN_CLIP_S, MAX_CLIP_S - 2))
    manner = {
        "words_per_minute": int(rng.integers(135, 205)),
        "pitch": int(rng.integers(25, 76)),
        "pitch_range": int(rng.integers(30, 81)),
    }
    loudness = float(rng.uniform(0.35, 0.9))
    samples = _silence(rng.uniform(*_LEAD_S))
    texts: list[str] = []
    phonemes: list[Phoneme] = []
    while len(samples) / SAMPLE_RATE_HZ < wanted_s:
        texts.append(next_sentence())
        speech = synthesise(Utterance(texts[-1], voice, **manner))
        start_s = len(samples) / SAMPLE_RATE_HZ
        phonemes += [Phoneme(p.symbol, p.start_s + start_s, p.end_s + start_s) for p in speech.phonemes]
        pause = _silence(rng.uniform(*_PAUSE_S))
        samples = np.concatenate([samples, speech.samples, pause])
    num_frames = round((seconds or min(len(samples) / SAMPLE_RATE_HZ + _TAIL_S, MAX_CLIP_S)) * FPS)
    samples = np.concatenate([samples, _silence(_TAIL_S + 1 / FPS)])[: num_frames * SAMPLES_PER_FRAME]
    peak = float(np.abs(samples).max())
    return _Recording(" ".join(texts), samples * np.float32(loudness / peak), tuple(phonemes))


def _until(end_s: float, phonemes: Sequence[Phoneme]) -> tuple[Phoneme, ...]:
    """What is heard of the phonemes before the cut."""
    return tuple(replace(p, end_s=min(p.end_s, end_s)) for p in phonemes if p.start_s < end_s)


def _silence(seconds: float) -> Float32Array:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
