"""The videos of a run are written beside the making of its frames: whole, or not there, and no thread stays."""

import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mmgt_core.errors import Cancelled
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.media.encoders import CAREFUL
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.output_files import Extra, Outputs
from mmgt_core.pipelines.outputs import write_videos
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.types import MaskMotion, PoseSequence, RenderedFrame, UInt8Array, Waveform
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import Place, Surroundings
from tests.unit.media.recordings import SAMPLES

NUM_FRAMES, SIDE = 25, 64
POSES = PoseSequence(np.random.default_rng(0).uniform(100, 400, (NUM_FRAMES, 134, 3)).astype(np.float32))
FRAMES = np.random.default_rng(1).integers(0, 256, (NUM_FRAMES, SIDE, SIDE, 3), np.uint8)
EXTRAS = frozenset({Extra.POSE, Extra.MASKS, Extra.THUMBNAIL, Extra.KEYPOINTS})


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def write(folder: Path, frames: Iterator[UInt8Array], surroundings: Surroundings | None = None) -> Outputs:
    portrait = np.full((CANVAS_SIZE, CANVAS_SIZE, 3), 128, np.uint8)
    inputs = Inputs(
        portrait,
        SquareFrame(0, 0, CANVAS_SIZE),
        POSES.keypoints[0],
        Waveform(np.zeros(NUM_FRAMES * 640, np.float32)),
        SAMPLES / "speech.wav",
        None,
        (),
        surroundings=surroundings,
    )
    outputs = Outputs(folder / "video.mp4", EXTRAS)
    with outputs.unfinished() as staged:
        posed = (RenderedFrame(frame, pose) for frame, pose in zip(frames, POSES.keypoints, strict=True))
        write_videos(posed, inputs, staged, SIDE, MaskMotion.MOVING, CAREFUL)
    return outputs


def test_every_video_has_each_frame_once(tmp_path: Path) -> None:
    outputs = write(tmp_path, iter(FRAMES))

    for path in outputs.videos:
        with av.open(str(path)) as film:
            assert len(list(film.decode(video=0))) == NUM_FRAMES
    assert outputs.path(Extra.THUMBNAIL).is_file()
    assert np.array_equal(np.load(outputs.path(Extra.KEYPOINTS)), POSES.keypoints)


def test_a_framed_video_and_its_thumbnail_show_the_photograph_and_drawings_keep_their_canvas(
    tmp_path: Path,
) -> None:
    photograph = np.full((90, 160, 3), (40, 90, 140), np.uint8)

    outputs = write(tmp_path, iter(FRAMES), Surroundings(Framing.PHOTO, photograph, Place(40, 10, 64, 64)))

    sizes = []
    for path in outputs.videos:
        with av.open(str(path)) as film:
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        sizes.append(frames[0].shape[:2])
        assert len(frames) == NUM_FRAMES
    with Image.open(outputs.path(Extra.THUMBNAIL)) as thumbnail:
        corner, size = thumbnail.getpixel((4, 4)), thumbnail.size
    assert sizes == [(90, 160), (CANVAS_SIZE, CANVAS_SIZE), (CANVAS_SIZE, CANVAS_SIZE)]
    assert (size, np.abs(np.subtract(corner, (40, 90, 140))).max() <= 4) == ((160, 90), True)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, iter(FRAMES)) for name in ("first", "second"))

    assert [path.read_bytes() for path in first.paths] == [path.read_bytes() for path in second.paths]


def test_frames_are_made_in_the_callers_thread_and_written_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers, writers = set(), set()

    def frames() -> Iterator[UInt8Array]:
        for frame in FRAMES:
            makers.add(threading.get_ident())
            yield frame

    def noted(*given: object) -> UInt8Array:
        writers.add(threading.get_ident())
        return np.zeros((CANVAS_SIZE, CANVAS_SIZE, 3), np.uint8)

    monkeypatch.setattr("mmgt_core.pipelines.outputs.draw_pose", noted)
    write(tmp_path, frames())

    assert makers == {threading.get_ident()}
    assert len(writers) == 1
    assert writers.isdisjoint(makers)


@pytest.mark.parametrize("num_frames", [0, 3, 20])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path, num_frames: int) -> None:
    def frames() -> Iterator[UInt8Array]:
        yield from FRAMES[:num_frames]
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write(tmp_path / "results", frames())

    assert not (tmp_path / "results").exists()


def test_an_error_of_the_encoder_reaches_the_caller_and_stops_the_frames(tmp_path: Path) -> None:
    num_made = 0

    def frames() -> Iterator[UInt8Array]:
        nonlocal num_made
        for frame in FRAMES:
            num_made += 1
            yield frame[:-2] if num_made == 2 else frame

    with pytest.raises(ValueError, match="a frame must be"):
        write(tmp_path / "results", frames())

    assert num_made <= 2 + 8
    assert not (tmp_path / "results").exists()
