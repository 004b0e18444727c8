"""The default detector on photographs; places are what a person reads off the picture, in its pixels."""

from pathlib import Path

import numpy as np
import pytest

from mmgt_core.errors import InputCode, InputError, WeightsError
from mmgt_core.keypoints import FACE, LEFT_HAND, LIPS, NUM_KEYPOINTS, RIGHT_HAND, SHOULDERS, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.framing import CropChoice, choose_person
from mmgt_core.pose.initial_pose import find_initial_pose
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.pose.litert import LiteRTNetwork, carried_network
from tests.unit.pose.photographs import (
    CHIN,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    LEFT_WRIST,
    NOSE,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
    RIGHT_WRIST,
    enlarged,
    photograph,
)

ON_THE_FACE_PX = 9
"""About one iris in the portraits: a point further off is seen to be wrong."""
ON_A_FINGER_PX = 16
"""About one finger's width in the portrait."""
NOISE = 40.0
"""Standard deviation in grey levels: a night picture at full sensitivity."""


@pytest.fixture(scope="module")
def president(detector: LandmarkDetector) -> Float32Array:
    """Keypoints in the photograph's 720 x 900 pixels."""
    return detector.detect(photograph("official_portrait.jpg"))[0].keypoints


@pytest.mark.parametrize(
    ("name", "places"),
    [
        (
            "official_portrait.jpg",
            {
                RIGHT_EYE: (350, 170),
                LEFT_EYE: (436, 169),
                NOSE: (393, 213),
                RIGHT_MOUTH_CORNER: (347, 255),
                LEFT_MOUTH_CORNER: (438, 254),
                CHIN: (391, 335),
            },
        ),
        (
            "naval_officer.jpg",
            {
                RIGHT_EYE: (219, 190),
                LEFT_EYE: (308, 187),
                NOSE: (268, 236),
                RIGHT_MOUTH_CORNER: (232, 279),
                LEFT_MOUTH_CORNER: (304, 276),
                CHIN: (270, 335),
            },
        ),
        ("portrait.png", {RIGHT_EYE: (203, 101), LEFT_EYE: (248, 103), NOSE: (222, 126), CHIN: (220, 177)}),
    ],
)
def test_the_points_of_a_face_lie_on_it(
    detector: LandmarkDetector, name: str, places: dict[int, tuple[float, float]]
) -> None:
    person = detector.detect(photograph(name))[0]

    for index, place in places.items():
        assert np.linalg.norm(person.keypoints[index, :2] - place) < ON_THE_FACE_PX, index
    assert person.has_face


def test_lips_lie_between_the_corners_of_the_mouth_and_above_the_chin(president: Float32Array) -> None:
    lips = president[LIPS, :2]

    assert lips[:, 0].min() > 347 - ON_THE_FACE_PX
    assert lips[:, 0].max() < 438 + ON_THE_FACE_PX
    assert 235 < lips[:, 1].min() < lips[:, 1].max() < 300


def test_each_finger_tip_of_the_open_hand_lies_on_its_finger(president: Float32Array) -> None:
    tips = president[RIGHT_HAND, :2][[8, 12, 16, 20]]

    distances = np.linalg.norm(tips - [(546, 612), (577, 632), (582, 656), (566, 690)], axis=1)
    assert distances.max() < ON_A_FINGER_PX
    assert president[RIGHT_HAND, 2].min() > VISIBLE


def test_the_hand_of_which_only_the_back_is_seen_is_found_where_it_is(president: Float32Array) -> None:
    hand = president[LEFT_HAND]

    assert hand[:, 2].min() > VISIBLE
    assert (hand[:, :2] > (140, 668)).all()
    assert (hand[:, :2] < (290, 795)).all()


def test_arms_end_where_their_hands_begin_and_left_is_not_right(president: Float32Array) -> None:
    right_shoulder, left_shoulder = president[list(SHOULDERS), 0]

    assert right_shoulder < left_shoulder  # of the person, who faces us
    assert president[RIGHT_WRIST] == pytest.approx(president[RIGHT_HAND.start])
    assert president[LEFT_WRIST] == pytest.approx(president[LEFT_HAND.start])
    assert president[LEFT_WRIST, 0] < president[RIGHT_WRIST, 0]  # the arms are crossed


def test_a_mirrored_photograph_gives_the_mirrored_person(detector: LandmarkDetector, president: Float32Array) -> None:
    image = photograph("official_portrait.jpg")

    mirrored = detector.detect(np.ascontiguousarray(image[:, ::-1]))[0].keypoints

    back = mirrored * (-1, 1, 1) + (image.shape[1] - 1, 0, 0)
    for index, other in ((NOSE, NOSE), (LEFT_EYE, RIGHT_EYE), (CHIN, CHIN)):
        assert np.linalg.norm(back[index, :2] - president[other, :2]) < ON_THE_FACE_PX
    for part, other in ((LEFT_HAND, RIGHT_HAND), (RIGHT_HAND, LEFT_HAND)):
        apart = np.linalg.norm(back[part, :2].mean(axis=0) - president[other, :2].mean(axis=0))
        assert apart < 3 * ON_A_FINGER_PX  # the networks are not symmetric; the hands are 300 px apart
        assert mirrored[part, 2].min() > VISIBLE


