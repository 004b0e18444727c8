"""Is it still the same person? The mean colours of clothes, skin and hair, looked up beside the keypoints."""

from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import CANVAS_SIZE, FACE, NECK, SHOULDERS, Float32Array
from mmgt_core.types import UInt8Array

_PATCH_RADIUS = 5.0
_TOWARDS_SHOULDER, _BELOW_SHOULDER = 0.55, 26.0
_CROWN, _BESIDE_PARTING = 2.15, 0.65
"""Up from between the eyes, in the distance to the nose's foot, and aside in the distance of the eyes: always hair."""


@dataclass(frozen=True)
class IdentityColours:
    """Mean RGB, (3,) float32 in 0 to 255."""

    clothes: Float32Array
    skin: Float32Array
    hair: Float32Array


def identity_colour_samples(frame: UInt8Array, keypoints: Float32Array) -> IdentityColours:
    """Look at a picture of a presenter, drawn or generated.

    Args:
        frame: (size, size, 3) RGB.
        keypoints: (134, 3) on the 512 canvas: the true ones of that frame.
    """
    face, body = keypoints[FACE, :2], keypoints[:, :2]
    shoulders = [
        body[NECK] + _TOWARDS_SHOULDER * (body[shoulder] - body[NECK]) + (0, _BELOW_SHOULDER) for shoulder in SHOULDERS
    ]
    cheeks = [(face[2] + face[31]) / 2, (face[14] + face[35]) / 2]
    between_eyes = (face[39] + face[42]) / 2
    crown = between_eyes - _CROWN * (face[33] - between_eyes)
    beside_parting = _BESIDE_PARTING * (face[42] - face[39])
    hair = [crown - beside_parting, crown + beside_parting]
    return IdentityColours(_mean(frame, shoulders), _mean(frame, cheeks), _mean(frame, hair))


def _mean(frame: UInt8Array, places: list[Float32Array]) -> Float32Array:
    """Over squares around the places, each at least one pixel."""
    scale = len(frame) / CANVAS_SIZE
    patches = []
    for x, y in places:
        left, right = (int(np.clip((x + side) * scale, 0, len(frame) - 1)) for side in (-_PATCH_RADIUS, _PATCH_RADIUS))
        top, bottom = (int(np.clip((y + side) * scale, 0, len(frame) - 1)) for side in (-_PATCH_RADIUS, _PATCH_RADIUS))
        patches.append(frame[top : bottom + 1, left : right + 1].reshape(-1, 3).mean(axis=0))
    return np.mean(patches, axis=0).astype(np.float32)
