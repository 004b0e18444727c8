"""Recordings of known word times for tests: eSpeak NG speaks, and tells when each word begins."""

import re
from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.speech import Utterance, synthesise
from mmgt_core.synthetic.texts import choose_voice, sentence, word_lists

HARD_TEXTS = (
    "In 1984 the well-known café sold 3,250 cups of coffee.",
    "NASA's GPUs cost $5.50 an hour, didn't they?",
    "Dr. Okonkwo e-mailed Mr. Szymanski at 10:30 p.m. on the 21st.",
    "Kubernetes, PostgreSQL and TypeScript — that's 90% of the work!",
    "“Stop,” she said; then, quietly: “Don’t stop.”",
    "My livestream has 1,000,000 viewers & 42 moderators.",
    "The U.S. team won 3.14 times more medals in the 1990s.",
    "Zuckerbergian chatbots hallucinate; Linnaeus wouldn't have.",
    "Call me at 555-0199, or write to the help desk.",
    "COVID-19 changed the way we meet, greet, and say goodbye.",
)
"""English with what a dictionary lacks: figures, signs, names, abbreviations, marks that stand alone."""


@dataclass(frozen=True)
class SpokenText:
    """What is said, how it sounds at 16 kHz, and when each of its words (between spaces) begins; None: nobody tells."""

    text: str
    samples: Float32Array
    starts_s: tuple[float | None, ...]


def spoken(text: str, voice: str = "en-us+m3", words_per_minute: int = 160) -> SpokenText:
    """Speak a text. The first event inside a word is its beginning: "of the" has one event, "1984" three."""
    speech = synthesise(Utterance(text, voice, words_per_minute, pitch=50, pitch_range=50))
    starts = []
    for word in re.finditer(r"\S+", text):
        inside = (start_s for character, start_s in speech.word_starts if word.start() <= character < word.end())
        starts.append(next(inside, None))
    return SpokenText(text, speech.samples, tuple(starts))


def english_clips(count: int) -> list[SpokenText]:
    """Sentences of many voices and speeds, every fifth one a hard text."""
    clips = []
    for number in range(count):
        rng = np.random.default_rng(number)
        plain = sentence(word_lists("en", is_held_out=number % 2 == 0), rng)
        text = HARD_TEXTS[number // 5 % len(HARD_TEXTS)] if number % 5 == 4 else plain
        voice = choose_voice("en", number % 2 == 0, rng)
        clips.append(spoken(text, voice, int(rng.integers(130, 200))))
    return clips


def joined(clips: list[SpokenText], pauses_s: float) -> SpokenText:
    """Clips behind each other as one recording."""
    parts: list[Float32Array] = []
    starts: list[float | None] = []
    offset_s = 0.0
    for clip in clips:
        starts += [None if start_s is None else start_s + offset_s for start_s in clip.starts_s]
        parts += [clip.samples, np.zeros(round(pauses_s * 16_000), np.float32)]
        offset_s += (len(parts[-2]) + len(parts[-1])) / 16_000
    return SpokenText(" ".join(clip.text for clip in clips), np.concatenate(parts), tuple(starts))