@pytest.mark.parametrize("factor", [0.5, 4.0])
def test_keypoints_scale_with_the_picture(detector: LandmarkDetector, president: Float32Array, factor: float) -> None:
    image = enlarged(photograph("official_portrait.jpg"), factor)

    keypoints = detector.detect(image)[0].keypoints

    back = (keypoints[:, :2] + 0.5) / factor - 0.5
    apart = np.linalg.norm(back - president[:, :2], axis=1)
    assert apart[FACE].max() < ON_THE_FACE_PX
    assert apart[RIGHT_HAND].mean() < ON_A_FINGER_PX
    assert apart[list(SHOULDERS)].max() < 0.03 * 720  # shoulders under cloth have no sharp place


def test_the_noise_of_a_large_sensor_does_not_hide_the_person(
    detector: LandmarkDetector, president: Float32Array
) -> None:
    image = enlarged(photograph("official_portrait.jpg"), 3.0)
    noise = np.random.default_rng(0).standard_normal(image.shape, np.float32) * NOISE
    noisy = (image + noise).clip(0, 255).astype(np.uint8)

    (person,) = detector.detect(noisy)  # nobody, where few of so many pixels are looked at

    back = (person.keypoints[:, :2] + 0.5) / 3.0 - 0.5
    assert np.linalg.norm(back - president[:, :2], axis=1)[FACE].max() < ON_THE_FACE_PX


@pytest.mark.parametrize("name", ["portrait.png", "naval_officer.jpg"])
def test_hands_out_of_the_picture_are_not_seen_and_a_warning_says_so(detector: LandmarkDetector, name: str) -> None:
    initial = find_initial_pose(photograph(name), detector, CropChoice.auto())

    warning = next(warning for warning in initial.warnings if warning.code == "hands_not_visible")
    assert "both hands" in warning.message
    assert initial.keypoints[LEFT_HAND, 2].max() < VISIBLE
    assert initial.keypoints[RIGHT_HAND, 2].max() < VISIBLE


def test_a_picture_without_a_person_is_refused(detector: LandmarkDetector) -> None:
    rows, columns = np.mgrid[0:400, 0:600]
    landscape = np.stack([rows // 2, columns // 3, 255 - rows // 2], axis=-1).astype(np.uint8)

    with pytest.raises(InputError, match="0 people") as caught:
        find_initial_pose(landscape, detector, CropChoice.auto())

    assert caught.value.code is InputCode.IMAGE_NO_PERSON


def test_two_equally_large_people_are_refused(detector: LandmarkDetector) -> None:
    officer = photograph("naval_officer.jpg")
    pair = np.concatenate([officer, officer[:, ::-1]], axis=1)

    with pytest.raises(InputError, match=r"2 people, the largest 1\.\d times") as caught:
        choose_person(detector.detect(pair))

    assert caught.value.code is InputCode.IMAGE_MULTIPLE_PEOPLE


def test_of_two_people_the_clearly_larger_one_is_used_with_a_warning(detector: LandmarkDetector) -> None:
    officer = photograph("naval_officer.jpg")
    small = enlarged(officer, 0.5)
    beside = np.full((600, small.shape[1], 3), officer[0, -1], np.uint8)
    beside[-small.shape[0] :] = small
    pair = np.concatenate([officer, beside], axis=1)

    initial = find_initial_pose(pair, detector, CropChoice.auto())

    assert "multiple_people" in [warning.code for warning in initial.warnings]
    nose_x = (initial.keypoints[NOSE, 0] + 0.5) * initial.frame.side / 512 - 0.5 + initial.frame.x
    assert nose_x == pytest.approx(268, abs=ON_THE_FACE_PX)


def test_the_detector_is_deterministic(detector: LandmarkDetector, president: Float32Array) -> None:
    again = detector.detect(photograph("official_portrait.jpg"))[0].keypoints

    assert again.shape == (NUM_KEYPOINTS, 3)
    assert np.array_equal(again, president)


def test_a_network_that_the_package_does_not_carry_is_named() -> None:
    with pytest.raises(WeightsError, match=r"pose_detection/absent\.tflite.*pip install"):
        carried_network("pose_detection/absent")


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"not a network" * 10)

    with pytest.raises(WeightsError, match=r"broken\.tflite"):
        LiteRTNetwork(path)
