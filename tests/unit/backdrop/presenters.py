"""Drawn presenters and where they are: frames, poses, and how much of each pixel is the person."""

from dataclasses import dataclass, replace

import numpy as np

from mmgt_core.backdrop.cutting_out import CutOut, cutting_out_of_squares
from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.synthetic.identity import Light, PresenterIdentity, Scene
from mmgt_core.types import RenderedFrame, UInt8Array

SIDE = 128
LONG_HAIR_BESIDE_THE_FACE, SKIN_COLOURED_DISCS = 900001, 900008
EVERY = 10


@dataclass(frozen=True)
class Presenter:
    """portrait: (512, 512, 3). frames: (F, SIDE, SIDE, 3). keypoints: (F, 134, 3). truth: (F, SIDE, SIDE), 0 to 1."""

    portrait: UInt8Array
    frames: UInt8Array
    keypoints: Float32Array
    truth: Float32Array

    def cut_out(self) -> list[CutOut]:
        cut = cutting_out_of_squares(self.portrait, self.keypoints[0], SIDE)
        return [cut(RenderedFrame(frame, pose)) for frame, pose in zip(self.frames, self.keypoints, strict=True)]


def presenter(seed: int, every: int = EVERY) -> Presenter:
    """Frames of two seconds."""
    clip = synthetic_clip(seed, seconds=2.0)
    keypoints = clip.pose_sequence.keypoints[::every]
    nobody = keypoints[:1] + np.array([5000, 0, 0], np.float32)
    seen, empty = (
        on(clip.identity, poses, 255) - on(clip.identity, poses, 0) for poses in (keypoints, nobody)
    )  # (F, SIDE, SIDE, 3), (1, SIDE, SIDE, 3): there is a veil of light over both
    truth = np.clip(1 - (seen / empty).min(axis=-1), 0, 1)
    drawn = draw_presenter(clip.identity, keypoints, 2 * SIDE)
    portrait = draw_presenter(clip.identity, keypoints[:1], 512)[0]
    return Presenter(portrait, np.stack([scaled(frame, SIDE) for frame in drawn]), keypoints, truth.astype(np.float32))


def on(identity: PresenterIdentity, keypoints: Float32Array, level: int) -> Float32Array:
    """The person before a plain wall without any light of its own, (F, SIDE, SIDE, 3)."""
    plain = replace(identity, scene=Scene.FLAT, background=(level,) * 3, light=Light(0.0, 0.0, 0.0))
    return np.stack([scaled(frame, SIDE) for frame in draw_presenter(plain, keypoints, 2 * SIDE)]).astype(np.float32)


def shares_found(opacity: Float32Array, truth: Float32Array) -> tuple[float, float]:
    """Of the pixels that are mostly the person, and of those that are mostly not: how many are found so."""
    is_person, found = truth > 0.5, opacity > 0.5
    return float(found[is_person].mean()), float((~found)[~is_person].mean())
