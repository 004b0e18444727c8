"""Drawn presenters whose figure is known exactly: pictures, poses, and where the person is."""

from dataclasses import dataclass, replace

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.puppet.cutting import Person, cut_out, shown_limbs, surely
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.skeleton import Bools, in_picture, is_seen
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.synthetic.identity import Light, Scene
from mmgt_core.types import UInt8Array

SIDE = 128
IN_THE_COLOURS_OF_THE_WALL = 900205
"""A seed whose clothes the segmentation network takes for background."""


@dataclass(frozen=True)
class Drawn:
    """picture: (SIDE, SIDE, 3), of the frame of rest. keypoints: (F, 134, 3) of the whole clip."""

    clip: SyntheticClip
    picture: UInt8Array
    keypoints: Float32Array

    def frame(self, keypoints: Float32Array) -> UInt8Array:
        """The truth in a pose."""
        return scaled(draw_presenter(self.clip.identity, keypoints[None], 2 * SIDE)[0], SIDE)

    def scene(self) -> UInt8Array:
        """What is behind, with the light on it: the picture of a person far outside of it."""
        return self.frame(self.keypoints[0] + np.array([5000, 0, 0], np.float32))

    def figure(self) -> Bools:
        """Where the person is in the picture: what does not change with the background."""
        black, white = (self._on(level) for level in (0, 255))
        return np.abs(black - white).max(axis=-1) < 128

    def _on(self, level: int) -> Float32Array:
        identity = replace(
            self.clip.identity, scene=Scene.FLAT, background=(level, level, level), light=Light(0.0, 0.0, 0.0)
        )
        return scaled(draw_presenter(identity, self.keypoints[:1], 2 * SIDE)[0], SIDE).astype(np.float32)


def drawn(seed: int) -> Drawn:
    clip = synthetic_clip(seed, seconds=2.0)
    keypoints = clip.pose_sequence.keypoints
    picture = scaled(clip.render([clip.reference_frame], 2 * SIDE)[0], SIDE)
    return Drawn(clip, picture, keypoints)


def cut(presenter: Drawn, matte: PersonMatte) -> Person:
    """Its picture, the person off the background."""
    keypoints = presenter.keypoints[0]
    points, seen, size = in_picture(keypoints, SIDE), is_seen(keypoints), (SIDE, SIDE)
    body = surely(points, seen, shown_limbs(points, seen, size), size)
    return cut_out(presenter.picture, body, matte)


def overlap(found: Bools, truth: Bools) -> float:
    """Common pixels as a share of all that either has."""
    return float((found & truth).sum() / (found | truth).sum())


def psnr(one: UInt8Array, other: UInt8Array) -> float:
    return float(10 * np.log10(255**2 / np.square(one.astype(np.float64) - other).mean()))
