"""What is shown when: films whose headers guess, whose clocks begin late, whose first pictures cannot be decoded."""

import itertools

import av
import pytest

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import inspect_driving_video, read_video_frames
from tests.unit.media.flash_films import (
    FLASH_S,
    cut_by_packet_copy,
    flash_and_click_ms,
    flash_film,
    stamped_film,
    with_edit_list,
)

LIMITS = MediaLimits()
FRAGMENTED = [
    "frag_keyframe+empty_moov",
    "frag_keyframe+delay_moov+default_base_moof",
    "cmaf+frag_keyframe",
    "cmaf+frag_keyframe+global_sidx+dash",
    "negative_cts_offsets+frag_keyframe+delay_moov",
    "negative_cts_offsets+frag_every_frame+empty_moov",
    "dash+frag_keyframe",
    "hybrid_fragmented",
]
FLASHES = [
    *(
        ("mp4", "libx264", "aac", 0, {"movflags": flags})
        for flags in ("faststart", "negative_cts_offsets", *FRAGMENTED)
    ),
    ("mp4", "libx264", "aac", 0, {"use_editlist": "0"}),
    ("mp4", "libx265", "aac", 0, {}),
    ("mp4", "mpeg4", "aac", 0, {}),
    ("mp4", "libx264", "aac", 10, {}),
    ("mov", "libx264", "aac", 0, {}),
    ("mov", "mjpeg", "pcm_s16le", 0, {}),
    ("matroska", "libx264", "aac", 3600, {"avoid_negative_ts": "disabled"}),
    ("webm", "libvpx", "libopus", 0, {}),
    ("webm", "libvpx", "libopus", 3600, {"avoid_negative_ts": "disabled"}),
]


@pytest.mark.parametrize(("container", "codec", "sound_codec", "start_s", "options"), FLASHES)
def test_a_flash_and_a_click_made_together_come_out_together(tmp_path, container, codec, sound_codec, start_s, options):
    film = flash_film(
        tmp_path / "film", container, codec=codec, sound_codec=sound_codec, start_s=start_s, muxer_options=options
    )

    flash_ms, click_ms = flash_and_click_ms(film)

    assert flash_ms == 1000 * FLASH_S
    assert click_ms == pytest.approx(flash_ms, abs=25)  # where no edit list states it, the encoder's lead-in of 21 ms
    assert inspect_driving_video(film, LIMITS).num_frames == 50


CUTS = [
    ("mp4", "libx264", "aac", "mp4"),
    ("mp4", "libx264", "aac", "matroska"),
    ("mov", "libx264", "aac", "mov"),
    ("mp4", "libx265", "aac", "mp4"),
    ("mp4", "mpeg4", "aac", "mp4"),
    ("webm", "libvpx", "libopus", "webm"),
]


@pytest.mark.parametrize(("container", "codec", "sound_codec", "cut_container"), CUTS)
def test_a_film_cut_in_the_middle_of_a_group_begins_with_its_first_whole_picture_and_the_sound_of_that_moment(
    tmp_path, container, codec, sound_codec, cut_container
):
    whole = flash_film(tmp_path / "whole", container, codec=codec, sound_codec=sound_codec)
    cut = cut_by_packet_copy(whole, tmp_path / "cut", cut_container, 0.6)

    flash_ms, click_ms = flash_and_click_ms(cut)

    assert flash_ms == 240  # the next group begins at 0.96 s
    assert click_ms == pytest.approx(flash_ms, abs=10)
    assert inspect_driving_video(cut, LIMITS).num_frames == len(list(read_video_frames(cut, LIMITS))) == 26


@pytest.mark.parametrize("from_s", [0.3, 0.48, 0.52])
def test_an_edit_list_that_shows_one_second_of_two_gives_25_frames(tmp_path, from_s):
    film = with_edit_list(flash_film(tmp_path / "film.mp4"), from_s, 1.0)

    flash_ms, click_ms = flash_and_click_ms(film)

    assert inspect_driving_video(film, LIMITS).num_frames == len(list(read_video_frames(film, LIMITS))) == 25
    assert flash_ms == pytest.approx(1000 * (FLASH_S - from_s), abs=21)
    assert click_ms == pytest.approx(1000 * (FLASH_S - from_s), abs=1)


@pytest.mark.parametrize("fps", [15, 24, 30, 60])
def test_frames_are_counted_by_their_stamps_where_a_webm_states_no_rate(tmp_path, fps):
    jitter = itertools.cycle([0, 9, -6, 4, -11])
    stamps_ms = [0, *(round(1000 * index / fps) + next(jitter) % (500 // fps) for index in range(1, 2 * fps))]
    film = stamped_film(tmp_path / "call.webm", stamps_ms)

    with av.open(str(film)) as opened:
        guessed_rate = opened.streams.video[0].guessed_rate
    shown = list(read_video_frames(film, LIMITS))

    assert guessed_rate != fps
    assert len(shown) == inspect_driving_video(film, LIMITS).num_frames == pytest.approx(50, abs=1)
    levels = [frame.mean() for frame in shown[::5]]
    assert levels == pytest.approx([2 * fps * index / 5 for index in range(len(levels))], abs=6)


def test_a_film_of_more_pictures_a_second_than_allowed_is_refused_with_their_number(tmp_path):
    film = stamped_film(tmp_path / "fast.webm", list(range(0, 1000, 2)))

    with pytest.raises(InputError, match=r"^driving_video: 500 frames per second; the limit is 240$"):
        inspect_driving_video(film, LIMITS)


def test_a_film_without_any_picture_that_can_be_decoded_is_refused_with_their_number(tmp_path):
    whole = flash_film(tmp_path / "whole.webm", "webm", codec="libvpx", sound_codec="libopus")
    rest = cut_by_packet_copy(whole, tmp_path / "rest.webm", "webm", 1.96)

    with pytest.raises(InputError, match=r"none of its \d+ pictures can be decoded") as refused:
        inspect_driving_video(rest, LIMITS)

    assert refused.value.code is InputCode.DRIVING_VIDEO_UNREADABLE
