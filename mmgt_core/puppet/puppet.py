"""A portrait that moves along its bones: trunk and head, then arms and hands, before what is behind the person.

Whatever costs is done once a portrait (its matte, what was covered, the colours of each limb); a frame takes a few
small remappings. Quality and cost: `python -m tests.load.bone_evidence`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.cutting import cut_out, fitted, limbs_of, shown_limbs, surely, trunk_of
from mmgt_core.puppet.limbs import Limb
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.skeleton import in_picture, is_seen
from mmgt_core.puppet.trunk import Trunk
from mmgt_core.types import UInt8Array


@dataclass(frozen=True)
class Puppet:
    """plate: (H, W, 3) RGB, the portrait without the person. limbs: from back to front, those that it shows."""

    plate: UInt8Array
    trunk: Trunk
    limbs: Sequence[Limb]

    @classmethod
    def of(cls, portrait: UInt8Array, keypoints: Float32Array, matte: PersonMatte) -> "Puppet":
        """Take a portrait apart.

        Args:
            portrait: (R, R, 3) RGB.
            keypoints: (134, 3), its own pose on the 512 canvas.
        """
        size = portrait.shape[0], portrait.shape[1]
        points, seen = in_picture(keypoints, size[0]), is_seen(keypoints)
        shown = shown_limbs(points, seen, size)
        person = cut_out(portrait, surely(points, seen, shown, size), matte)
        shown = fitted(shown, person, points, seen)
        return cls(person.plate, trunk_of(person, points, seen, shown), limbs_of(person, shown))

    def moved(self, keypoints: Float32Array) -> UInt8Array:
        """The portrait in another pose, (R, R, 3) RGB. Args: keypoints: (134, 3) on the 512 canvas."""
        points, seen = in_picture(keypoints, len(self.plate)), is_seen(keypoints)
        canvas = self.plate.astype(np.float32)
        self.trunk.paint(canvas, points, seen)
        for limb in self.limbs:
            limb.paint(canvas, points, seen)
        return np.rint(canvas).clip(0, 255).astype(np.uint8)
