"""One square frame for the reference image and its keypoints."""

import tracemalloc

import numpy as np
import pytest

from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import FACE, LEFT_HAND, RIGHT_HAND, Float32Array
from mmgt_core.pose.detector import DetectedPerson
from mmgt_core.pose.framing import (
    CropChoice,
    CropRule,
    SquareFrame,
    choose_frame,
    choose_person,
    crop_image,
    parse_crop,
    to_canvas,
)
from mmgt_core.pose.initial_pose import find_initial_pose
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.types import UInt8Array
from tests.unit.pose.figures import figure
from tests.unit.pose.photographs import NOSE, enlarged, photograph


class Finds:
    """A detector that has already looked at the picture; at a close frame it does not look again."""

    def __init__(self, *people: DetectedPerson) -> None:
        self.people = list(people)

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        return self.people if image.shape[0] != 512 else []


def given(x: int, y: int, side: int) -> CropChoice:
    return CropChoice(CropRule.GIVEN, SquareFrame(x, y, side))


def spot(image: UInt8Array) -> Float32Array:
    """The centre of the light in a dark picture: (2,) x, y."""
    light = image[..., 0].astype(np.float64) ** 2
    rows, columns = np.indices(light.shape)
    return np.array([(columns * light).sum(), (rows * light).sum()], np.float32) / np.float32(light.sum())


def test_auto_none_and_four_numbers_are_read() -> None:
    assert parse_crop("auto") == CropChoice.auto()
    assert parse_crop("none") == CropChoice.none()
    assert parse_crop("10, 20,300,300") == given(10, 20, 300)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("10,20,300,301", "300 x 301"),
        ("0,0,255,255", "255 pixels wide; at least 256"),
        ("0,0,300", "x,y,w,h"),
        ("-1,0,300,300", "x,y,w,h"),
        ("1.5,0,300,300", "x,y,w,h"),
        ("٣,0,300,300", "x,y,w,h"),
        ("", "x,y,w,h"),
        ("centre", "'centre'"),
        ("9" * 500, "x,y,w,h"),
    ],
)
def test_any_other_crop_is_refused_with_its_number(text: str, fact: str) -> None:
    with pytest.raises(InputError, match=fact) as caught:
        parse_crop(text)

    assert caught.value.code is InputCode.CROP_INVALID
    assert len(str(caught.value)) < 150


def test_a_given_frame_beyond_the_picture_is_refused_with_both_sizes() -> None:
    picture = np.zeros((400, 600, 3), np.uint8)

    with pytest.raises(InputError, match="reaches to 610, 320; the image is 600 x 400") as caught:
        find_initial_pose(picture, Finds(figure(300, 200, 100)), given(310, 20, 300))

    assert caught.value.code is InputCode.CROP_INVALID


def test_none_is_the_whole_picture_made_square() -> None:
    person = figure(300, 200, 100)

    assert choose_frame((400, 600), person, CropChoice.none()) == SquareFrame(0, -100, 600)
    assert choose_frame((600, 400), person, CropChoice.none()) == SquareFrame(-100, 0, 600)


@pytest.mark.parametrize(
    ("height", "width", "neck_x", "neck_y", "shoulders"),
    [
        (720, 1280, 400, 250, 200),
        (720, 1280, 90, 250, 200),
        (1280, 720, 360, 500, 220),
        (2160, 3840, 3000, 900, 300),
        (900, 720, 395, 432, 370),
        (300, 280, 140, 120, 60),
    ],
)
@pytest.mark.parametrize("hands", [True, False])
def test_auto_keeps_head_and_hands_and_stays_inside_where_it_can(
    height: int, width: int, neck_x: float, neck_y: float, shoulders: float, hands: bool
) -> None:
    person = figure(neck_x, neck_y, shoulders, hands)

    frame = choose_frame((height, width), person, CropChoice.auto())

    kept = np.concatenate([person.keypoints[FACE], *([person.keypoints[LEFT_HAND]] if hands else [])])[:, :2]
    kept = kept.clip(0, (width, height))
    assert (kept >= (frame.x, frame.y)).all()
    assert (kept <= (frame.x + frame.side, frame.y + frame.side)).all()
    assert frame.y <= max(0, person.keypoints[FACE, 1].min() - 0.25 * shoulders)  # hair
    if frame.side <= min(height, width):
        assert 0 <= frame.x <= width - frame.side
        assert 0 <= frame.y <= height - frame.side


