"""How an English word sounds to the aligner: by its dictionary, else by figures read aloud, by parts, or by letters."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice, product

from mmgt_core.captions.english_numbers import readings

Lookup = Callable[[str], str | None]
"""From a word in lower case to its phones with spaces between; None where it is not known."""

MAX_PRONUNCIATIONS = 8
_MAX_LETTERS = 64
_PART = re.compile(
    r"\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th|'?s)?(?![^\W\d_])|\d+|[^\W\d_]+(?:'[^\W\d_]+)*'?|[&%+=@#$€£]", re.I
)
_SIGNS = {
    "&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "#": "number", "$": "dollars", "€": "euros",
    "£": "pounds",
}  # fmt: skip
_MONEY = "$€£"
_CENTS = re.compile(r"(\d[\d,]*)\.(\d\d)$")
_VOICELESS, _HISSING = frozenset({"P", "T", "K", "F", "TH"}), frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_SOUNDS = {
    "tion": "SH AH N", "sion": "ZH AH N", "ough": "AO", "eigh": "EY", "igh": "AY", "tch": "CH", "sch": "SH",
    "dge": "JH", "ch": "CH", "sh": "SH", "ph": "F", "th": "TH", "wh": "W", "ck": "K", "qu": "K W", "ng": "NG",
    "gh": "G", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oi": "OY", "oy": "OY", "ai": "EY",
    "ay": "EY", "au": "AO", "aw": "AO", "ei": "AY", "ie": "IY", "ew": "UW", "oa": "OW", "ue": "UW", "ar": "AA R",
    "er": "ER", "ir": "ER", "or": "AO R", "ur": "ER", "ce": "S", "ci": "S IH", "cy": "S IY", "a": "AE", "b": "B",
    "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L",
    "m": "M", "n": "N", "o": "OW", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W",
    "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
"""What letters mostly sound like; the longest group that fits comes first."""
_LONGEST_GROUP = max(map(len, _SOUNDS))
_LEAST_COMPOUND = 3
"""Letters of each half of a word that is two words."""


def dictionary_word(text: str, lookup: Lookup) -> str | None:
    """The word itself as the dictionary has it, marks around it left out; None where it has not."""
    plain = _plain(text).lower()
    if any(map(str.isdigit, plain)):
        return None
    for word in (plain.strip("\"'“”‘«»()[]¿¡…!?,;:–—*_"), "".join(re.findall(r"[a-z'.-]", plain)).strip("-.")):
        if word and word.isascii() and len(word) <= _MAX_LETTERS and re.fullmatch(r"[a-z][a-z'.-]*", word):
            for spelled in (word, word.rstrip(".")):
                if lookup(spelled) is not None:
                    return spelled
    return None


def pronunciations(text: str, lookup: Lookup) -> tuple[str, ...]:
    """How a word that the dictionary lacks may sound; empty where nothing in it can be read aloud."""
    plain = _plain(text)
    parts = _PART.findall(plain)[:_MAX_LETTERS]
    if any(part in _MONEY for part in parts):
        parts = _money_last(parts)
    sounds = [found for part in parts if (found := _sounds_of(part, lookup))]
    if not sounds:
        return ()
    joined = (" ".join(chosen) for chosen in islice(product(*sounds), MAX_PRONUNCIATIONS))
    return tuple(dict.fromkeys(joined))


def _plain(text: str) -> str:
    """Without accents, with the apostrophe and the letters that the dictionary has."""
    straight = text.replace("’", "'").replace("ß", "ss").replace("æ", "ae").replace("ø", "o").replace("œ", "oe")
    return "".join(letter for letter in unicodedata.normalize("NFKD", straight) if not unicodedata.combining(letter))


def _money_last(parts: list[str]) -> list[str]:
    """ "$", "5.50" as it is said: five dollars fifty."""
    ordered: list[str] = []
    waiting = ""
    for part in parts:
        if part in _MONEY:
            waiting = part
        elif waiting and (cents := _CENTS.match(part)):
            ordered += [cents[1], waiting, *([] if cents[2] == "00" else [cents[2]])]
            waiting = ""
        else:
            ordered += [part, waiting] if waiting else [part]
            waiting = ""
    return [*ordered, waiting] if waiting else ordered


def _sounds_of(part: str, lookup: Lookup) -> list[str]:
    if part in _SIGNS:
        return list(filter(None, [lookup(_SIGNS[part])]))
    if part[0].isdigit():
        return [" ".join(_word_sound(word, lookup) for word in said) for said in readings(part)]
    word = part.lower().strip("'")
    if not word.isascii():
        return []
    sound = lookup(word)
    if sound is None and len(part) > 1 and part.removesuffix("s").isupper():
        plural = " Z" if part.endswith("s") else ""
        return [_spelled(part.removesuffix("s").lower(), lookup) + plural, _word_sound(word, lookup)]
    return [sound or _word_sound(word, lookup)]


def _word_sound(word: str, lookup: Lookup) -> str:
    """A word's phones: known, of a known word with an ending, of two known ones, or by its letters."""
    known = lookup(word)
    if known is not None:
        return known
    for ending in ("'s", "s'", "s"):
        if word.endswith(ending) and (stem := lookup(word.removesuffix(ending))) is not None:
            return f"{stem} {_s_after(stem.split()[-1])}"
    return next(_compounds(word, lookup), None) or _by_letters(word)


def _s_after(phone: str) -> str:
    return "IH Z" if phone in _HISSING else "S" if phone in _VOICELESS else "Z"


def _compounds(word: str, lookup: Lookup) -> Iterator[str]:
    for cut in range(len(word) - _LEAST_COMPOUND, _LEAST_COMPOUND - 1, -1):
        first, second = lookup(word[:cut]), lookup(word[cut:])
        if first is not None and second is not None:
            yield f"{first} {second}"


def _spelled(word: str, lookup: Lookup) -> str:
    named = (lookup("a(2)" if letter == "a" else letter) for letter in word if letter.isalpha())
    return " ".join(filter(None, named))


def _by_letters(word: str) -> str:
    letters = "".join(letter for letter in word if letter in _SOUNDS)
    if len(letters) > 3 and letters.endswith("e") and letters[-2] not in "aeiou":
        letters = letters[:-1]  # it is silent
    sounds: list[str] = []
    at = 0
    while at < len(letters):
        size = next(size for size in range(_LONGEST_GROUP, 0, -1) if letters[at : at + size] in _SOUNDS)
        if at == 0 or letters[at] != letters[at - 1] or size > 1:  # a doubled letter is said once
            sounds.append(_SOUNDS[letters[at : at + size]])
        at += size
    return " ".join(sounds)
