"""Laws of a film's caption track: what a player shows is what was written, when it was; the film stays what it was."""

from pathlib import Path

import av
import numpy as np
import pytest

from mmgt_core.media.caption_track import ShownText, three_letters
from mmgt_core.media.provenance import GenerationFacts, read_provenance, sign_video
from mmgt_core.media.signing_identity import ensure_identity
from mmgt_core.media.video_writer import VideoWriter

NUM_FRAMES = 50
TEXTS = (ShownText(0.52, 1.0, "Hello (world) <b> & é\nzweite Zeile"), ShownText(1.2, 9.0, "to the end"))


def film(path: Path, language: str | None = "de", texts: tuple[ShownText, ...] = TEXTS) -> Path:
    with VideoWriter(path, 64, 64, None, NUM_FRAMES, caption_language=language) as writer:
        for number in range(NUM_FRAMES):
            writer.write(np.full((64, 64, 3), number, np.uint8))
        if language is not None:
            writer.add_captions(texts)
    return path


def shown_in(path: Path) -> list[tuple[int, int, str]]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(subtitles=0) if packet.size > 2]
        return [(packet.pts, packet.duration, bytes(packet)[2:].decode()) for packet in packets]


def test_texts_are_shown_as_written_until_the_film_ends(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4")

    assert shown_in(path) == [(520, 480, TEXTS[0].text), (1200, 800, "to the end")]
    with av.open(str(path)) as container:
        (track,) = container.streams.subtitles
        assert (track.codec_context.name, track.language) == ("mov_text", "deu")
        decoded = [line.dialogue for packet in container.demux(track) for line in packet.decode()]
        assert decoded[1:] == [b"to the end"]


def test_what_players_would_take_for_commands_is_shown(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", texts=(ShownText(0, 1, "a {b} c\\N"),))

    with av.open(str(path)) as container:
        decoded = [line.dialogue for packet in container.demux(subtitles=0) for line in packet.decode()]
    assert decoded == ["a (b) c\\\u2060N".encode()]


def test_pictures_are_those_of_the_same_film_without_captions(tmp_path: Path) -> None:
    def pictures(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(video=0)]

    assert pictures(film(tmp_path / "with.mp4")) == pictures(film(tmp_path / "without.mp4", None))


def test_the_index_comes_first_and_the_mark_leaves_the_texts_where_they_were(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4")
    sign_video(path, ensure_identity(tmp_path / "identity"), GenerationFacts("p", True, 1))

    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert read_provenance(path).is_valid
    assert shown_in(path) == [(520, 480, TEXTS[0].text), (1200, 800, "to the end")]


@pytest.mark.parametrize(
    ("tag", "letters"), [("en", "eng"), ("pt-BR", "por"), ("deu", "deu"), ("xx", "und"), ("ZH-Hant", "zho")]
)
def test_languages_are_named_as_the_container_names_them(tag: str, letters: str) -> None:
    assert three_letters(tag) == letters
