"""Laws of what is shown of inputs before a video is made: it is what was decoded, and frames lie where they will."""

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgt_core.errors import InputWarning
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.types import Waveform
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import surroundings_of
from worker.decoded_looks import NUM_PEAKS, SHOWN_SIDE_PX, frame_of, peaks_of, show
from worker.inspection import Question, inspect

PRESENTERS = Path(__file__).parents[3] / "samples" / "presenters"
HEAD = (700.0, 200.0, 900.0, 450.0)


@pytest.fixture
def inputs() -> Inputs:
    return Inputs(
        reference_image=np.zeros((512, 512, 3), np.uint8),
        crop=SquareFrame(500, 100, 600),
        initial_keypoints=np.zeros((134, 3), np.float32),
        waveform=Waveform(np.zeros(16_000, np.float32)),
        sound=Path("speech.wav"),
        driving_poses=None,
        warnings=(),
    )


def framed(inputs: Inputs, image: np.ndarray, framing: Framing, max_side_px: int) -> Inputs:
    return replace(inputs, surroundings=surroundings_of(image, inputs.crop, HEAD, framing, max_side_px))


def test_a_square_video_shows_its_crop(inputs: Inputs) -> None:
    assert frame_of(inputs) == "500,100,600,600"


@pytest.mark.parametrize(
    ("framing", "wanted"),
    [(Framing.PHOTO, (0, 0, 1600, 900)), (Framing.TALL, (547, 0, 506, 900)), (Framing.EVEN, (350, 0, 900, 900))],
)
@pytest.mark.parametrize("max_side_px", [1920, 480])
def test_a_frame_is_told_in_pixels_of_the_image_however_small_the_video_is(
    inputs: Inputs, framing: Framing, wanted: tuple[int, ...], max_side_px: int
) -> None:
    image = np.zeros((900, 1600, 3), np.uint8)

    told = frame_of(framed(inputs, image, framing, max_side_px))

    assert told is not None
    slack_px = 2 * max(1.0, 1600 / max_side_px)  # videos have even sides
    assert [int(number) for number in told.split(",")] == pytest.approx(wanted, abs=slack_px)


def test_of_an_image_that_is_turned_first_no_frame_is_told(inputs: Inputs) -> None:
    turned = framed(inputs, np.zeros((900, 1600, 3), np.uint8), Framing.PHOTO, 1920)

    assert frame_of(replace(turned, warnings=(InputWarning("image_turned", "upright"),))) is None


def test_a_peak_is_the_loudest_sample_of_its_stretch() -> None:
    samples = np.zeros(NUM_PEAKS * 10, np.float32)
    samples[10], samples[25] = -0.5, 0.25

    peaks = peaks_of(samples)

    assert len(peaks) == NUM_PEAKS
    assert (peaks[0], peaks[1], peaks[2], max(peaks[3:])) == (0.0, 0.5, 0.25, 0.0)


def test_the_picture_is_the_image_made_small(inputs: Inputs) -> None:
    image = np.zeros((1000, 2000, 3), np.uint8)
    image[:, :1000] = (250, 10, 10)  # red on the left

    shown = show(inputs, image, is_heard=True)["picture"]
    jpeg = base64.b64decode(shown["url"].removeprefix("data:image/jpeg;base64,"))
    picture = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    assert (shown["width"], shown["height"]) == (2000, 1000)
    assert picture.shape == (SHOWN_SIDE_PX // 2, SHOWN_SIDE_PX, 3)
    assert picture[192, 100].tolist() == pytest.approx([250, 10, 10], abs=8)  # a JPEG's
    assert picture[192, 700].tolist() == pytest.approx([0, 0, 0], abs=8)


def test_what_was_decoded_is_shown_to_who_asks_and_to_nobody_else() -> None:
    question = Question({"image": str(PRESENTERS / "woman.png"), "audio": str(PRESENTERS / "woman.wav")})

    plain = inspect(question, lambda told: None)
    shown = inspect(replace(question, looks=True), lambda told: None)

    assert plain["frame"] == plain["crop"]
    assert shown == plain | {name: shown[name] for name in ("picture", "waveform")}
    assert max(shown["waveform"]) > 0.1
