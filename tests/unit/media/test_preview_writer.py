"""Laws of the preview: what has been given away plays, at every border, and the whole plays to its real end."""

import io
import tracemalloc
from dataclasses import dataclass

import av
import numpy as np
import pytest

from mmgt_core.errors import InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.preview_writer import UNSIGNED, PreviewWriter
from mmgt_core.media.provenance import read_provenance
from tests.unit.media.recordings import SAMPLES, chirp_at, chirp_start_ms, encode_film, encode_sound

LIMITS = MediaLimits()
SIDE = 64
BLOCK_BYTES = 32_768  # in which Chromium 156 reads an answer that grows


@dataclass(frozen=True)
class Given:
    """A fragment, and the number of frames that had been written when it was given."""

    num_written: int
    content: bytes


@dataclass(frozen=True)
class Seen:
    """What a player finds: grey levels and times of the pictures in s, samples and start of the sound in s."""

    levels: list[float]
    times_s: list[float]
    sound_s: float
    sound_starts_s: float


def level_of(index):
    return 40 + index % 150


def frame_of(index):
    return np.full((SIDE, SIDE, 3), level_of(index), np.uint8)


def preview(num_frames, sound=None, frames=None):
    writer, given = PreviewWriter(SIDE, SIDE, sound, num_frames), []
    for index in range(num_frames):
        content = writer.write(frame_of(index) if frames is None else frames[index])
        if content:
            given.append(Given(index + 1, content))
    writer.close()
    return given


def joined(given):
    return b"".join(each.content for each in given)


def seen(content):
    levels, times_s, num_samples, starts_s = [], [], 0, None
    with av.open(io.BytesIO(content)) as film:
        for frame in film.decode(*film.streams):
            if isinstance(frame, av.VideoFrame):
                levels.append(frame.to_ndarray(format="rgb24").mean())
                times_s.append(frame.time)
            else:
                starts_s = frame.time if starts_s is None else starts_s
                num_samples += frame.samples
    return Seen(levels, times_s, num_samples / 48_000, starts_s)


def boxes_of(content):
    names, at = [], 0
    while at < len(content):
        num_bytes = int.from_bytes(content[at : at + 4], "big")
        names.append(content[at + 4 : at + 8])
        at += num_bytes
    assert at == len(content)
    return names


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    return encode_sound(folder / "speech.flac", chirp_at(1.3, 4.0, 44_100), 44_100, codec="flac", layout="stereo")


@pytest.mark.parametrize("has_sound", [True, False])
def test_every_prefix_that_ends_at_a_border_plays_with_every_picture_at_its_time(speech, has_sound):
    given = preview(85, speech if has_sound else None)

    assert len(given) == 4
    for count in range(1, len(given)):
        found = seen(joined(given[:count]))
        assert found.times_s == pytest.approx([k / 25 for k in range(25 * count)])
        assert found.levels == pytest.approx([level_of(k) for k in range(25 * count)], abs=3)
        if has_sound:
            assert 0 <= 25 * count / 25 - found.sound_s <= 1 / 25


@pytest.mark.parametrize("num_frames", [1, 13, 25, 26, 27, 85])
@pytest.mark.parametrize("has_sound", [True, False])
def test_the_whole_has_every_picture_at_its_time_and_the_sound_to_its_end(speech, num_frames, has_sound):
    found = seen(joined(preview(num_frames, speech if has_sound else None)))

    assert found.times_s == pytest.approx([k / 25 for k in range(num_frames)])
    assert found.levels == pytest.approx([level_of(k) for k in range(num_frames)], abs=3)
    if has_sound:
        assert found.sound_starts_s == 0
        assert 0 <= found.sound_s - num_frames / 25 < 1024 / 48_000  # AAC comes in frames of 1024 samples


def test_a_fragment_is_given_with_the_second_frame_behind_its_second(speech):
    given = preview(85, speech)

    assert [each.num_written for each in given] == [27, 52, 77, 85]


def test_only_the_first_fragment_has_the_head_and_each_ends_where_a_block_does(speech):
    noise = np.random.default_rng(0).integers(
        0, 256, (85, SIDE, SIDE, 3), np.uint8
    )  # larger than any buffer on the way

    *given, last = preview(85, speech, noise)

    assert boxes_of(given[0].content) == [b"ftyp", b"moov", b"moof", b"mdat", b"free"]
    assert all(boxes_of(each.content) == [b"moof", b"mdat", b"free"] for each in given[1:])
    assert [len(each.content) % BLOCK_BYTES for each in given] == [0, 0, 0]
    assert len(given[1].content) > BLOCK_BYTES
    assert boxes_of(last.content) == [b"moof", b"mdat"]


@pytest.mark.parametrize(("rate_hz", "codec", "container"), [(8_000, "pcm_s16le", "wav"), (44_100, "aac", "ipod")])
def test_the_sound_is_in_time_with_the_waveform(tmp_path, rate_hz, codec, container):
    recording = encode_sound(tmp_path / "sound", chirp_at(1.3, 2.0, rate_hz), rate_hz, codec=codec, container=container)
    heard = decode_audio(recording, LIMITS).waveform
    path = tmp_path / "preview.mp4"

    path.write_bytes(joined(preview(heard.num_frames, recording)))

    written = decode_audio(path, LIMITS, field="driving_video").waveform
    assert abs(chirp_start_ms(written.samples) - chirp_start_ms(heard.samples)) <= 1


def test_the_sound_of_a_driving_video_keeps_its_offset(tmp_path):
    driving = encode_film(tmp_path / "driving.mp4", sound=chirp_at(0.4, 0.8, 48_000), sound_start_s=0.2)
    path = tmp_path / "preview.mp4"

    path.write_bytes(joined(preview(25, driving)))

    samples = decode_audio(path, LIMITS, field="driving_video").waveform.samples
    assert chirp_start_ms(samples) == pytest.approx(600, abs=3)  # MP4 counts edits in milliseconds


def test_a_preview_carries_no_mark_and_says_what_it_is(tmp_path, speech):
    path = tmp_path / "preview.mp4"
    path.write_bytes(joined(preview(30, speech)))

    with av.open(str(path)) as film:
        assert film.metadata["comment"] == UNSIGNED
    assert not read_provenance(path).is_present


def test_unreadable_sound_is_told_before_the_first_frame(tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")

    with pytest.raises(InputError):
        PreviewWriter(SIDE, SIDE, broken, 1)


@pytest.mark.parametrize("num_written", [0, 1, 30, 50])
def test_it_can_be_given_up_anywhere(num_written):
    writer = PreviewWriter(SIDE, SIDE, SAMPLES / "speech.wav", 50)
    for index in range(num_written):
        writer.write(frame_of(index))

    writer.close()
    writer.close()


def test_memory_does_not_grow_with_the_length(speech):
    peaks = []
    for num_frames in (50, 500):
        writer = PreviewWriter(SIDE, SIDE, speech, num_frames)
        tracemalloc.start()
        for index in range(num_frames):
            writer.write(frame_of(index))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        writer.close()

    assert peaks[1] < peaks[0] + 2 * BLOCK_BYTES
