"""Laws of the person cut out: they are found where the network errs, calm in time, and nothing of the wall stays."""

from collections.abc import Callable

import numpy as np
import pytest

from mmgt_core.backdrop.cutting_out import CutOut, FramedCutting
from mmgt_core.backdrop.matting import _hanging_together, sure_body
from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.puppet.filling import spread
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.skeleton import in_picture, is_seen
from mmgt_core.types import RenderedFrame
from mmgt_core.whole_picture.composer import Composer
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import surroundings_of
from tests.unit.backdrop.presenters import (
    LONG_HAIR_BESIDE_THE_FACE,
    SIDE,
    SKIN_COLOURED_DISCS,
    Presenter,
    presenter,
    shares_found,
)

SEEDS = (LONG_HAIR_BESIDE_THE_FACE, SKIN_COLOURED_DISCS, 900006)


@pytest.fixture(scope="module")
def presenters() -> Callable[[int], tuple[Presenter, list[CutOut]]]:
    found: dict[int, tuple[Presenter, list[CutOut]]] = {}

    def of(seed: int) -> tuple[Presenter, list[CutOut]]:
        if seed not in found:
            drawn = presenter(seed)
            found[seed] = drawn, drawn.cut_out()
        return found[seed]

    return of


@pytest.mark.parametrize("seed", SEEDS)
def test_person_and_background_are_found_where_they_are(
    presenters: Callable[[int], tuple[Presenter, list[CutOut]]], seed: int
) -> None:
    drawn, cut = presenters(seed)

    person, behind = shares_found(np.stack([each.share for each in cut]), drawn.truth)

    assert (person >= 0.985, behind >= 0.985) == (True, True), (person, behind)


def test_keypoints_and_colours_find_what_the_network_alone_does_not(
    presenters: Callable[[int], tuple[Presenter, list[CutOut]]],
) -> None:
    drawn, cut = presenters(900006)
    network, nothing = PersonMatte(), np.zeros((SIDE, SIDE), np.float32)
    alone = np.stack([network(frame, nothing) for frame in drawn.frames])

    assert shares_found(alone, drawn.truth)[0] < 0.96
    assert shares_found(np.stack([each.share for each in cut]), drawn.truth)[0] > 0.99


def test_the_inside_is_opaque_and_what_is_far_is_clear(
    presenters: Callable[[int], tuple[Presenter, list[CutOut]]],
) -> None:
    drawn, cut = presenters(SKIN_COLOURED_DISCS)
    opacity = np.stack([each.opacity for each in cut])

    assert (opacity[drawn.truth > 0.99] >= 250).mean() > 0.99
    assert (opacity[drawn.truth < 0.01] <= 5).mean() > 0.99


def test_a_matte_stands_still_where_nothing_moves() -> None:
    drawn = presenter(900006, every=1)
    opacity = np.stack([each.opacity for each in drawn.cut_out()]).astype(int)
    is_still = np.ptp(drawn.truth, axis=0) == 0

    assert np.abs(np.diff(opacity, axis=0))[:, is_still].mean() < 0.1


def test_the_persons_colours_have_nothing_of_the_wall_at_their_edges(
    presenters: Callable[[int], tuple[Presenter, list[CutOut]]],
) -> None:
    drawn, cut = presenters(SKIN_COLOURED_DISCS)
    wall = np.median(drawn.frames[drawn.truth < 0.01], axis=0)
    inside = np.stack([spread(frame, true > 0.98) for frame, true in zip(drawn.frames, drawn.truth, strict=True)])
    way = wall - inside
    is_told = (drawn.truth > 0.2) & (drawn.truth < 0.8) & (np.square(way).sum(axis=-1) > 60**2)

    def towards_wall(colours: Float32Array) -> float:
        gone = ((colours - inside) * way).sum(axis=-1)[is_told] / np.square(way).sum(axis=-1)[is_told]
        return float(np.median(gone))

    assert towards_wall(drawn.frames.astype(np.float32)) > 0.3
    assert abs(towards_wall(np.stack([each.colours for each in cut]))) < 0.2


