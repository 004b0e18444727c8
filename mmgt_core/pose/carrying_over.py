"""Motion of one figure carried over to a person of other proportions, who may stand elsewhere in the picture.

A small stage 1 knows one figure in one framing; from another's pose, what it generates falls apart within seconds. So
it is asked for the motion of the figure that it knows, and each part's way from rest is added to the person's own pose.
"""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import (
    ARMS,
    FACE,
    FEET,
    HEAD_OF_BODY,
    LIPS,
    NECK,
    NOSE,
    SHOULDERS,
    Float32Array,
    without_legs,
)
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.eyelids import EYES, usual_opening
from mmgt_core.pose.face_motion import ComplexArray, as_complex, similarity
from mmgt_core.types import PoseSequence

_STAYING = [8, 11, *range(FEET.start, FEET.stop)]
"""Hips and feet."""
_HEAD = [*HEAD_OF_BODY, *range(FACE.start, FACE.stop)]
_UPPER_LIP = ([LIPS.start + 2, LIPS.start + 13], [LIPS.start + 3, LIPS.start + 14], [LIPS.start + 4, LIPS.start + 15])
_LOWER_LIP = ([LIPS.start + 10, LIPS.start + 19], [LIPS.start + 9, LIPS.start + 18], [LIPS.start + 8, LIPS.start + 17])
"""Outer and inner points at three places, from image left: the inner ones meet when the mouth closes."""
_KNOWN_WITHIN_PX = 20.0
"""Of the canvas: how far neck, shoulders, nose, eyes and chin may lie from the known figure's. Drawn presenters', as a
detector finds them, do by 8."""
_TELLING = [NECK, *SHOULDERS, NOSE, 14, 15, FACE.start + 8]


def is_figure(keypoints: Float32Array, figure: Float32Array) -> bool:
    """Whether a pose is the figure's, (134, 3) each: about as large, in the same place, with both hands seen."""
    ways = np.linalg.norm(keypoints[_TELLING, :2] - figure[_TELLING, :2], axis=1)
    return bool(ways.max() <= _KNOWN_WITHIN_PX) and all(_is_seen(keypoints, arm) for arm in ARMS)


def carried_over(parts: Iterator[PoseSequence], figure: Float32Array, person: Float32Array) -> Iterator[PoseSequence]:
    """The motion of a figure as a person's, part by part.

    The head keeps the person's own face: it moves, and its lips open from closed, in the size of that face. An arm
    whose hand the picture does not show stays as it is; one that it shows does what the figure's does, in the size of
    the person's shoulders. What is not seen stays unseen.

    Args:
        parts: the figure's motion.
        figure: (134, 3), its pose at rest.
        person: (134, 3), where that person is in the picture; a face is seen.
    """
    own = _with_mouth_of(figure, person)
    face_scale, body_scale = similarity(figure, person), _body_scale(figure, person)
    lids = (usual_opening(person) or 0.0) / (usual_opening(figure) or 1.0)
    for part in parts:
        moved = as_complex(part.keypoints)  # (F, 134)
        ways = moved - as_complex(figure)
        for eye in EYES:
            with_head = ways[:, [eye.start, eye.start + 3]].mean(axis=1, keepdims=True)
            ways[:, eye] = with_head + lids * (ways[:, eye] - with_head)
        places = own + body_scale * ways[:, [NECK]]
        places[:, _HEAD] = own[_HEAD] + face_scale * ways[:, _HEAD]
        for shoulder, elbow, wrist, hand in ARMS:
            places[:, shoulder] = own[shoulder] + body_scale * ways[:, shoulder]
            if _is_seen(person, (shoulder, elbow, wrist, hand)):
                arm = [elbow, wrist, *range(hand.start, hand.stop)]
                places[:, arm] = places[:, [shoulder]] + body_scale * (moved[:, arm] - moved[:, [shoulder]])
        places[:, _STAYING] = own[_STAYING]
        confidence = np.broadcast_to(person[:, 2], places.shape)
        yield PoseSequence(without_legs(np.stack([places.real, places.imag, confidence], axis=-1).astype(np.float32)))


def _is_seen(keypoints: Float32Array, arm: tuple[int, int, int, slice]) -> bool:
    """Whether an arm is seen to its hand."""
    *joints, hand = arm
    return bool((keypoints[joints, 2] > VISIBLE).all()) and float(keypoints[hand, 2].mean()) > VISIBLE


def _body_scale(figure: Float32Array, person: Float32Array) -> float:
    """By the width of the shoulders; by the face where they are not seen."""
    if (person[list(SHOULDERS), 2] <= VISIBLE).any():
        return abs(similarity(figure, person))
    own, known = (float(np.linalg.norm(np.subtract(*pose[list(SHOULDERS), :2]))) for pose in (person, figure))
    return own / known


def _with_mouth_of(figure: Float32Array, person: Float32Array) -> ComplexArray:
    """The person's places, (134,), with lips as far apart as the figure's: shut, though the portrait may show teeth."""
    places, known, scale = as_complex(person), as_complex(figure), similarity(figure, person)
    for upper, lower in zip(_UPPER_LIP, _LOWER_LIP, strict=True):
        gap, known_gap = (points[lower[1]] - points[upper[1]] for points in (places, known))
        half = (gap - scale * known_gap) / 2
        places[upper] += half
        places[lower] -= half
    return places
