"""Laws of `mmgt generate --text`: words instead of a recording, and what is said where they cannot be."""

from pathlib import Path

import av
import pytest

from mmgt_core.speech.espeak import speak
from tests.integration.generate.command import generate, record

WORDS = "Good morning."


def test_a_text_becomes_a_video_with_that_speech(tmp_path: Path) -> None:
    finished = generate(tmp_path / "out.mp4", "--text", WORDS, "--voice", "f2", "--language", "en-US")

    assert finished.status == 0, finished.stderr
    speech = speak(WORDS, "f2", "en-US")
    assert speech.words is not None
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.streams.audio
        assert film.streams.video[0].frames == pytest.approx(25 * speech.words[-1].end_s, abs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--text", " …!? "), "--text has neither a letter nor a digit"),
        (("--text", WORDS, "--voice", "zoe"), "there is no voice 'zoe'; there are f1, f2"),
        (("--text", WORDS, "--language", "xx"), "eSpeak NG has no language 'xx'"),
        (("--voice", "f1"), "--voice is of --text, which is missing"),
        (("--language", "en"), "--language is of --text, which is missing"),
        ((), "--audio is missing; only --text or --driving-video can stand for it"),
    ],
)
def test_words_that_cannot_be_spoken_are_refused_by_name(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    finished = generate(tmp_path / "out.mp4", *arguments)

    assert finished.status != 0
    assert message in finished.message
    assert not list(tmp_path.iterdir())


def test_words_and_a_recording_exclude_each_other(tmp_path: Path) -> None:
    finished = generate(tmp_path / "out.mp4", "--text", WORDS, "--audio", record(tmp_path / "speech.wav", 1.0))

    assert (finished.status, "--text and --audio exclude each other" in finished.message) == (2, True)
