"""Triangles of the face: each point of a frame comes from the same point of the portrait."""

import numpy as np
import pytest

from mmgt_core.keypoints import FACE
from mmgt_core.puppet.face_triangles import INNER_LIPS, FaceMesh
from mmgt_core.puppet.skeleton import in_picture
from tests.unit.puppet.presenters import SIDE, drawn

STAYS = np.eye(2, 3, dtype=np.float32)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """(F, 68, 2) pixels; the mouth of the first is shut."""
    return np.stack([in_picture(keypoints, SIDE)[FACE] for keypoints in drawn(900201).keypoints])


def maps(mesh: FaceMesh, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.full((SIDE, SIDE), -1, np.float32), np.full((SIDE, SIDE), -1, np.float32)
    mesh.warp(mesh.moved(face, STAYS), x, y)
    return x, y


def test_an_unmoved_face_comes_from_where_it_is(faces: np.ndarray) -> None:
    x, y = maps(FaceMesh.of(faces[0]), faces[0])

    rows, columns = np.nonzero(x >= 0)
    assert len(rows) > 1000
    assert np.abs(x[rows, columns] - columns).max() < 0.01
    assert np.abs(y[rows, columns] - rows).max() < 0.01


def test_points_of_a_moved_face_come_from_the_portraits_own(faces: np.ndarray) -> None:
    mesh, widest = FaceMesh.of(faces[0]), int(np.ptp(faces[:, INNER_LIPS, 1], axis=1).argmax())

    x, y = maps(mesh, faces[widest])

    columns, rows = np.rint(faces[widest, :60]).astype(int).T
    found = np.stack([x[rows, columns], y[rows, columns]], axis=1)
    assert np.percentile(np.linalg.norm(found - faces[0, :60], axis=1), 90) < 1.5


def test_lips_that_are_shut_in_the_portrait_can_part(faces: np.ndarray) -> None:
    mesh = FaceMesh.of(faces[0])

    upper, lower = range(61, 64), range(65, 68)

    joined = {tuple(sorted((a, b))) for triangle in mesh.triangles.tolist() for a in triangle for b in triangle}
    used = set(mesh.triangles.ravel().tolist())
    assert {*upper, *lower} <= used
    assert not any((a, b) in joined for a in upper for b in range(55, 60))


def test_a_face_beyond_the_picture_changes_no_map(faces: np.ndarray) -> None:
    mesh = FaceMesh.of(faces[0])
    x, y = np.zeros((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)

    for shift in (-1000, 1000):
        mesh.warp(mesh.points + np.float32(shift), x, y)

    assert not x.any()
    assert not y.any()