def test_a_frame_is_larger_than_the_short_side_only_for_head_and_hands() -> None:
    size = 900, 720

    with_hands = choose_frame(size, figure(395, 380, 330), CropChoice.auto())
    without = choose_frame(size, figure(395, 380, 330, hands=False), CropChoice.auto())

    assert without == SquareFrame(0, 0, 720)
    assert 720 < with_hands.side <= 900


def test_a_tall_photograph_is_cut_below_and_keeps_room_above_the_brows() -> None:
    person = figure(270, 376, 180, hands=False)

    frame = choose_frame((600, 512), person, CropChoice.auto())

    # Half a shoulder width, which the face's 90 px make 198; rounded to a pixel.
    assert frame.y == pytest.approx(person.keypoints[FACE, 1].min() - 99, abs=1)


def test_a_person_far_away_is_brought_near_but_not_below_256_pixels() -> None:
    assert choose_frame((2160, 3840), figure(1900, 900, 200), CropChoice.auto()).side < 800
    assert choose_frame((2160, 3840), figure(1900, 900, 30), CropChoice.auto()).side == 256


@pytest.mark.parametrize("frame", [SquareFrame(40, 30, 512), SquareFrame(-60, -90, 700), SquareFrame(100, 60, 300)])
def test_crop_and_keypoints_share_one_frame(frame: SquareFrame) -> None:
    picture = np.zeros((480, 560, 3), np.uint8)
    picture[196:205, 246:255] = 255  # around (250, 200)
    keypoints = np.ones((134, 3), np.float32) * (250, 200, 1)

    mapped = to_canvas(keypoints.astype(np.float32), frame)
    cropped = crop_image(picture, frame)

    assert cropped.shape == (512, 512, 3)
    assert spot(cropped) == pytest.approx(mapped[0, :2], abs=0.5)  # half a pixel: resampling
    assert mapped[0, 2] == 1


def test_points_outside_of_the_frame_lose_their_confidence() -> None:
    keypoints = np.ones((134, 3), np.float32)
    keypoints[:5, :2] = [(99, 200), (100, 200), (399, 200), (400, 200), (200, 400)]

    mapped = to_canvas(keypoints, SquareFrame(100, 100, 300))

    assert mapped[:5, 2].tolist() == [0, 1, 1, 0, 0]
    assert keypoints[0, 2] == 1


def test_beyond_the_picture_its_border_is_repeated() -> None:
    picture = np.full((300, 300, 3), 7, np.uint8)
    picture[0] = 200

    cropped = crop_image(picture, SquareFrame(0, -212, 512))

    assert (cropped[:213] == 200).all()
    assert (cropped[213:] == 7).all()


def test_a_huge_frame_shows_the_same_place_as_its_points_without_a_huge_square() -> None:
    picture = np.zeros((12_000, 3_000, 3), np.uint8)
    picture[5_950:6_051, 1_950:2_051] = 255  # around (2000, 6000)
    frame = SquareFrame(-4_500, 0, 12_000)
    keypoints = np.ones((134, 3), np.float32) * (2_000, 6_000, 1)
    tracemalloc.start()

    cropped = crop_image(picture, frame)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert spot(cropped) == pytest.approx(to_canvas(keypoints.astype(np.float32), frame)[0, :2], abs=0.5)
    assert most_bytes < 100_000_000  # the frame itself has 432 MB


def test_a_frame_of_the_canvas_size_is_cut_out_unchanged() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (600, 700, 3), np.uint8)

    assert np.array_equal(crop_image(picture, SquareFrame(50, 20, 512)), picture[20:532, 50:562])


def test_nobody_and_a_body_without_a_face_are_no_person() -> None:
    faceless = figure(300, 200, 100)
    faceless.keypoints[FACE, 2] = 0.1

    for people in ([], [faceless]):
        with pytest.raises(InputError, match="0 people") as caught:
            choose_person(people)
        assert caught.value.code is InputCode.IMAGE_NO_PERSON


