"""Speech becomes motion: the mouth by phonemes, head, brows and hands by stress and phrases; blinks and breath."""

from collections.abc import Sequence

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.curves import Curve, drift, pulses, strokes
from mmgt_core.synthetic.face_model import FaceMotion
from mmgt_core.synthetic.figure import BodyMotion
from mmgt_core.synthetic.gestures import all_beats, arm_motion, plan_arms
from mmgt_core.synthetic.prosody import Beat, Phrase, phrases
from mmgt_core.synthetic.speech import Phoneme
from mmgt_core.synthetic.visemes import mouth_curves
from mmgt_core.types import FPS

_FIRST_BLINK_S = 0.6
_BLINK_S = 0.055
_NOD, _NOD_S = 0.075, 0.1
_BROW_S = 0.16
_TURN = 0.17
_BREATH_HZ, _BREATH_PX = 0.26, 1.6


def speaking_motion(
    phonemes: Sequence[Phoneme], samples: Float32Array, num_frames: int, rng: np.random.Generator
) -> BodyMotion:
    """Everything that moves, at the middle of each frame.

    Args:
        phonemes: with their times in `samples`, (samples,) at 16 kHz.
        rng: of the person's manner: the same speech with another generator is another performance.
    """
    times_s = (np.arange(num_frames) + 0.5) / FPS
    spoken = phrases(phonemes, samples)
    mouth = mouth_curves(phonemes, num_frames)
    right, left = plan_arms(spoken, rng)
    beats = all_beats(spoken)
    sway = np.stack([drift(times_s, rng, 4.0, 0.3), drift(times_s, rng, 1.5, 0.3)], axis=1)
    face = FaceMotion(
        opening=mouth.opening,
        width=mouth.width,
        brow=_brows(times_s, beats, rng),
        blink=_blinks(times_s, rng),
        gaze=np.stack([drift(times_s, rng, 1.6), drift(times_s, rng, 0.6)], axis=1),
        yaw=_turns(times_s, spoken, rng),
        pitch=_nods(times_s, beats, rng),
        roll=drift(times_s, rng, 0.05, 0.35),
    )
    breath = _BREATH_PX * np.sin(2 * np.pi * (_BREATH_HZ * times_s + rng.random()))
    return BodyMotion(face, sway, breath, arm_motion(right, times_s, rng), arm_motion(left, times_s, rng))


def _blinks(times_s: Curve, rng: np.random.Generator) -> Curve:
    gaps = rng.uniform(1.4, 4.5, int(times_s[-1]) + 2)
    centres = (_FIRST_BLINK_S + np.cumsum(gaps) - gaps[0] * rng.random()).tolist()
    return np.clip(1.4 * pulses(times_s, centres, [1.0] * len(centres), _BLINK_S), 0, 1)


def _brows(times_s: Curve, beats: Sequence[Beat], rng: np.random.Generator) -> Curve:
    """Raised on about every third stressed syllable."""
    raised = [beat for beat in beats if rng.random() < 0.35]
    heights = [beat.strength * rng.uniform(0.5, 1.2) for beat in raised]
    return pulses(times_s, [beat.time_s for beat in raised], heights, _BROW_S) + drift(times_s, rng, 0.12)


def _nods(times_s: Curve, beats: Sequence[Beat], rng: np.random.Generator) -> Curve:
    """Down on stressed syllables, a little up before them."""
    heights = [_NOD * beat.strength * rng.uniform(0.2, 1.3) for beat in beats]
    down = pulses(times_s, [beat.time_s + 0.06 for beat in beats], heights, _NOD_S)
    up = pulses(times_s, [beat.time_s - 0.2 for beat in beats], heights, _NOD_S)
    return down - 0.4 * up + drift(times_s, rng, 0.035)


def _turns(times_s: Curve, spoken: Sequence[Phrase], rng: np.random.Generator) -> Curve:
    """To another side with some phrases."""
    starts = [start_s for phrase in spoken for start_s in np.arange(phrase.start_s, phrase.end_s, 1.3)]
    moves = [
        (start_s, start_s + rng.uniform(0.45, 0.8), rng.uniform(-_TURN, _TURN, 1))
        for start_s in starts
        if rng.random() < 0.6
    ]
    start = np.array([rng.uniform(-0.05, 0.05)])
    return strokes(times_s, start, moves)[:, 0] + drift(times_s, rng, 0.03)
