"""A portrait moved along its bones: nothing is lost at rest, limbs land where keypoints say, in a fixed order."""

import numpy as np
import pytest

from mmgt_core.keypoints import FACE, LEFT_HAND, RIGHT_HAND, Float32Array
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.puppet.skeleton import in_picture
from mmgt_core.types import UInt8Array
from tests.unit.puppet.presenters import SIDE, Drawn, drawn, psnr

ELBOW, WRIST = 6, 7
GREEN, RED, BLUE = (0, 255, 0), (255, 0, 0), (0, 0, 255)
SEEDS = range(900200, 900204)


@pytest.fixture(scope="module")
def matte() -> PersonMatte:
    return PersonMatte()


@pytest.fixture(scope="module")
def presenters() -> list[Drawn]:
    return [drawn(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def presenter(presenters: list[Drawn]) -> Drawn:
    return presenters[1]


def painted(picture: UInt8Array, point: Float32Array, colour: tuple[int, int, int], radius: float) -> UInt8Array:
    rows, columns = np.indices(picture.shape[:2])
    is_near = np.hypot(columns - point[0], rows - point[1]) <= radius
    return np.where(is_near[..., None], np.array(colour, np.uint8), picture)


def middle_of(picture: UInt8Array, colour: tuple[int, int, int]) -> Float32Array:
    """Centre of what has a colour, x and y; NaN where nothing has."""
    is_alike = np.abs(picture.astype(int) - colour).max(axis=-1) < 80
    rows, columns = np.nonzero(is_alike)
    return np.array([columns.mean(), rows.mean()]) if len(rows) else np.full(2, np.nan)


def turned(keypoints: Float32Array, joints: list[int], around: int, degrees: float) -> Float32Array:
    angle, moved = np.deg2rad(degrees), keypoints.copy()
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = keypoints[around, :2]
    moved[joints, :2] = (keypoints[joints, :2] - centre) @ turn.T + centre
    return moved


def test_in_its_own_pose_a_portrait_is_itself(presenters: list[Drawn], matte: PersonMatte) -> None:
    found = [
        psnr(Puppet.of(each.picture, each.keypoints[0], matte).moved(each.keypoints[0]), each.picture)
        for each in presenters
    ]

    assert np.mean(found) >= 40
    assert min(found) >= 39


def test_in_other_poses_it_is_nearer_to_the_truth_than_standing_still(
    presenters: list[Drawn], matte: PersonMatte
) -> None:
    for each in presenters:
        puppet = Puppet.of(each.picture, each.keypoints[0], matte)
        poses = each.keypoints[[20, 35, 49]]
        moved, still = (
            np.mean([psnr(picture, each.frame(pose)) for pose, picture in zip(poses, pictures, strict=True)])
            for pictures in ([puppet.moved(pose) for pose in poses], [each.picture] * 3)
        )

        assert moved > still + 5


@pytest.mark.parametrize("degrees", [-70.0, 60.0])
def test_a_turned_forearm_lands_where_its_keypoints_are(presenter: Drawn, matte: PersonMatte, degrees: float) -> None:
    own = presenter.keypoints[0]
    middle = in_picture(own, SIDE)[[ELBOW, WRIST]].mean(axis=0)
    marked = painted(presenter.picture, middle, GREEN, 3)
    pose = turned(own, [WRIST, *range(LEFT_HAND.start, LEFT_HAND.stop)], ELBOW, degrees)

    found = Puppet.of(marked, own, matte).moved(pose)

    expected = in_picture(pose, SIDE)[[ELBOW, WRIST]].mean(axis=0)
    assert np.linalg.norm(expected - middle) > 10
    assert middle_of(found, GREEN) == pytest.approx(expected, abs=1.5)


def test_where_an_arm_lay_there_is_no_arm_any_more(presenter: Drawn, matte: PersonMatte) -> None:
    own = presenter.keypoints[0]
    points = in_picture(own, SIDE)
    marked = presenter.picture
    for share in np.linspace(0.2, 0.8, 7):
        marked = painted(marked, points[ELBOW] + share * (points[WRIST] - points[ELBOW]), GREEN, 4)
    puppet = Puppet.of(marked, own, matte)

    away = puppet.moved(turned(own, [WRIST, *range(LEFT_HAND.start, LEFT_HAND.stop)], ELBOW, 150))

    is_green = np.abs(away.astype(int) - GREEN).max(axis=-1) < 80
    rows, columns = np.indices(is_green.shape)
    middle = points[[ELBOW, WRIST]].mean(axis=0)
    assert is_green.any()
    assert not is_green[np.hypot(columns - middle[0], rows - middle[1]) < 5].any()


def test_the_left_hand_is_before_the_right_one_and_both_before_the_trunk(presenter: Drawn, matte: PersonMatte) -> None:
    own = presenter.keypoints[0]
    marked = presenter.picture
    for hand, colour in ((RIGHT_HAND, BLUE), (LEFT_HAND, RED)):
        for point in in_picture(own, SIDE)[hand]:
            marked = painted(marked, point, colour, 2)
    puppet, pose = Puppet.of(marked, own, matte), own.copy()
    chest = own[[2, 5], :2].mean(axis=0) + np.array([0, 40])
    for hand in (RIGHT_HAND, LEFT_HAND):
        pose[hand, :2] += chest - own[hand, :2].mean(axis=0)

    found = puppet.moved(pose)
    pose[LEFT_HAND, 2] = 0
    without = puppet.moved(pose)

    x, y = np.rint(in_picture(pose, SIDE)[LEFT_HAND].mean(axis=0)).astype(int)
    assert np.abs(found[y, x].astype(int) - RED).max() < 60
    assert np.abs(without[y, x].astype(int) - BLUE).max() < 60


def test_the_same_portrait_and_pose_give_the_same_picture(presenter: Drawn, matte: PersonMatte) -> None:
    first, second = (
        Puppet.of(presenter.picture, presenter.keypoints[0], matte).moved(presenter.keypoints[30]) for _ in range(2)
    )

    assert np.array_equal(first, second)


def test_a_mouth_opens_and_eyes_shut_where_the_pose_says(presenter: Drawn, matte: PersonMatte) -> None:
    own, pose = presenter.keypoints[0], presenter.keypoints[0].copy()
    face = pose[FACE]
    face[[65, 66, 67, 55, 56, 57, 58, 59], 1] += 30
    face[[37, 38, 41, 40], 1] = face[[36, 39], 1].mean()
    puppet = Puppet.of(presenter.picture, own, matte)

    before, after = puppet.moved(own), puppet.moved(pose)

    points = in_picture(pose, SIDE)[FACE]
    x, y = np.rint(points[[62, 66]].mean(axis=0)).astype(int)
    assert after[y, x].max() < 80
    columns = np.rint(points[36:40, 0]).astype(int)
    row = round(float(in_picture(own, SIDE)[FACE][[37, 38], 1].mean()))
    skin = presenter.clip.identity.skin
    opened, shut = (np.abs(picture[row, columns[1:3]].astype(int) - skin).mean() for picture in (before, after))
    assert shut < 0.6 * opened


def test_what_the_portrait_does_not_show_of_one_arm_is_taken_from_the_other(
    presenter: Drawn, matte: PersonMatte
) -> None:
    own, pose = presenter.keypoints[0].copy(), presenter.keypoints[0]
    for gone, counterpart in ((RIGHT_HAND, LEFT_HAND), (LEFT_HAND, None)):
        own[gone, 2] = 0
        puppet = Puppet.of(presenter.picture, own, matte)

        stand_ins = [limb for limb in puppet.limbs if limb.is_mirrored]
        hands = [limb for limb in puppet.limbs if limb.part.hand is not None]

        assert len(stand_ins) == (counterpart is not None)
        assert [limb.part.hand for limb in hands] == ([RIGHT_HAND, LEFT_HAND] if counterpart else [])
        assert puppet.moved(pose).shape == presenter.picture.shape


def test_a_pose_beyond_the_picture_leaves_the_background(presenter: Drawn, matte: PersonMatte) -> None:
    puppet, pose = Puppet.of(presenter.picture, presenter.keypoints[0], matte), presenter.keypoints[0].copy()
    pose[:, :2] -= 5000

    found = puppet.moved(pose)

    inner = slice(8, -8)
    assert np.abs(found[inner, inner].astype(int) - puppet.plate[inner, inner]).mean() < 40
    assert found.shape == presenter.picture.shape
