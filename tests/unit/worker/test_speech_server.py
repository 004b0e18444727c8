"""Laws of speech from a server, asked over a real connection: what is sent, and what is made of every answer."""

import io
import json
import threading
import wave
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.settings import SpeechSettings
from mmgt_core.errors import SpeechUnavailable
from tests.captured_logs import every_line
from tests.speech_server import SECONDS_PER_CHAR, SpeechServer, says, speech_server, tones, unused_url, wav
from worker.speech_server import ask_server

TEXT = "The bridge is older than the town. "
SECRET_WORDS = "Wilhelmina hid the key. "
HTML = b"<!doctype html><title>Wilhelmina</title>"
MP3 = b"ID3\x04" + bytes(600)


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as running:
        yield running


def say(server: SpeechServer | str, text: str = TEXT, **settings: Any) -> bytes:
    url = server if isinstance(server, str) else server.url
    whole = SpeechSettings(**{"url": url, "patience_s": 0, "timeout_s": 10, **settings})
    return ask_server(whole, text, "alloy", "en", lambda *_: None, lambda: None)


def seconds_of(content: bytes) -> float:
    with wave.open(io.BytesIO(content)) as reading:
        return reading.getnframes() / reading.getframerate()


def test_the_request_has_the_shape_of_openais_and_the_operators_words(server: SpeechServer) -> None:
    say(server, model="kokoro", key="hush-hush", language_field="lang_code")

    assert server.asked == [
        {"model": "kokoro", "input": TEXT.strip(), "voice": "alloy", "response_format": "wav", "lang_code": "en"}
    ]
    assert server.headers[0]["authorization"] == "Bearer hush-hush"


def test_no_key_and_no_language_are_sent_where_the_operator_names_none(server: SpeechServer) -> None:
    say(server)

    assert "authorization" not in server.headers[0]
    assert set(server.asked[0]) == {"model", "input", "voice", "response_format"}


def test_a_wav_is_taken_whatever_its_declared_type(server: SpeechServer) -> None:
    server.always = says(tones("hello"), media_type="application/json")

    assert seconds_of(say(server)) == pytest.approx(5 * SECONDS_PER_CHAR)


def test_a_text_longer_than_a_server_takes_is_split_at_sentences_and_joined_whole(server: SpeechServer) -> None:
    text = (TEXT * 143)[:5_000]
    told: list[tuple[int, int]] = []

    content = ask_server(
        SpeechSettings(url=server.url), text, "alloy", None, lambda *part: told.append(part), lambda: None
    )

    spoken = [each["input"] for each in server.asked]
    assert len(spoken) == 2
    assert all(len(part) <= 4096 for part in spoken)
    assert spoken[0].endswith("town.")
    assert " ".join(spoken) == text.strip()
    assert seconds_of(content) == pytest.approx(sum(map(len, spoken)) * SECONDS_PER_CHAR, abs=0.001)
    assert told == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("stated", [0, 0xFFFFFFFF, 0x7FFFFFFF, 2_000_000_000])
def test_a_wav_written_while_it_was_spoken_states_no_length_and_is_whole(server: SpeechServer, stated: int) -> None:
    whole = tones("hello there")
    server.always = says(whole[:40] + stated.to_bytes(4, "little") + whole[44:])

    assert say(server) == whole


