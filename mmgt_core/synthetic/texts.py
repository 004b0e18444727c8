"""Free texts and voices. Training and held-out clips share no subject, verb, object, circumstance or voice."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from mmgt_core.errors import MMGTError

TRAINED_LANGUAGES = ("en", "de", "fr", "es", "it", "pt")
HELD_OUT_LANGUAGE = "sv"

_VOICES = {
    "en": ("en", "en-us"),
    "de": ("de",),
    "fr": ("fr", "fr-be"),
    "es": ("es", "es-419"),
    "it": ("it",),
    "pt": ("pt", "pt-br"),
    "sv": ("sv",),
}
"""The synthesiser's accents of each language."""

_TRAINED_VARIANTS = ("m1", "m2", "m4", "m5", "m7", "f1", "f2", "f4", "Alex", "Andrea", "Henrique", "steph", "max")
_HELD_OUT_VARIANTS = ("m3", "m8", "f3", "f5", "Annie", "Michael")

_HELD_OUT_SHARE = 1 / 3
"""Of each list of words, at its end."""


@dataclass(frozen=True)
class WordLists:
    """What sentences of one language are made of: subject verb object circumstance, two of them with a joint."""

    subjects: tuple[str, ...]
    verbs: tuple[str, ...]
    objects: tuple[str, ...]
    circumstances: tuple[str, ...]
    joints: tuple[str, ...]

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """The lists of a clause in the order of speaking."""
        return self.subjects, self.verbs, self.objects, self.circumstances


def word_lists(language: str, is_held_out: bool) -> WordLists:
    """The words of training texts, or of held-out ones; of the held-out language all.

    Raises:
        MMGTError: there is no such language.
    """
    lists = _all_words(language)
    if language == HELD_OUT_LANGUAGE:
        return lists
    subjects, verbs, objects, circumstances = (_side(words, is_held_out) for words in lists.parts)
    return WordLists(subjects, verbs, objects, circumstances, lists.joints)


def sentence(lists: WordLists, rng: np.random.Generator) -> str:
    """One sentence of one or two clauses."""
    clauses = [" ".join(rng.choice(words) for words in lists.parts) for _ in range(rng.integers(1, 3))]
    text = str(rng.choice(lists.joints)).join(clauses)
    return text[0].upper() + text[1:] + str(rng.choice([".", ".", ".", "!", "?"]))


def choose_voice(language: str, is_held_out: bool, rng: np.random.Generator) -> str:
    """A voice of the synthesiser: accent and variant, as "en-us+f2".

    Raises:
        MMGTError: there is no such language.
    """
    accents = _accents(language)
    variants = _HELD_OUT_VARIANTS if is_held_out else _TRAINED_VARIANTS
    return f"{rng.choice(accents)}+{rng.choice(variants)}"


def _accents(language: str) -> tuple[str, ...]:
    if language not in _VOICES:
        raise MMGTError(f"no presenter speaks {language!r}; there are {', '.join(_VOICES)}")
    return _VOICES[language]


def _side(words: tuple[str, ...], is_held_out: bool) -> tuple[str, ...]:
    num_trained = len(words) - round(len(words) * _HELD_OUT_SHARE)
    return words[num_trained:] if is_held_out else words[:num_trained]


@cache
def _all_words(language: str) -> WordLists:
    _accents(language)
    table = tomllib.loads((files("mmgt_core.synthetic") / "word_lists" / f"{language}.toml").read_text("utf-8"))
    return WordLists(**{name: tuple(words) for name, words in table.items()})
