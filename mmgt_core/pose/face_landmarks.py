"""The 68 face points of one person, from a face mesh that is looked for where the body's head points are."""

import numpy as np
from scipy.special import expit

from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.crops import Region, angle_across, region_of
from mmgt_core.pose.litert import carried_network
from mmgt_core.types import UInt8Array

# fmt: off
_MESH_OF_68 = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,  # lips
)
# fmt: on
_MESH_RIGHT_EYE, _MESH_LEFT_EYE = 33, 263
_BODY_RIGHT_EYE, _BODY_LEFT_EYE = 5, 2
_BODY_HEAD = slice(0, 11)
_BODY_SCALE, _MESH_SCALE = 2.0, 1.5
_NUM_PASSES = 3
"""From the body's points, then twice from the mesh's own; from then on it moves by less than a pixel."""


class FaceLandmarks:
    """A face mesh network, run a few times from ever better regions."""

    def __init__(self) -> None:
        """Raises: WeightsError: the package that carries the network is absent."""
        self._network = carried_network("face_landmark/face_landmark")

    def find(self, image: UInt8Array, body: Float32Array) -> Float32Array:
        """Find the face of a body.

        Args:
            image: (H, W, 3) uint8 RGB.
            body: (33, 2) float32 body landmarks in pixels.

        Returns:
            (68, 3) float32: pixels and how sure it is that there is a face.
        """
        region = region_of(body[_BODY_HEAD], angle_across(body[_BODY_RIGHT_EYE], body[_BODY_LEFT_EYE]), _BODY_SCALE)
        for _ in range(_NUM_PASSES):
            mesh, presence = self._run(image, region)
            region = region_of(mesh, angle_across(mesh[_MESH_RIGHT_EYE], mesh[_MESH_LEFT_EYE]), _MESH_SCALE)
        confidence = np.full((len(_MESH_OF_68), 1), presence, dtype=np.float32)
        return np.concatenate([mesh[list(_MESH_OF_68)], confidence], axis=1)

    def _run(self, image: UInt8Array, region: Region) -> tuple[Float32Array, float]:
        size = self._network.input_size
        outputs = self._network.run(region.cut(image, size))
        mesh = outputs["conv2d_21"].reshape(-1, 3)[:, :2] / size
        return region.to_image(mesh), float(expit(outputs["conv2d_31"].item()))