@pytest.fixture(scope="module")
def framed(presenters: Callable[[int], tuple[Presenter, list[CutOut]]]) -> tuple[Presenter, list[CutOut], SquareFrame]:
    """The presenter in a wider photograph, whose square lies at (101, 40)."""
    drawn, _ = presenters(SKIN_COLOURED_DISCS)
    square = SquareFrame(101, 40, 256)
    edge = scaled(drawn.portrait, square.side)
    photograph = np.pad(edge, ((40, 60), (101, 99), (0, 0)), mode="edge")
    around = surroundings_of(photograph, square, (200.0, 60.0, 260.0, 140.0), Framing.PHOTO, 1920)
    compose = Composer(around, scaled(drawn.portrait, SIDE)).frame
    cut = FramedCutting(compose, around, drawn.portrait, drawn.keypoints[0], SIDE)
    frames = [cut(RenderedFrame(*each)) for each in zip(drawn.frames, drawn.keypoints, strict=True)]
    return drawn, frames, square


def test_a_framing_is_cut_out_whole_and_the_square_lies_where_it_was(
    framed: tuple[Presenter, list[CutOut], SquareFrame],
) -> None:
    drawn, frames, square = framed

    for cut, truth in zip(frames, drawn.truth, strict=True):
        large = np.asarray(enlarged(truth, square.side))
        inside = cut.share[square.y : square.y + square.side, square.x : square.x + square.side]
        middle = slice(20, -20)
        person, behind = shares_found(inside[middle, middle], large[middle, middle])
        assert (person > 0.97, behind > 0.97) == (True, True), (person, behind)
        assert cut.share.shape == (356, 456)
        assert max(cut.share[:30].max(), cut.share[:250, :90].max()) < 0.1  # above and beside everybody


def enlarged(truth: Float32Array, side: int) -> Float32Array:
    levels = np.repeat((truth * 255).round().astype(np.uint8)[..., None], 3, axis=-1)
    return scaled(levels, side)[..., 0].astype(np.float32) / 255


def test_a_body_that_goes_on_below_the_square_is_cut_out_there_too(
    framed: tuple[Presenter, list[CutOut], SquareFrame],
) -> None:
    _, frames, square = framed
    below = frames[0].share[square.y + square.side + 5 : -5]

    assert (below > 0.5).any(axis=1).all()


def test_nobody_is_surely_where_no_keypoint_is_seen() -> None:
    nobody = np.zeros((134, 3), np.float32)

    assert sure_body(in_picture(nobody, 64), is_seen(nobody), (64, 64)).max() == 0


def test_before_a_picture_each_pixel_is_as_much_the_person_as_the_share_says() -> None:
    share = np.array([[0.0, 0.25, 1.0]], np.float32)
    cut = CutOut(np.full((1, 3, 3), 200, np.float32), share)

    seen = cut.before(np.full((1, 3, 3), 100, np.uint8))

    assert seen[0, :, 0].tolist() == [100, 125, 200]
    assert cut.layer[0, :, 3].tolist() == [0, 64, 255]


def test_what_does_not_hang_together_with_the_body_is_nobody_and_a_small_hole_in_it_is_none() -> None:
    share, body = np.zeros((2, 256, 256), np.float32)
    share[60:256, 80:180] = 1
    share[100:106, 100:106] = 0  # a badge in the wall's colour
    share[60:140, 120:150] = 0  # open above: no hole
    share[10:40, 200:240] = 0.9  # a disc on the wall
    body[200:250, 100:160] = 1

    found = _hanging_together(share, body)

    assert (found[10:40, 200:240].max(), found[100:106, 100:106].min()) == (0, 1)
    assert (found[60:140, 120:150].max(), found[150:250, 90:170].min()) == (0, 1)
