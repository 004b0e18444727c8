"""Laws of captions files: every arrow becomes a cue, or the file is refused with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmgt_core.captions.cues import Cue
from mmgt_core.captions.webvtt import captions_of, check_within, flattened, read_captions
from mmgt_core.errors import InputCode, InputError

VTT = """WEBVTT - of a talk

NOTE a comment
of two lines

STYLE
::cue { color: yellow }

first
00:01.000 --> 00:02.500 align:start line:0
Tom &amp; <v Ann>Jerry</v>

00:00:02.500 --> 00:00:04.000
- two lines
- of text
"""
SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Tom & Jerry</i> <font color=red>5 < 6</font>{\\an8}

2
00:00:03,000 --> 00:00:04,000
End.
""".replace("\n", "\r\n")


def read(folder: Path, content: str | bytes, max_bytes: int = 1_000_000) -> tuple[tuple[Cue, ...], str]:
    path = folder / "captions"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    captions = read_captions(path, max_bytes)
    return captions.cues, captions.vtt


def test_webvtt_is_carried_as_it_is_and_its_text_is_seen_without_tags(tmp_path: Path) -> None:
    cues, vtt = read(tmp_path, VTT)

    assert vtt == VTT
    assert cues == (
        Cue(1.0, 2.5, "Tom & Jerry", "align:start line:0"),
        Cue(2.5, 4.0, "- two lines\n- of text"),
    )


def test_subrip_becomes_webvtt_with_its_three_tags(tmp_path: Path) -> None:
    cues, vtt = read(tmp_path, SRT)

    assert [cue.text for cue in cues] == ["Tom & Jerry 5 < 6", "End."]
    assert vtt == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>Tom &amp; Jerry</i> 5 &lt; 6\n\n"
        "00:00:03.000 --> 00:00:04.000\nEnd.\n"
    )


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_loses_no_cue(tmp_path: Path, coding: str) -> None:
    cues, _ = read(tmp_path, "WEBVTT\n\n00:01.000 --> 00:01.200\nÄ\n".encode(coding))

    assert [cue.text for cue in cues] == ["Ä"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("WEBVTT\n\n00:01,000 --> 00:02,000\nx\n", "line 3: '00:01,000' is no time such as 00:00:01.000"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", "line 3: it ends at 1.000 s, not after its beginning at 2.000 s"),
        ("WEBVTT\n00:01.000 --> 00:02.000\nx\n", "line 2: an empty line is missing after WEBVTT"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n", "line 3: a time without a text"),
        ("WEBVTT\n\nlost text\nof two lines\n", "line 3: text without a time before it"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n00:03.000 --> 00:04.000\ny\n", "line 5: a time within a text"),
        (
            "WEBVTT\n\n00:03.000 --> 00:04.000\nx\n\n00:01.000 --> 00:02.000\ny\n",
            "line 6: it begins at 1.000 s, before",
        ),
        ("WEBVTT\n\nNOTE only this\n", "no captions are in it"),
        ("1\n00:00:61,000 --> 00:01:02,000\nx\n", "line 2: '00:00:61,000' is no time such as 00:00:01,000"),
        ("1\n00:00:01,000 --> 00:00:02,000\nx\n\nmore\n", "line 5: text without a time before it"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\xe4\n", "line 3: no text in UTF-8"),
        ("1\n00:00:01,000 --> 00:00:02,000\nx\0y\n", "line 3: a byte of value 0"),
        ("WEBVTT\n" + "\n00:01.000 --> 00:02.000\nx\n" * 9, "line 27: more than 8 captions at once"),
        ("WEBVTT\n" + "x" * 200, "it has 207 bytes; the limit is 150"),
    ],
)
def test_a_faulty_file_is_refused_with_its_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    limit = 150 if "207 bytes" in told else 1_000_000

    with pytest.raises(InputError) as caught:
        read(tmp_path, content, limit)

    assert caught.value.code is InputCode.CAPTIONS_FILE_UNREADABLE
    assert str(caught.value).startswith(f"captions_file: {told}")


def test_captions_after_the_end_are_refused(tmp_path: Path) -> None:
    captions = captions_of([Cue(0.0, 1.0, "in"), Cue(4.0, 5.0, "out")])

    check_within(captions, 4.5)
    with pytest.raises(InputError, match=r"'out' begins at 4.000 s; the video ends at 4.000 s"):
        check_within(captions, 4.0)


LINE = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=20).map(
    lambda text: text.replace("{", "(").strip() or "x"
)


DRAWN = st.tuples(st.integers(0, 9_000), st.integers(1, 5_000), st.lists(LINE, min_size=1, max_size=2))


@given(st.lists(DRAWN, min_size=1, max_size=8))
def test_what_is_written_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int, list[str]]]
) -> None:
    cues = tuple(Cue(start / 1000, (start + length) / 1000, "\n".join(lines)) for start, length, lines in sorted(drawn))

    assert read(tmp_path_factory.mktemp("written"), captions_of(cues).vtt)[0] == cues


def test_cues_that_overlap_are_shown_together_by_cues_that_do_not() -> None:
    flat = flattened([Cue(0, 4, "a"), Cue(1, 2, "b"), Cue(5, 6, "c")])

    assert flat == (Cue(0, 1, "a"), Cue(1, 2, "a\nb"), Cue(2, 4, "a"), Cue(5, 6, "c"))
