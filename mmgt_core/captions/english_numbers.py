"""How English reads figures aloud: "1984" as a year, a number and one by one. Each reading is a tuple of words."""

from itertools import product

Reading = tuple[str, ...]

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GROUPS = ("", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_PLAIN_DIGITS = 15
"""Longer figures are read one by one."""


def readings(figures: str) -> tuple[Reading, ...]:
    """How a number may be said, the likeliest first.

    Args:
        figures: digits, with commas between thousands, a point, an ending: "1,984", "3.14", "21st", "1980s", "1980's".
    """
    number = figures.lower().replace(",", "").replace("'", "")
    for ending in ("st", "nd", "rd", "th"):
        if number.endswith(ending):
            return tuple((*said[:-1], _ordinal(said[-1])) for said in readings(number[:-2]))
    if number.endswith("s"):
        return tuple((*said[:-1], _plural(said[-1])) for said in readings(number[:-1]))
    whole, point, rest = number.partition(".")
    if point:
        return tuple((*said, "point", *_one_by_one(rest)) for said in readings(whole))
    said_as = (*_as_year(whole), *_as_number(whole), _one_by_one(whole), _one_by_one(whole, zero="oh"))
    return tuple(dict.fromkeys(said_as))


def _as_number(digits: str) -> tuple[Reading, ...]:
    if len(digits) > _PLAIN_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return ()
    if int(digits) == 0:
        return (("zero",),)
    size = -(-len(digits) // 3)
    groups = [int(group) for group in _in_threes(digits.zfill(3 * size))]
    said = [_group(group, _GROUPS[size - 1 - index]) for index, group in enumerate(groups) if group]
    return tuple(tuple(word for part in parts for word in part) for parts in product(*said))[:4]


def _in_threes(digits: str) -> list[str]:
    return [digits[start : start + 3] for start in range(0, len(digits), 3)]


def _group(number: int, name: str) -> list[Reading]:
    """Up to three digits and the name of their group, with and without "and"."""
    hundreds, rest = divmod(number, 100)
    ends = (name,) if name else ()
    if not hundreds:
        return [(*_below_hundred(rest), *ends)]
    begins = (_ONES[hundreds], "hundred")
    if not rest:
        return [(*begins, *ends)]
    return [(*begins, *joint, *_below_hundred(rest), *ends) for joint in ((), ("and",))]


def _below_hundred(number: int) -> Reading:
    if number < 20:
        return (_ONES[number],)
    tens, ones = divmod(number, 10)
    return (_TENS[tens], *((_ONES[ones],) if ones else ()))


def _as_year(digits: str) -> tuple[Reading, ...]:
    """ "nineteen eighty four", "nineteen oh five", "nineteen hundred"; none for 2003 and what is no year."""
    if len(digits) != 4 or digits[0] == "0" or digits[1:3] == "00":
        return ()
    first, last = int(digits[:2]), int(digits[2:])
    ends = ("hundred",) if not last else ("oh", _ONES[last]) if last < 10 else _below_hundred(last)
    return ((*_below_hundred(first), *ends),)


def _one_by_one(digits: str, zero: str = "zero") -> Reading:
    return tuple(zero if digit == "0" else _ONES[int(digit)] for digit in digits)


def _ordinal(word: str) -> str:
    return _ORDINALS.get(word) or (f"{word[:-1]}ieth" if word.endswith("y") else f"{word.removesuffix('t')}th")


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word.endswith("x") else f"{word}s"
