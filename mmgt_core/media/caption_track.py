"""A film's own captions: a track of timed text (3GPP, `mov_text`) that players show, hide and name by its language."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream

_TICK = Fraction(1, 1000)
_STYLES = (
    "[Script Info]\nScriptType: v4.00+\nPlayResX: 384\nPlayResY: 288\n\n[V4+ Styles]\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
    "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, "
    "MarginV, Encoding\nStyle: Default,sans-serif,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n"
    "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
"""What the encoder makes a track's head of; without it the head cannot be written."""
_MAX_TEXT_BYTES = 0xFFFF
_LOST_BY_PLAYERS = str.maketrans({"{": "(", "}": ")", "\\": "\\\u2060"})
"""FFmpeg's players take what stands in braces for a command, and a backslash with the letter behind it; not with a word
joiner between."""
_THREE_LETTERS = {
    "af": "afr", "ar": "ara", "bg": "bul", "bn": "ben", "bs": "bos", "ca": "cat", "cs": "ces", "cy": "cym", "da":
    "dan", "de": "deu", "el": "ell", "en": "eng", "eo": "epo", "es": "spa", "et": "est", "eu": "eus", "fa": "fas",
    "fi": "fin", "fr": "fra", "ga": "gle", "gl": "glg", "gu": "guj", "he": "heb", "hi": "hin", "hr": "hrv", "hu":
    "hun", "hy": "hye", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "ka": "kat", "kk": "kaz", "kn": "kan",
    "ko": "kor", "la": "lat", "lt": "lit", "lv": "lav", "mk": "mkd", "ml": "mal", "mr": "mar", "ms": "msa", "nb":
    "nob", "ne": "nep", "nl": "nld", "nn": "nno", "no": "nor", "pa": "pan", "pl": "pol", "pt": "por", "ro": "ron",
    "ru": "rus", "si": "sin", "sk": "slk", "sl": "slv", "sq": "sqi", "sr": "srp", "sv": "swe", "sw": "swa", "ta":
    "tam", "te": "tel", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd", "uz": "uzb", "vi": "vie", "zh": "zho",
}  # fmt: skip
"""ISO 639-1 to 639-2."""


@dataclass(frozen=True)
class ShownText:
    """Text on the screen from one moment to another, in seconds; no two overlap."""

    start_s: float
    end_s: float
    text: str


def add_caption_stream(container: OutputContainer, language: str) -> SubtitleStream:
    """Add a track to a film that is not begun. Args: language: BCP 47; the file tells its three letters."""
    stream = container.add_stream("mov_text")
    assert isinstance(stream, SubtitleStream)
    stream.codec_context.subtitle_header = _STYLES.encode()
    stream.codec_context.time_base = stream.time_base = _TICK
    stream.metadata["language"] = three_letters(language)
    return stream


def write_captions(
    container: OutputContainer, stream: SubtitleStream, texts: Iterable[ShownText], end_s: float
) -> None:
    """Write a track's texts; gaps between them are filled with nothing by the container.

    The encoder would read braces in a text as commands, and its times are of two units: samples are written here.
    """
    for text in texts:
        start, end = (round(min(moment, end_s) / _TICK) for moment in (text.start_s, text.end_s))
        if end <= start:
            continue
        content = text.text.translate(_LOST_BY_PLAYERS).encode()[:_MAX_TEXT_BYTES].decode(errors="ignore").encode()
        packet = av.Packet(struct.pack(">H", len(content)) + content)
        packet.pts = packet.dts = start
        packet.duration, packet.time_base, packet.stream = end - start, _TICK, stream
        container.mux(packet)


def three_letters(language: str) -> str:
    """A language as ISO 639-2 names it, which is what the container holds; "und" where it is not known.

    Args:
        language: BCP 47: "en", "pt-BR", "deu".
    """
    name = language.lower().split("-")[0]
    return name if len(name) == 3 and name.isascii() and name.isalpha() else _THREE_LETTERS.get(name, "und")
