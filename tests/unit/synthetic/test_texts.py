"""Laws of what is kept for measuring: words, voices and a language that training never meets."""

import numpy as np
import pytest

from mmgt_core.errors import MMGTError
from mmgt_core.synthetic import clip as synthetic
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.synthetic.texts import HELD_OUT_LANGUAGE, TRAINED_LANGUAGES, choose_voice, sentence, word_lists


@pytest.mark.parametrize("language", TRAINED_LANGUAGES)
def test_training_and_held_out_texts_share_no_part_of_a_sentence(language: str) -> None:
    trained, held_out = word_lists(language, is_held_out=False), word_lists(language, is_held_out=True)

    for one, other in zip(trained.parts, held_out.parts, strict=True):
        assert len(one) >= 8
        assert len(other) >= 4
        assert set(one).isdisjoint(other)


@pytest.mark.parametrize("language", TRAINED_LANGUAGES)
def test_no_held_out_sentence_is_a_training_sentence(language: str) -> None:
    rng = np.random.default_rng(0)
    spoken = [{sentence(word_lists(language, side), rng) for _ in range(300)} for side in (False, True)]

    assert spoken[0].isdisjoint(spoken[1])
    assert len(spoken[0]) > 280


def test_held_out_seeds_have_voices_of_their_own() -> None:
    rng = np.random.default_rng(0)
    variants = [
        {choose_voice("en", side, rng).split("+")[1] for _ in range(300)} for side in (False, True)
    ]  # fmt: skip

    assert variants[0].isdisjoint(variants[1])


def test_a_held_out_clip_speaks_held_out_words() -> None:
    clip = synthetic_clip(FIRST_HELD_OUT_SEED + 5)
    own = word_lists(clip.language, is_held_out=True)
    trained = word_lists(clip.language, is_held_out=False)

    assert any(words in clip.text for words in own.objects)
    assert not any(words in clip.text for words in (*trained.objects, *trained.circumstances))


class LanguageIsDrawnError(Exception):
    """Ends the making of a clip before it is spoken."""


@pytest.mark.parametrize("first_seed", [0, FIRST_HELD_OUT_SEED])
def test_no_seed_draws_the_held_out_language(first_seed: int, monkeypatch) -> None:
    drawn: list[str] = []

    def remember(language: str, *_: object) -> str:
        drawn.append(language)
        raise LanguageIsDrawnError

    monkeypatch.setattr(synthetic, "choose_voice", remember)

    for seed in range(first_seed, first_seed + 300):
        with pytest.raises(LanguageIsDrawnError):
            synthetic_clip(seed)

    assert len(drawn) == 300
    assert set(drawn) == set(TRAINED_LANGUAGES)
    assert HELD_OUT_LANGUAGE not in drawn


def test_the_held_out_language_is_spoken_where_it_is_asked_for() -> None:
    assert synthetic_clip(FIRST_HELD_OUT_SEED, language=HELD_OUT_LANGUAGE).voice.startswith(HELD_OUT_LANGUAGE)


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(MMGTError, match="'xx'; there are en, de"):
        synthetic_clip(1, language="xx")
