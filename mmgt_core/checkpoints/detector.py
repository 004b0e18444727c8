"""The whole-body detector that a weights folder allows: who only looks for people loads no other network's library."""

from pathlib import Path

import torch

from mmgt_core.checkpoints.converted import fill_network
from mmgt_core.checkpoints.folders import recorded_networks
from mmgt_core.checkpoints.lock import published_path
from mmgt_core.checkpoints.manifest import MMGT_512_FILES
from mmgt_core.checkpoints.packaged import KEYPOINTS, PACKAGED_WEIGHTS
from mmgt_core.config import MMGT_DEMO, PRESENTER_KEYPOINTS, Preset
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.pose.detector_choice import FirstThatSees
from mmgt_core.pose.dwpose import DWPoseDetector, onnxruntime_providers
from mmgt_core.pose.keypoint_network import KeypointNetwork, PresenterDetector
from mmgt_core.pose.landmarks import LandmarkDetector


def load_detector(weights: Path, preset: Preset) -> WholeBodyDetector:
    """DWPose where its two published networks are present, else the detector that needs no download.

    For a preset that knows drawn presenters, these are looked for before either, where the package has the network
    for it. No other preset asks that network: it has seen no photographs.

    Raises:
        WeightsError: a network cannot be read, or the package that carries the default ones is absent.
    """
    files = {file.local_name: published_path(weights, file.repository, file.path) for file in MMGT_512_FILES}
    yolox, pose = files["person_detector"], files["keypoint_detector"]
    if yolox.is_file() and pose.is_file():
        photographs: WholeBodyDetector = DWPoseDetector(yolox, pose, onnxruntime_providers())
    else:
        photographs = LandmarkDetector()
    if not (preset.is_for_drawings and KEYPOINTS in recorded_networks(PACKAGED_WEIGHTS)):
        return photographs
    network = KeypointNetwork(PRESENTER_KEYPOINTS)
    fill_network(network, KEYPOINTS, PACKAGED_WEIGHTS, MMGT_DEMO, torch.device("cpu"), torch.float32)
    return FirstThatSees([PresenterDetector(network), photographs])
