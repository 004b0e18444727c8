"""Which pixels of a portrait are the person: a small packaged network's word, and the keypoints' where it fails."""

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.litert import LiteRTNetwork, carried_network
from mmgt_core.types import UInt8Array

_NETWORK = "selfie_segmentation/selfie_segmentation"


class PersonMatte:
    """The square selfie network that the default detector's package carries."""

    def __init__(self) -> None:
        """Raises: WeightsError: the package that carries the network is absent."""
        self._network: LiteRTNetwork = carried_network(_NETWORK)

    def __call__(self, portrait: UInt8Array, body: Float32Array) -> Float32Array:
        """How much of each pixel is the person: (H, W) float32, 0 to 1.

        Args:
            portrait: (H, W, 3) RGB.
            body: (H, W) what surely is, by the keypoints: clothes in the background's colour are not seen otherwise.
        """
        size = self._network.input_size
        small = cv2.resize(portrait, (size, size), interpolation=cv2.INTER_LINEAR)
        (found,) = self._network.run(small.astype(np.float32) / 255).values()
        height, width = body.shape
        seen = cv2.resize(found[..., 0], (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(np.maximum(seen, body), np.float32)
