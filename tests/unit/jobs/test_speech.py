"""Laws of what can be spoken: a named server before eSpeak NG, lists where they are known, the voice that is meant."""

import pytest

from formats import espeak_voices
from formats.espeak_voices import language_meant
from jobs.settings import SpeechSettings
from jobs.speech import Offer, Speaker, is_same, offer_of

URL = "http://speech:8880/v1/audio/speech"


def offer(**settings: object) -> Offer:
    made = offer_of(SpeechSettings.model_validate(settings))
    assert made is not None
    return made


def test_a_server_that_is_named_speaks_and_else_espeak_and_else_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offer(url=URL).speaker is Speaker.SERVER
    assert offer().speaker is Speaker.ESPEAK
    assert offer_of(SpeechSettings(espeak=False)) is None
    monkeypatch.setattr(espeak_voices, "PACKAGE", "there_is_no_such_package")
    assert offer_of(SpeechSettings()) is None


def test_a_servers_voices_are_those_that_its_operator_lists() -> None:
    made = offer(url=URL, voices="af_heart=en-US en-GB, ff_siwis=fr ,zf_xiaobei=zh")

    assert [(voice.id, voice.languages) for voice in made.voices] == [
        ("af_heart", ("en-us", "en-gb")), ("ff_siwis", ("fr",)), ("zf_xiaobei", ("zh",)),
    ]  # fmt: skip
    assert (made.languages, made.default_voice) == (("en-gb", "en-us", "fr", "zh"), "af_heart")


@pytest.mark.parametrize(
    ("voice", "language", "field"),
    [
        (None, None, None), ("ff_siwis", None, None), ("ff_siwis", "fr-CA", None), (None, "en", None),
        ("alloy", None, "voice"), ("FF_SIWIS", None, "voice"), ("ff_siwis", "en", "language"), (None, "de", "language"),
        ("alloy", "de", "voice"),
    ],
)  # fmt: skip
def test_what_is_not_in_a_list_that_is_known_is_at_fault(
    voice: str | None, language: str | None, field: str | None
) -> None:
    fault = offer(url=URL, voices="af_heart=en-US en-GB, ff_siwis=fr").fault_of(voice, language)

    assert (fault and fault[0]) == field


@pytest.mark.parametrize("voices", ["", "alloy, nova=en"])
def test_of_what_nobody_has_listed_nothing_is_at_fault(voices: str) -> None:
    made = offer(url=URL, voices=voices)

    assert made.fault_of("alloy", "xx") is None
    assert made.languages == ()


@pytest.mark.parametrize(
    ("voice", "language", "meant"),
    [
        (None, None, "af_heart"), ("nova", "fr", "nova"), (None, "fr", "ff_siwis"), (None, "fr-BE", "ff_siwis"),
        (None, "de", "af_heart"),
    ],
)  # fmt: skip
def test_the_voice_is_the_chosen_one_else_one_of_the_language_else_the_first(
    voice: str | None, language: str | None, meant: str
) -> None:
    assert offer(url=URL, voices="af_heart=en, ff_siwis=fr, fm_x=fr").voice_for(voice, language) == meant


def test_a_server_without_a_list_is_asked_for_the_voice_that_most_know() -> None:
    assert offer(url=URL).voice_for(None, "de") == "alloy"


def test_espeak_lists_its_voices_and_languages_and_knows_what_it_lists() -> None:
    made = offer()
    folder = espeak_voices.data_folder()
    assert folder is not None
    known = espeak_voices.languages(folder)

    assert len(made.languages) > 100
    assert made.fault_of("f1", "de-AT") is None
    assert made.fault_of("zoe", None) == ("voice", f"voice is 'zoe'; there are {', '.join(espeak_voices.TIMBRES)}")
    prefixes = {"-".join(tag.split("-")[:count]) for tag in made.languages for count in range(1, 5)}
    assert all(language_meant(tag, known) for tag in prefixes if made.fault_of(None, tag) is None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("en", "en-us", True),
        ("EN_us", "en-US", True),
        ("en-us", "en", True),
        ("en-us", "en-gb", False),
        ("e", "en", False),
    ],
)  # fmt: skip
def test_tags_are_the_same_but_for_the_region_that_one_leaves_open(one: str, other: str, same: bool) -> None:
    assert is_same(one, other) is same
