"""Laws of when words are said: found in English sound to a few hundredths of a second, spread elsewhere, never lost."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.captions import timing
from mmgt_core.captions.cues import Cue
from mmgt_core.captions.spreading import timed
from mmgt_core.captions.timing import CaptionsBeside, CaptionSource, MadeCaptions, TimedBy
from mmgt_core.captions.webvtt import captions_of
from mmgt_core.captions.words import words_of
from mmgt_core.types import SAMPLE_RATE_HZ, Waveform
from tests.spoken_words import HARD_TEXTS, SpokenText, english_clips, joined, spoken

ROOT = Path(__file__).parents[3]


def made(source: CaptionSource, clip: SpokenText) -> MadeCaptions:
    with CaptionsBeside(source, Waveform(clip.samples)) as beside:
        return beside.made()


def errors_s(captions: MadeCaptions, clip: SpokenText) -> list[float]:
    tokens = zip(clip.text.split(), clip.starts_s, strict=True)
    truth = [start for token, start in tokens if any(map(str.isalnum, token)) or token == "&"]
    pairs = zip(captions.words, truth, strict=True)
    return [abs(word.start_s - start_s) for word, start_s in pairs if start_s is not None]


def shown(captions: MadeCaptions) -> list[str]:
    return " ".join(cue.text for cue in captions.captions.cues).split()


@pytest.mark.parametrize("text", [HARD_TEXTS[0], HARD_TEXTS[2], "The quick brown fox jumps over the lazy dog."])
def test_words_are_found_where_they_are_said_also_those_that_no_dictionary_has(text: str) -> None:
    clip = spoken(text)

    captions = made(CaptionSource(text), clip)

    assert captions.timed_by is TimedBy.ALIGNMENT
    assert captions.warning is None
    assert np.median(errors_s(captions, clip)) <= 0.02
    assert shown(captions) == text.split()


@pytest.mark.parametrize("quieter", [50, 2000])
def test_a_quiet_recording_with_silence_of_zeros_is_heard_as_well(quieter: float) -> None:
    clip = spoken("My brother remembers the big map in the afternoon.")
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    quiet = np.concatenate([silence, clip.samples / quieter, silence])
    later = SpokenText(clip.text, quiet, tuple(None if s is None else s + 1 for s in clip.starts_s))

    assert np.median(errors_s(made(CaptionSource(clip.text), later), later)) <= 0.02


def test_a_recording_beyond_a_minute_is_heard_in_pieces() -> None:
    sentence = spoken("The captain imagines a hundred photographs, and nobody ever asks him for one of them.")
    clip = joined([sentence] * 14, pauses_s=0.3)

    captions = made(CaptionSource(clip.text), clip)

    assert len(clip.samples) > 60 * SAMPLE_RATE_HZ
    assert captions.num_aligned == len(captions.words)
    assert np.percentile(errors_s(captions, clip), 90) <= 0.1


def test_other_languages_are_spread_over_what_is_loud_and_that_is_said() -> None:
    clip = spoken("Guten Morgen, wie geht es dir?", voice="de+f2")
    silence = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    late = SpokenText(clip.text, np.concatenate([silence, clip.samples, silence]), clip.starts_s)

    captions = made(CaptionSource(clip.text, "de-AT"), late)

    assert captions.timed_by is TimedBy.LOUDNESS
    assert captions.warning is not None
    assert "only English" in captions.warning.message
    assert "'de-AT'" in captions.warning.message
    assert captions.words[0].start_s == pytest.approx(2, abs=0.1)
    assert captions.words[-1].end_s == pytest.approx(2 + len(clip.samples) / SAMPLE_RATE_HZ, abs=0.4)
    assert shown(captions) == clip.text.split()


def test_a_word_without_a_sound_lies_between_its_neighbours() -> None:
    clip = spoken("Hello my friend.")

    captions = made(CaptionSource("Hello Привет my friend."), clip)

    assert captions.num_aligned == 3
    assert captions.warning is not None
    assert "1 of 4 words" in captions.warning.message
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(captions.words))
    assert all(word.end_s > word.start_s for word in captions.words)


@pytest.mark.parametrize(
    ("process", "problem"),
    [("mmgt_core.no_such_module", "ended with status 1"), ("tests.unit.captions.endless", "took too long")],
)
def test_an_alignment_that_fails_costs_exactness_and_no_word(
    monkeypatch: pytest.MonkeyPatch, process: str, problem: str
) -> None:
    clip = spoken("Hello my friend, good morning.")
    monkeypatch.setattr(timing, "ALIGNMENT_PROCESS", process)
    monkeypatch.setattr(timing, "_LEAST_S", 0.0)

    captions = made(CaptionSource(clip.text), clip)

    assert captions.timed_by is TimedBy.LOUDNESS
    assert captions.warning is not None
    assert problem in captions.warning.message
    assert shown(captions) == clip.text.split()


def test_a_file_of_the_clients_own_is_taken_as_it_is() -> None:
    captions = captions_of([Cue(0, 1, "Hi")])

    taken = made(CaptionSource(file=captions), spoken("Hello."))

    assert (taken.captions, taken.timed_by, taken.warning) == (captions, TimedBy.FILE, None)


def test_speech_around_which_there_are_exact_zeros_is_found_too() -> None:
    clips = english_clips(16)[12::3]  # of which nothing is found without noise over them

    found = [made(CaptionSource(clip.text), clip) for clip in clips]

    assert [captions.num_aligned for captions in found] == [len(captions.words) for captions in found]
    assert [captions.warning for captions in found] == [None] * len(clips)


def test_the_aligner_is_given_no_environment() -> None:
    clip = spoken("Good morning.")

    with CaptionsBeside(CaptionSource(clip.text), Waveform(clip.samples)) as beside:
        assert beside._process is not None
        environment = Path(f"/proc/{beside._process.pid}/environ").read_bytes()
        beside.made()

    assert environment == b""


def test_leaving_ends_the_process() -> None:
    with CaptionsBeside(CaptionSource("Hello."), Waveform(spoken("Hello.").samples)) as beside:
        process = beside._process

    assert process is not None
    assert process.returncode is not None


def test_a_word_that_was_left_no_time_takes_some_of_its_neighbours() -> None:
    words, samples = words_of("one two three"), np.zeros(SAMPLE_RATE_HZ, np.float32)

    one, two, three = timed(words, [(0.2, 0.4), None, (0.42, 0.8)], samples)

    assert two.end_s - two.start_s == pytest.approx(0.08)
    assert (one.start_s, three.end_s) == (0.2, 0.8)
    assert one.end_s == pytest.approx(two.start_s)
    assert three.start_s == pytest.approx(two.end_s)
    first, other, last = timed(words, [None, (0.0, 0.5), (0.5, 1.0)], samples)
    assert (first.start_s, first.end_s) == (0.0, pytest.approx(0.08))
    assert other.start_s == pytest.approx(0.08)
    assert last.start_s == 0.5


def test_words_that_nothing_tells_of_share_the_loud_moments_by_their_width() -> None:
    loud, quiet = np.full(SAMPLE_RATE_HZ, 0.5, np.float32), np.zeros(SAMPLE_RATE_HZ, np.float32)

    first, second = timed(words_of("abc abcdefg"), [None, None], np.concatenate([quiet, loud, quiet, loud]))

    assert (first.start_s, second.end_s) == (1.0, 4.0)
    assert first.end_s == pytest.approx(1 + 2 / 3, abs=0.03)
    assert second.start_s == pytest.approx(1 + 2 / 3, abs=0.03)


def test_the_aligner_is_never_loaded_into_this_process() -> None:
    made(CaptionSource("Hello."), spoken("Hello."))

    assert "pocketsphinx" not in Path("/proc/self/maps").read_text()
    sources = [path for path in (ROOT / "mmgt_core").rglob("*.py") if "pocketsphinx import" in path.read_text()]
    assert [path.name for path in sources] == ["aligning.py"]
