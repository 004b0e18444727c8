"""WebVTT and SubRip: a client's captions file is read strictly, with line numbers; cues are written as WebVTT.

Readers of others pass over what they do not understand, and captions vanish without a word. Here each arrow of the file
becomes a cue, or the file is refused.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from mmgt_core.captions.cues import Cue
from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.files import file_bytes

MAX_AT_ONCE = 8
_ARROW = "-->"
_VTT_TIME = re.compile(r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})")
_SRT_TIME = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)[,.](\d{3})")
_HEAD = re.compile(r"WEBVTT(?:[ \t].*)?")
_OTHER_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_TAG = re.compile(r"</?[a-z][^<>\n]*>|<\d[\d:.]*>|\{\\[^{}\n]*\}", re.I)
_KEPT_TAG = re.compile(r"</?[biu]>", re.I)


@dataclass(frozen=True)
class Captions:
    """Cues in order, and the WebVTT file that holds them."""

    cues: tuple[Cue, ...]
    vtt: str


def captions_of(cues: Sequence[Cue]) -> Captions:
    """Cues and the file that is written of them."""
    blocks = [f"{_written(cue.start_s)} --> {_written(cue.end_s)}\n{escaped(cue.text)}\n" for cue in cues]
    return Captions(tuple(cues), "\n".join(["WEBVTT\n", *blocks]))


def escaped(text: str) -> str:
    """Text as WebVTT holds it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_captions(path: Path, max_bytes: int) -> Captions:
    """Read a client's file: WebVTT is carried as it is, SubRip becomes WebVTT with its bold, italic, underlined text.

    Raises:
        InputError: it has a fault; names the line.
    """
    num_bytes = file_bytes(path, InputCode.CAPTIONS_FILE_UNREADABLE)
    if num_bytes > max_bytes:
        _refuse(f"it has {num_bytes} bytes; the limit is {max_bytes}")
    text = _decoded(path.read_bytes())
    lines = text.split("\n")
    is_vtt = _HEAD.fullmatch(lines[0]) is not None
    cues = tuple(_cues(lines, is_vtt))
    if not cues:
        _refuse("no captions are in it: no line with -->")
    _check_order(cues, lines)
    plain = tuple(Cue(cue.start_s, cue.end_s, plain_text(cue.text), cue.settings) for cue in cues)
    if is_vtt:
        return Captions(plain, text)
    blocks = [f"{_written(c.start_s)} --> {_written(c.end_s)}\n{_srt_as_vtt(c.text)}\n" for c in cues]
    return Captions(plain, "\n".join(["WEBVTT\n", *blocks]))


def plain_text(text: str) -> str:
    """What is seen of a cue's text: without tags, entities as the letters that they are."""
    return html.unescape(_TAG.sub("", text))


def check_within(captions: Captions, end_s: float) -> None:
    """Refuse captions that begin when the video is over.

    Raises:
        InputError
    """
    for cue in captions.cues:
        if cue.start_s >= end_s:
            shown = cue.text.split("\n")[0][:40]
            _refuse(f"{shown!r} begins at {cue.start_s:.3f} s; the video ends at {end_s:.3f} s")


def _decoded(content: bytes) -> str:
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(coding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(f"line {line}: no text in UTF-8")
    if "\0" in text:
        _refuse(f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: a byte of value 0")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cues(lines: Sequence[str], is_vtt: bool) -> Iterator[Cue]:
    for number, block in _blocks(lines):
        if is_vtt and number == 1:
            block, number = block[1:], 2
            if not any(_ARROW in line for line in block):
                continue  # the head, with what may follow it
            _refuse("line 2: an empty line is missing after WEBVTT")
        if is_vtt and _OTHER_BLOCK.fullmatch(block[0]) and not any(_ARROW in line for line in block):
            continue
        at = 0 if _ARROW in block[0] else 1
        if at >= len(block) or _ARROW not in block[at]:
            _refuse(f"line {number}: text without a time before it")
        yield _cue(block[at:], number + at, is_vtt)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines that no empty line parts, and the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(block: Sequence[str], number: int, is_vtt: bool) -> Cue:
    start, _, rest = block[0].partition(_ARROW)
    end, _, settings = rest.strip().partition(" ")
    start_s, end_s = (_seconds(text.strip(), number, is_vtt) for text in (start, end))
    if end_s <= start_s:
        _refuse(f"line {number}: it ends at {end_s:.3f} s, not after its beginning at {start_s:.3f} s")
    if len(block) == 1:
        _refuse(f"line {number}: a time without a text")
    for offset, line in enumerate(block[1:], start=1):
        if _ARROW in line:
            _refuse(f"line {number + offset}: a time within a text; an empty line is missing before it")
    return Cue(start_s, end_s, "\n".join(line.strip() for line in block[1:]), settings.strip())


def _seconds(text: str, number: int, is_vtt: bool) -> float:
    pattern, form = (_VTT_TIME, "00:00:01.000") if is_vtt else (_SRT_TIME, "00:00:01,000")
    match = pattern.fullmatch(text)
    if match is None:
        _refuse(f"line {number}: {text[:40]!r} is no time such as {form}")
    hours, minutes, seconds, thousandths = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60_000 + seconds * 1000 + thousandths) / 1000


def _check_order(cues: Sequence[Cue], lines: Sequence[str]) -> None:
    """Each begins no earlier than the one before it, and few are shown at once."""
    arrows = [number for number, line in enumerate(lines, start=1) if _ARROW in line]
    if len(arrows) != len(cues):
        _refuse(f"{len(arrows)} lines have -->, but {len(cues)} captions were found")
    shown: list[Cue] = []
    for number, cue in zip(arrows, cues, strict=True):
        if shown and cue.start_s < shown[-1].start_s:
            _refuse(f"line {number}: it begins at {cue.start_s:.3f} s, before the caption above it")
        shown = [*(each for each in shown if each.end_s > cue.start_s), cue]
        if len(shown) > MAX_AT_ONCE:
            _refuse(f"line {number}: more than {MAX_AT_ONCE} captions at once")


def _srt_as_vtt(text: str) -> str:
    """SubRip's text: three tags are kept, others dropped, and all else is escaped."""
    kept: list[str] = []
    at = 0
    for tag in _TAG.finditer(text):
        kept += [escaped(html.unescape(text[at : tag.start()])), *_KEPT_TAG.findall(tag[0])]
        at = tag.end()
    return "".join([*kept, escaped(html.unescape(text[at:]))])


def _written(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"


def flattened(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """The same text at every moment, by cues of which no two overlap: a film's track can hold no others."""
    ordered = list(cues)
    borders = sorted({moment for cue in ordered for moment in (cue.start_s, cue.end_s)})
    flat: list[Cue] = []
    active: list[Cue] = []
    upcoming = iter(ordered)
    following = next(upcoming, None)
    for start_s, end_s in pairwise(borders):
        active = [cue for cue in active if cue.end_s > start_s]
        while following is not None and following.start_s <= start_s:
            active.append(following)
            following = next(upcoming, None)
        if active:
            flat.append(Cue(start_s, end_s, "\n".join(cue.text for cue in active)))
    return tuple(flat)


def _refuse(message: str) -> NoReturn:
    raise InputError(InputCode.CAPTIONS_FILE_UNREADABLE, message)
