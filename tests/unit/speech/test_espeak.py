"""Laws of eSpeak NG behind its process: real speech, times of every word, and no name but its own files'."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from formats import espeak_voices
from formats.espeak_voices import TIMBRES, data_folder, language_meant, languages
from mmgt_core.errors import SpeechUnavailable, UsageError
from mmgt_core.speech.espeak import speak

TEXT = "One of the men, in 1984, didn't say: “it's over”. Größe überall — yes!"


def samples_of(wav: bytes) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(wav)) as reading:
        assert (reading.getnchannels(), reading.getsampwidth()) == (1, 2)
        return np.frombuffer(reading.readframes(reading.getnframes()), np.int16), reading.getframerate()


def test_a_text_is_spoken_and_every_word_of_it_is_timed_within_the_speech() -> None:
    speech = speak(TEXT)

    samples, rate_hz = samples_of(speech.wav)
    assert speech.words is not None
    assert [each.word for each in speech.words] == TEXT.split()
    assert speech.words[-1].end_s == pytest.approx(len(samples) / rate_hz, abs=1e-3)
    assert np.abs(samples).max() > 3_000


def test_a_word_is_heard_when_it_is_said_to_be() -> None:
    """The silence at a full stop lies just before the word behind it."""
    speech = speak("Stop. Go on now.")

    samples, rate_hz = samples_of(speech.wav)
    assert speech.words is not None
    begins = round(speech.words[1].start_s * rate_hz)
    margin = round(0.05 * rate_hz)
    assert np.abs(samples[begins - 3 * margin : begins - margin]).max() < 300
    assert np.abs(samples[begins : begins + 3 * margin]).max() > 3_000


def test_a_word_of_one_letter_has_its_own_time() -> None:
    long_one, short_one = speak("W I").words or ()

    assert long_one.end_s - long_one.start_s > 1.3 * (short_one.end_s - short_one.start_s)


def test_voices_and_languages_sound_different_and_the_same_words_alike() -> None:
    sounds = [speak("Paris ist nah.", *how).wav for how in (("m1", "en"), ("f2", "en"), ("m1", "de"))]

    assert len(set(sounds)) == 3
    assert speak("Paris ist nah.", "m1", "en").wav == sounds[0]


def test_five_thousand_characters_are_spoken_whole() -> None:
    text = ("The bridge is older than the town beside it. " * 112)[:5_000]

    speech = speak(text)

    assert speech.words is not None
    assert len(speech.words) == len(text.split())
    assert 240 < speech.words[-1].end_s < 480


def test_what_stands_behind_a_zero_is_spoken_too_and_marks_are_only_words() -> None:
    longer, shorter = speak("Hello\0 again and again."), speak("Hello")

    assert len(longer.wav) > 1.5 * len(shorter.wav)
    assert len(speak("[[h@l'oU]] <break time='9s'/> Hello").wav) < 22_050 * 2 * 9


@pytest.mark.parametrize("voice", ["zz", "f9", "../../lang/gmw/de", "f2+f3", "F2"])
def test_only_a_voice_of_the_list_is_passed_on(voice: str) -> None:
    with pytest.raises(UsageError, match="there is no voice"):
        speak("Hello", voice)


@pytest.mark.parametrize("language", ["xx", "../../../etc/passwd", "en/../de", "fo"])
def test_only_a_language_of_its_own_files_is_passed_on(language: str) -> None:
    with pytest.raises(UsageError, match="has no language"):
        speak("Hello", None, language)


def test_speech_that_nobody_wants_any_more_ends_with_the_word_that_says_so() -> None:
    class NotWanted(Exception):
        pass

    def check() -> None:
        raise NotWanted

    with pytest.raises(NotWanted):
        speak("Hello", check=check)


def test_where_espeak_is_not_installed_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_voices, "PACKAGE", "there_is_no_such_package")

    with pytest.raises(SpeechUnavailable, match="extra `speech`"):
        speak("Hello")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "en"), ("en-US", "en-US"), ("EN_us", "en-US"), ("en-gb", "en"), ("zh", "cmn"), ("zh-CN", "cmn"),
        ("no", "nb"), ("pt-BR", "pt-BR"), ("pt-PT", "pt"), ("de-AT", "de"), ("yue", "yue"), ("xx", None), ("", None),
    ],
)  # fmt: skip
def test_a_language_is_meant_by_its_tag_or_by_the_tag_without_its_region(tag: str, name: str | None) -> None:
    folder = data_folder()
    assert folder is not None

    assert language_meant(tag, languages(folder)) == name


def test_every_language_that_is_offered_can_be_spoken_by_a_listed_voice(tmp_path: Path) -> None:
    folder = data_folder()
    assert folder is not None
    names = sorted(set(languages(folder).values()))

    spoken = [speak("1 2 3", TIMBRES[index % len(TIMBRES)], name).wav for index, name in enumerate(names[::9])]

    assert len(names) > 100
    assert all(np.abs(samples_of(each)[0]).max() > 1_000 for each in spoken)
