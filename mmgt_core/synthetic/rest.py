"""The presenter of usual proportions at rest: where every figure that is drawn here is about."""

from functools import cache

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.face_model import FaceMotion
from mmgt_core.synthetic.figure import ArmMotion, BodyMotion, presenter_keypoints
from mmgt_core.synthetic.gestures import RESTS
from mmgt_core.synthetic.hand_model import HandShape
from mmgt_core.synthetic.identity import usual_build


@cache
def resting_presenter() -> Float32Array:
    """Mouth closed, eyes open, both hands before the belly: (134, 3) on the 512 canvas."""
    shut, still, nowhere = np.zeros(1, np.float32), np.zeros(1), np.zeros((1, 2))
    face = FaceMotion(shut, shut, still, still, nowhere, still, still, still)
    rest = RESTS[1].values[None]
    arm = ArmMotion(rest[:, :3], rest[:, 3:6], rest[:, 6:9], HandShape(rest[:, 9], rest[:, 10], rest[:, 11]))
    keypoints = presenter_keypoints(usual_build(), BodyMotion(face, nowhere, still, arm, arm))[0]
    keypoints.flags.writeable = False
    return keypoints
