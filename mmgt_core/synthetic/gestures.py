"""What hands do in speech: rest, rise with a phrase, beat on its stressed syllables, come back in a pause."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmgt_core.synthetic.curves import Curve, drift, strokes
from mmgt_core.synthetic.figure import ArmMotion
from mmgt_core.synthetic.hand_model import HandShape
from mmgt_core.synthetic.prosody import Beat, Phrase


@dataclass(frozen=True)
class HandPose:
    """One way to hold a hand, as of a right hand: see `ArmMotion` and `HandShape`."""

    wrist: tuple[float, float, float]
    aim: tuple[float, float, float]
    palm: tuple[float, float, float]
    curl: float
    spread: float
    pointing: float = 0.0

    @property
    def values(self) -> Curve:
        """All twelve numbers, so that a stroke moves them together."""
        return np.array([*self.wrist, *self.aim, *self.palm, self.curl, self.spread, self.pointing])


RESTS = (
    HandPose((196, 448, 80), (1.0, 0.12, 0.15), (0.0, -0.25, -1.0), 0.35, 0.2),
    HandPose((168, 450, 80), (0.85, 0.3, 0.35), (0.2, 0.5, -0.8), 0.4, 0.25),
    HandPose((184, 418, 95), (0.9, -0.2, 0.3), (0.1, -0.1, -1.0), 0.45, 0.3),
)
"""Hands before the belly; both at once, or each its own."""

GESTURES = (
    HandPose((138, 392, 90), (-0.5, -0.35, 0.3), (0.25, -0.45, 0.85), 0.14, 0.75),
    HandPose((162, 372, 110), (0.3, -0.9, 0.25), (0.8, 0.0, 0.6), 0.22, 0.35),
    HandPose((152, 360, 105), (0.05, -1.0, 0.2), (0.1, 0.0, 1.0), 0.85, 0.2, 1.0),
    HandPose((160, 380, 105), (0.25, -0.8, 0.35), (0.35, 0.2, 0.9), 0.55, 0.45),
    HandPose((158, 378, 105), (0.1, -0.95, 0.2), (0.2, 0.05, 1.0), 0.08, 0.95),
    HandPose((172, 392, 100), (0.75, -0.5, 0.3), (0.2, -0.9, 0.6), 0.25, 0.4),
    HandPose((164, 384, 105), (0.4, -0.75, 0.4), (0.6, 0.1, -0.8), 0.8, 0.1),
)
"""Open to the side, upright edge, pointing finger, thought between fingers, open palm, offered palm, loose fist."""

_REST_REACTION_S, _REST_TIME_S = 0.15, 0.7
_LONG_PAUSE_S = 0.55
_FIRST_PREPARATION_S, _PREPARATION_S, _STROKE_BEFORE_S, _STROKE_AFTER_S = 0.75, 0.42, 0.16, 0.1
_SHORT_RISE_S, _SHORT_FIRST_RISE_S = 0.13, 0.42
"""A hand that has less time than this leaves a beat out."""

_RISE_PX, _FALL_PX, _OUTWARD_PX = 52.0, 16.0, 22.0
_LOWEST_WRIST, _HIGHEST_WRIST = 462.0, 285.0

Move = tuple[float, float, Curve]


@dataclass(frozen=True)
class ArmPlan:
    """Where both hands rest and which moves they make."""

    rest: Curve
    moves: list[Move]


def plan_arms(phrases: Sequence[Phrase], rng: np.random.Generator) -> tuple[ArmPlan, ArmPlan]:
    """Plan the right and the left arm: most phrases move both hands, some one, a few none."""
    together = rng.random() < 0.6
    first = _one_of(RESTS, rng)
    plans = tuple(ArmPlan(_wandered(first if together else _one_of(RESTS, rng), rng, 8), []) for _ in range(2))
    liveliness = rng.uniform(0.75, 1.2)
    for index, phrase in enumerate(phrases):
        pose = _one_of(GESTURES, rng)
        active = rng.choice([0, 1, 2, 2, 2])
        others = _one_of(GESTURES, rng) if rng.random() < 0.25 else pose
        next_s = phrases[index + 1].start_s if index + 1 < len(phrases) else np.inf
        for side, plan in enumerate(plans):
            if active in (side, 2):
                centre = _wandered(pose if side == 0 else others, rng, 12)
                plan.moves.extend(_phrase_moves(phrase, centre, liveliness, rng))
                if next_s - phrase.end_s > _LONG_PAUSE_S or rng.random() < 0.3:
                    back_s = phrase.end_s + _REST_REACTION_S
                    plan.moves.append((back_s, back_s + _REST_TIME_S, plan.rest))
    return plans[0], plans[1]


def arm_motion(plan: ArmPlan, times_s: Curve, rng: np.random.Generator) -> ArmMotion:
    """The plan as a smooth path, with the small wandering of a living hand."""
    path = strokes(times_s, plan.rest, plan.moves)
    wander = np.stack([drift(times_s, rng, 3.0), drift(times_s, rng, 3.0), np.zeros(len(times_s))], axis=1)
    wrist = path[:, :3] + wander
    wrist[:, 1] = np.clip(wrist[:, 1], _HIGHEST_WRIST, _LOWEST_WRIST)
    curl = np.clip(path[:, 9] + drift(times_s, rng, 0.04), 0, 1)
    shape = HandShape(curl, np.clip(path[:, 10], 0, 1), np.clip(path[:, 11], 0, 1))
    return ArmMotion(wrist, path[:, 3:6], path[:, 6:9], shape)


def _phrase_moves(phrase: Phrase, centre: Curve, liveliness: float, rng: np.random.Generator) -> list[Move]:
    """Before each beat the hand rises, on the beat it falls: the louder the syllable, the further."""
    moves: list[Move] = []
    free_s = 0.0
    for beat in phrase.beats:
        swing = liveliness * beat.strength * rng.uniform(0.7, 1.2)
        up = centre + _offset(-_RISE_PX * swing, -_OUTWARD_PX * swing * rng.uniform(-0.5, 1))
        down = centre + _offset(_FALL_PX * swing, -_OUTWARD_PX * swing * rng.uniform(-0.3, 1))
        usual_s, least_s = (_PREPARATION_S, _SHORT_RISE_S) if moves else (_FIRST_PREPARATION_S, _SHORT_FIRST_RISE_S)
        rise_s = max(free_s, beat.time_s - usual_s)
        fall_s = beat.time_s - _STROKE_BEFORE_S
        if fall_s - rise_s < least_s:
            continue
        free_s = beat.time_s + _STROKE_AFTER_S
        moves += [(rise_s, fall_s, up), (fall_s, free_s, down)]
    return moves


def all_beats(phrases: Sequence[Phrase]) -> list[Beat]:
    """The beats of all phrases in order."""
    return [beat for phrase in phrases for beat in phrase.beats]


def _one_of(poses: Sequence[HandPose], rng: np.random.Generator) -> HandPose:
    return poses[int(rng.integers(len(poses)))]


def _offset(down: float, inward: float) -> Curve:
    offset = np.zeros(12)
    offset[:2] = inward, down
    return offset


def _wandered(pose: HandPose, rng: np.random.Generator, pixels: float) -> Curve:
    """The pose, some pixels and degrees elsewhere."""
    values = pose.values
    values[:2] += rng.uniform(-pixels, pixels, 2)
    values[3:9] += rng.uniform(-0.15, 0.15, 6)
    return values