def test_what_stands_before_the_samples_is_left_out_whatever_its_length(server: SpeechServer) -> None:
    whole = tones("hello there")
    server.always = says(whole[:12] + b"LIST\x03\0\0\0abc\0" + whole[12:])

    assert say(server) == whole


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (says(HTML, media_type="audio/wav"), "asked for WAV and answered with no sound"),
        (says(json.dumps({"input": SECRET_WORDS}).encode()), "asked for WAV and answered with no sound"),
        (says(MP3, media_type="audio/wav"), "asked for WAV and answered with mp3"),
        (says(b""), "asked for WAV and answered with nothing"),
        (says(tones("hello there")[:-1000]), "it ends after"),
        (says(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16)), "it has no samples"),
        (says(b"RIFF\0\0\0\0WAVEdata\x02\0\0\0\0\0"), "does not say what its samples are"),
        (says(b"RF64\xff\xff\xff\xffWAVE" + bytes(600)), "it is no WAV"),
        (says(b"", 302, Location="http://127.0.0.1:1/"), "answered 302; redirects are not followed"),
        (says(SECRET_WORDS.encode(), 400), "answered 400"),
        (says(b"", 401), "answered 401"),
        (says(b"", 404), "answered 404"),
        (says(b"", 429), "answered 429"),
        (says(b"", 500), "answered 500"),
        (says(b"", 204), "answered 204"),
        (says(bytes(2_000_001)), "longer than 2000000 bytes"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_speech_is_told_in_a_sentence_without_its_words(
    server: SpeechServer, answer: Callable[..., Any], message: str
) -> None:
    server.always = answer

    with pytest.raises(SpeechUnavailable, match=message) as caught:
        say(server, SECRET_WORDS, max_answer_bytes=2_000_000)

    assert "Wilhelmina" not in str(caught.value)
    assert len(server.asked) == 1


def test_an_answer_of_just_the_limit_is_taken(server: SpeechServer) -> None:
    whole = tones("hello")
    server.always = says(whole)

    assert say(server, max_answer_bytes=len(whole)) == whole
    with pytest.raises(SpeechUnavailable, match="longer than"):
        say(server, max_answer_bytes=len(whole) - 1)


def test_parts_that_do_not_fit_together_are_no_speech(server: SpeechServer) -> None:
    server.next.append(says(wav(bytes(9_600), 48_000)))

    with pytest.raises(SpeechUnavailable, match="parts differ"):
        say(server, TEXT * 4, max_chars=100)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_for_a_moment_is_asked_again(server: SpeechServer, status: int) -> None:
    server.next.extend([says(b"", status), says(b"", status)])

    assert seconds_of(say(server, patience_s=5)) > 1
    assert len(server.asked) == 3


def test_a_server_that_refuses_is_not_asked_again(server: SpeechServer) -> None:
    server.always = says(b"", 401)

    with pytest.raises(SpeechUnavailable):
        say(server, patience_s=5)

    assert len(server.asked) == 1


def test_a_server_that_is_down_is_unavailable_and_its_address_is_not_told() -> None:
    with pytest.raises(SpeechUnavailable) as caught:
        say(unused_url())

    assert "127.0.0.1" not in str(caught.value)


def test_a_server_that_takes_too_long_is_unavailable(server: SpeechServer) -> None:
    server.may_answer.clear()

    with pytest.raises(SpeechUnavailable, match=r"no whole answer within 0\.2 s"):
        say(server, timeout_s=0.2)


def test_who_does_not_want_the_speech_any_more_does_not_wait_for_the_server(server: SpeechServer) -> None:
    class NotWanted(Exception):
        pass

    def check() -> None:
        if server.was_asked.is_set():
            raise NotWanted

    server.may_answer.clear()
    settings = SpeechSettings(url=server.url, timeout_s=50, patience_s=0)

    with pytest.raises(NotWanted):
        ask_server(settings, TEXT, "alloy", None, lambda *_: None, check)

    assert not server.may_answer.is_set()


def test_no_line_of_the_log_has_a_word_of_the_text_or_the_key(server: SpeechServer) -> None:
    server.next.extend([says(SECRET_WORDS.encode(), 500), says(HTML)])

    with every_line() as lines, pytest.raises(SpeechUnavailable):
        say(server, SECRET_WORDS, patience_s=5, key="hush-hush")

    assert [line["event"] for line in lines] == ["speech_server_answered", "try_again", "speech_server_answered"]
    assert not any(word in str(lines) for word in ("Wilhelmina", "hid", "hush"))


def test_no_thread_is_left_of_speech_that_came(server: SpeechServer) -> None:
    say(server)

    assert not [thread for thread in threading.enumerate() if thread.name == "speech" and thread.is_alive()]


@pytest.mark.parametrize("url", ["ftp://speech/", "speech.local/v1", "http://ada:secret@speech/v1", "http:///v1"])
def test_an_address_that_nothing_can_be_sent_to_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SpeechSettings(url=url)

    assert "url" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://speech:8880/v1/audio/speech", "http://10.1.2.3/x", "http://[::1]:9/", "https://a.example/x"]
)
def test_any_address_may_be_the_operators(url: str) -> None:
    assert SpeechSettings(url=url).url == url


def test_an_empty_variable_names_no_server() -> None:
    settings = SpeechSettings.model_validate({"url": "", "key": "", "language_field": ""})

    assert settings.url is settings.key is settings.language_field is None
