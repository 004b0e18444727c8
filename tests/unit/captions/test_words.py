"""Laws of the words of a text: each can be shown alone, and together they are the text."""

import pytest

from mmgt_core.captions.words import LINE_WIDTH, Word, width_of, words_of, written


@pytest.mark.parametrize(
    "text",
    [
        "Hello,  my\nfriend.",
        "Stop — or else & no more…",
        "Ich sage: »nein«!",
        "今日は良い天気ですね。散歩しましょう。",
        "x" * 100,
        "ก็ดีนะครับ",
    ],
)
def test_words_together_are_the_text(text: str) -> None:
    assert written(words_of(text)) == " ".join(text.split())


def test_a_mark_that_stands_alone_belongs_to_the_word_before_and_a_sign_that_is_read_aloud_does_not() -> None:
    assert words_of("Stop — it & go") == (Word("Stop —"), Word("it"), Word("&"), Word("go"))


def test_letters_of_scripts_without_spaces_are_words_and_keep_their_marks() -> None:
    assert words_of("天気。good") == (Word("天"), Word("気。", True), Word("good", True))
    assert words_of("ก็ดี") == (Word("ก็"), Word("ดี", True))


def test_no_word_is_wider_than_a_line() -> None:
    assert [width_of(word.text) for word in words_of("y" * 100)] == [LINE_WIDTH, LINE_WIDTH, 100 - 2 * LINE_WIDTH]
    assert width_of("天気") == 4
