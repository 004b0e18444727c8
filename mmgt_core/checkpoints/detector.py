"""The whole-body detector that a weights folder allows: who only looks for people loads no other network's library."""

from pathlib import Path

from mmgt_core.checkpoints.lock import published_path
from mmgt_core.checkpoints.manifest import MMGT_512_FILES
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.pose.dwpose import DWPoseDetector, onnxruntime_providers
from mmgt_core.pose.landmarks import LandmarkDetector


def load_detector(weights: Path) -> WholeBodyDetector:
    """DWPose where its two published networks are present, else the detector that needs no download.

    Raises:
        WeightsError: a network cannot be read, or the package that carries the default ones is absent.
    """
    files = {file.local_name: published_path(weights, file.repository, file.path) for file in MMGT_512_FILES}
    yolox, pose = files["person_detector"], files["keypoint_detector"]
    if yolox.is_file() and pose.is_file():
        return DWPoseDetector(yolox, pose, onnxruntime_providers())
    return LandmarkDetector()