@pytest.mark.parametrize(("other", "is_refused"), [(100, True), (75, True), (70, False), (20, False)])
def test_the_largest_must_have_twice_the_next_ones_area(other: float, is_refused: bool) -> None:
    people = [figure(500, 200, other), figure(200, 200, 100)]

    if is_refused:
        with pytest.raises(InputError, match="2 people") as caught:
            choose_person(people)
        assert caught.value.code is InputCode.IMAGE_MULTIPLE_PEOPLE
    else:
        person, warnings = choose_person(people)
        assert person is people[1]
        assert [warning.code for warning in warnings] == ["multiple_people"]
        assert "2 people" in warnings[0].message


def test_a_bystander_without_a_face_does_not_count() -> None:
    bystander = figure(500, 200, 100)
    bystander.keypoints[FACE, 2] = 0

    person, warnings = choose_person([bystander, figure(200, 200, 50)])

    assert person.keypoints[1, 0] == 200
    assert warnings == ()


def test_one_missing_hand_is_named_and_a_square_photograph_is_not_said_to_be_cropped() -> None:
    person = figure(256, 200, 150)
    person.keypoints[RIGHT_HAND, 2] = 0
    picture = np.zeros((600, 600, 3), np.uint8)

    initial = find_initial_pose(picture, Finds(person), CropChoice.none())

    assert [warning.code for warning in initial.warnings] == ["hands_not_visible"]
    assert "the right hand is" in initial.warnings[0].message


def test_the_square_that_is_used_of_another_photograph_is_told() -> None:
    picture = np.zeros((600, 900, 3), np.uint8)

    initial = find_initial_pose(picture, Finds(figure(400, 250, 150)), CropChoice.none())

    assert [warning.code for warning in initial.warnings] == ["image_recropped"]
    assert "900 x 600" in initial.warnings[0].message
    assert "0,-150,900,900" in initial.warnings[0].message


def test_a_hand_that_only_the_first_look_saw_is_kept() -> None:
    first = figure(400, 350, 200)
    second = figure(256, 200, 140, hands=False)

    class LooksTwice:
        def detect(self, image: UInt8Array) -> list[DetectedPerson]:
            return [second] if image.shape[0] == 512 else [first]

    initial = find_initial_pose(np.zeros((800, 800, 3), np.uint8), LooksTwice(), CropChoice.auto())

    assert initial.keypoints[LEFT_HAND, 2].min() == 1
    assert initial.keypoints[FACE] == pytest.approx(second.keypoints[FACE])


@pytest.mark.parametrize("crop", ["auto", "none", "0,0,512,512"])
def test_keypoints_follow_a_photograph_that_is_shifted(detector: LandmarkDetector, crop: str) -> None:
    officer = photograph("naval_officer.jpg")
    shifted = np.pad(officer, ((0, 0), (40, 0), (0, 0)), mode="edge")

    poses = [find_initial_pose(image, detector, parse_crop(crop)) for image in (officer, shifted)]

    (x0, y0), (x1, y1) = (_in_photograph(pose.keypoints, pose.frame) for pose in poses)
    assert x1 - x0 == pytest.approx(40, abs=3)  # the networks see other pixels: 3 are an eighth of an eye
    assert y1 == pytest.approx(y0, abs=3)


@pytest.mark.parametrize("height_and_width", [(2160, 3840), (1500, 700), (700, 1500)])
def test_photographs_of_every_shape_show_the_person_in_the_same_place(
    detector: LandmarkDetector, height_and_width: tuple[int, int]
) -> None:
    height, width = height_and_width
    officer = enlarged(photograph("naval_officer.jpg"), min(height / 600, width / 512))
    down, right = height - officer.shape[0], width - officer.shape[1]
    picture = np.pad(officer, ((0, down), (right // 2, right - right // 2), (0, 0)), mode="edge")

    initial = find_initial_pose(picture, detector, CropChoice.auto())

    factor = officer.shape[1] / 512
    nose = np.array([268, 236]) * factor + (right // 2, 0)
    assert initial.reference_image.shape == (512, 512, 3)
    assert initial.frame.side <= min(height, width)
    found = _in_photograph(initial.keypoints, initial.frame)
    assert np.linalg.norm(found - nose) < 9 * factor  # one iris


def _in_photograph(keypoints: Float32Array, frame: SquareFrame) -> Float32Array:
    """The nose in the photograph's pixels."""
    corner = np.array([frame.x, frame.y], np.float32)
    return (keypoints[NOSE, :2] + 0.5) * np.float32(frame.side / 512) - 0.5 + corner
