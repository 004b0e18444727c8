"""Laws of `mmgt generate --captions`: what is said is shown when it is said, in the video and beside it."""

import json
from pathlib import Path

import av
import pytest

from mmgt_core.captions.webvtt import read_captions
from tests.integration.generate.command import generate, record
from tests.spoken_words import spoken

SAID = "The captain asks nobody, and 3 {good} friends nod — twice."
SRT = "1\n00:00:00,100 --> 00:00:00,400\nHello & <i>you</i>\n"


def tracks(path: Path) -> list[tuple[float, str]]:
    """Each text in the film's caption track and when it begins, s."""
    with av.open(str(path)) as film:
        packets = [packet for packet in film.demux(subtitles=0) if packet.size > 2]
        return [(float(packet.pts * packet.time_base), bytes(packet)[2:].decode()) for packet in packets]


def recorded(path: Path, text: str) -> Path:
    """A WAV in which a text is spoken."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_f32le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(spoken(text).samples[None], "flt", "mono")
        frame.sample_rate = 16_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def test_a_transcript_becomes_captions_in_the_video_and_beside_it(tmp_path: Path) -> None:
    clip, audio, out = spoken(SAID), recorded(tmp_path / "said.wav", SAID), tmp_path / "me.mp4"

    done = generate(out, "--audio", audio, "--captions", "vtt", "--transcript", SAID, "--save", "manifest")

    assert done.status == 0, done.stderr
    assert done.stdout.splitlines() == [str(out), str(tmp_path / "me.vtt"), str(tmp_path / "me.manifest.json")]
    cues = read_captions(tmp_path / "me.vtt", 10_000).cues
    assert " ".join(cue.text for cue in cues).split() == SAID.split()
    assert tracks(out) == [(cue.start_s, cue.text.replace("{good}", "(good)")) for cue in cues]
    assert clip.starts_s[0] is not None
    assert cues[0].start_s == pytest.approx(clip.starts_s[0], abs=0.06)
    facts = json.loads((tmp_path / "me.manifest.json").read_text())["captions"]
    assert (facts["timed_by"], facts["words"], facts["aligned_words"]) == ("alignment", 10, 10)
    with av.open(str(out)) as film:
        assert film.streams.subtitles[0].language == "eng"


def test_a_text_in_any_language_is_shown_when_its_speaker_says_it(tmp_path: Path) -> None:
    out = tmp_path / "me.mp4"

    done = generate(out, "--text", "Guten Tag.", "--language", "de", "--captions", "vtt", "--save", "manifest")

    assert done.status == 0, done.stderr
    assert "warning: captions" not in done.stderr
    assert json.loads((tmp_path / "me.manifest.json").read_text())["captions"]["timed_by"] == "speaker"
    assert [text for _, text in tracks(out)] == ["Guten Tag."]


def test_words_that_cannot_be_aligned_are_shown_and_that_is_said(tmp_path: Path) -> None:
    audio = recorded(tmp_path / "said.wav", "Good day.")
    options = ("--captions", "vtt", "--transcript", "Guten Tag.", "--language", "de")

    done = generate(tmp_path / "me.mp4", "--audio", audio, *options)

    assert done.status == 0, done.stderr
    assert "warning: captions: only English can be aligned with its sound, not 'de'" in done.stderr
    assert [text for _, text in tracks(tmp_path / "me.mp4")] == ["Guten Tag."]


def test_a_file_of_ones_own_is_carried_through(tmp_path: Path) -> None:
    captions = tmp_path / "own.srt"
    captions.write_text(SRT)
    audio = record(tmp_path / "speech.wav", 0.5)

    done = generate(tmp_path / "me.mp4", "--audio", audio, "--captions", "vtt", "--captions-file", captions)

    assert done.status == 0, done.stderr
    vtt = (tmp_path / "me.vtt").read_text()
    assert vtt == "WEBVTT\n\n00:00:00.100 --> 00:00:00.400\nHello &amp; <i>you</i>\n"
    assert tracks(tmp_path / "me.mp4") == [(0.1, "Hello & you")]


def test_without_captions_a_video_has_no_track(tmp_path: Path) -> None:
    done = generate(tmp_path / "me.mp4", "--audio", record(tmp_path / "speech.wav", 0.5))

    assert done.status == 0, done.stderr
    with av.open(str(tmp_path / "me.mp4")) as film:
        assert not film.streams.subtitles


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--captions", "vtt"), 2, "--captions vtt needs words: --transcript, --text, or a --captions-file"),
        (("--captions", "vtt", "--transcript", " — "), 2, "--captions vtt needs words"),
        (("--transcript", "Hi"), 2, "--transcript is of --captions vtt, which is missing"),
        (("--captions-file", "{srt}"), 2, "--captions-file is of --captions vtt, which is missing"),
        (
            ("--captions", "vtt", "--transcript", "Hi", "--captions-file", "{srt}"),
            2,
            "--transcript and --captions-file exclude each other",
        ),
        (("--captions", "vtt", "--captions-file", "{bad}"), 3, "captions_file: line 2: '00:00:01' is no time"),
        (("--captions", "vtt", "--captions-file", "{late}"), 3, "captions_file: 'Too late' begins at 9.000 s"),
        (("--captions", "vtt", "--captions-file", "{none}"), 3, "captions_file:"),
        (("--captions", "vtt", "--transcript", "so " * 90), 3, "transcript: 90 words in 0.5 s; at most 14"),
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path: Path, arguments: tuple[str, ...], status: int, message: str) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    texts = {"srt": SRT, "bad": "1\n00:00:01 --> 00:00:02\nx\n", "late": "1\n00:00:09,000 --> 00:00:10,000\nToo late\n"}
    for name, text in texts.items():
        (sources / name).write_text(text)
    audio = record(sources / "speech.wav", 0.5)
    named = [argument.format(**{name: sources / name for name in (*texts, "none")}) for argument in arguments]

    done = generate(tmp_path / "out.mp4", "--audio", audio, *named)

    assert (done.status, message in done.message) == (status, True), done.message
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]
