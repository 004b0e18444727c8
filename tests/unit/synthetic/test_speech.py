"""Laws of synthesised speech: repeatable, timed, and spoken outside of this process."""

import itertools
from pathlib import Path

import pytest

from mmgt_core.errors import MMGTError
from mmgt_core.synthetic.speech import Synthesiser, Utterance, synthesise
from mmgt_core.types import SAMPLE_RATE_HZ

ROOT = Path(__file__).parents[3]
HELLO = Utterance("Hello, my friend, Bob made a map.", "en-us+m3", 160, 50, 50)
MORNING = Utterance("Guten Morgen, wie geht es dir?", "de+f2", 190, 60, 60)


def test_an_utterance_sounds_the_same_whatever_was_said_before() -> None:
    first = synthesise(HELLO)
    synthesise(MORNING)

    assert synthesise(HELLO).samples.tobytes() == first.samples.tobytes()
    assert synthesise(HELLO).phonemes == first.phonemes
    assert Synthesiser().say(HELLO).samples.tobytes() == first.samples.tobytes()


def test_phonemes_follow_each_other_within_the_speech() -> None:
    speech = synthesise(MORNING)

    assert len(speech.phonemes) > 15
    assert all(p.start_s < p.end_s <= q.start_s + 1e-9 for p, q in itertools.pairwise(speech.phonemes))
    assert speech.phonemes[-1].end_s == pytest.approx(len(speech.samples) / SAMPLE_RATE_HZ, abs=2e-3)
    assert {"m", "ɡ"} <= {phoneme.symbol for phoneme in speech.phonemes}


def test_words_begin_where_their_letters_stand_in_the_text() -> None:
    speech = synthesise(HELLO)

    said = {HELLO.text[character:].split()[0]: start_s for character, start_s in speech.word_starts}
    assert list(said) == ["Hello,", "my", "friend,", "Bob", "made", "a", "map."]
    assert list(said.values()) == sorted(said.values())
    first_of_bob = next(p.start_s for p in speech.phonemes if p.symbol.endswith("b") and p.start_s > said["friend,"])
    assert said["Bob"] == pytest.approx(first_of_bob, abs=0.02)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(MMGTError, match="zz\\+m1"):
        synthesise(Utterance("Hello.", "zz+m1", 160, 50, 50))


def test_the_synthesiser_is_never_loaded_into_this_process() -> None:
    synthesise(HELLO)

    assert "espeak" not in Path("/proc/self/maps").read_text()
    sources = [path for path in (ROOT / "mmgt_core").rglob("*.py") if "import espeakng_loader" in path.read_text()]
    assert [path.name for path in sources] == ["espeak_process.py"]
