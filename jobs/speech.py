"""Whose voices a service has for `text`: those of the server that its operator names, else eSpeak NG's."""

from dataclasses import dataclass
from enum import StrEnum

from formats import espeak_voices
from jobs.settings import SpeechSettings

_USUAL_VOICE = "alloy"
"""Of a server whose voices nobody has listed; most of its shape know the name."""
HOW_TO_HAVE_ONE = (
    "this service has no speech: its operator must set MMGT_SPEECH__URL to a server of OpenAI's shape, or install the "
    "extra `speech` (eSpeak NG); or send audio"
)


class Speaker(StrEnum):
    """What turns text into speech."""

    SERVER = "server"
    ESPEAK = "espeak"


@dataclass(frozen=True)
class Voice:
    """One voice; languages: tags in lower case, none where it speaks all that there are, or nobody knows."""

    id: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """What can be chosen; voices and languages are empty where nobody knows them, and then any will do."""

    speaker: Speaker
    voices: tuple[Voice, ...]
    languages: tuple[str, ...]
    default_voice: str

    def fault_of(self, voice: str | None, language: str | None) -> tuple[str, str] | None:
        """Return the field that is at fault and why; None where it can be spoken so."""
        known = {each.id: each for each in self.voices}
        if voice is not None and known and voice not in known:
            return "voice", f"voice is {voice!r}; there are {_listed(tuple(known))}"
        spoken = known[voice].languages if voice in known and known[voice].languages else self.languages
        if language is not None and spoken and not any(is_same(language, each) for each in spoken):
            whose = f"the voice {voice} speaks" if voice in known and known[voice].languages else "there are"
            return "language", f"language is {language!r}; {whose} {_listed(spoken)}"
        return None

    def voice_for(self, voice: str | None, language: str | None) -> str:
        """Return the voice that was chosen, else the first that speaks the language, else the default."""
        if voice is not None or language is None:
            return voice or self.default_voice
        fits = (each.id for each in self.voices if any(is_same(language, tag) for tag in each.languages))
        return next(fits, self.default_voice)


def offer_of(settings: SpeechSettings) -> Offer | None:
    """Return what the service can speak; None where it cannot."""
    if settings.url is not None:
        voices = tuple(_voice(words) for words in settings.voices.split(",") if words.strip())
        languages = tuple(sorted({tag for voice in voices for tag in voice.languages}))
        is_told = all(voice.languages for voice in voices)
        return Offer(Speaker.SERVER, voices, languages if is_told else (), voices[0].id if voices else _USUAL_VOICE)
    folder = espeak_voices.data_folder() if settings.espeak else None
    if folder is None:
        return None
    languages = tuple(espeak_voices.languages(folder))
    voices = tuple(Voice(name) for name in espeak_voices.TIMBRES)
    return Offer(Speaker.ESPEAK, voices, languages, espeak_voices.DEFAULT_TIMBRE)


def is_same(asked: str, spoken: str) -> bool:
    """Whether two tags are one, or one is the other without its region: who speaks en-US speaks en, and vice versa."""
    one, other = (tag.lower().replace("_", "-").split("-") for tag in (asked, spoken))
    return all(a == b for a, b in zip(one, other, strict=False))


def _voice(words: str) -> Voice:
    name, _, tags = words.partition("=")
    return Voice(name.strip(), tuple(tags.lower().split()))


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:20])
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more at GET /v1/voices"
