"""The weights in the package: of `mmgt-demo` and its variant, of its detector and of what ends its frames."""

from collections.abc import Mapping
from pathlib import Path

from mmgt_core.checkpoints.folders import recorded_networks
from mmgt_core.config import MMGT_DEMO, Preset

PACKAGED_WEIGHTS = Path(__file__).parents[1] / "demo_weights"
KEYPOINTS = "keypoints"
"""The detector's file and its name in the index."""
DETAIL_NETWORK = "detail_network"
"""That of the network that ends frames; beside the nine of the method."""
STUDENT = "student"
"""What a few-step student of the denoising UNet has otherwise; likewise."""


def packaged_networks(preset: Preset, folder: Path = PACKAGED_WEIGHTS) -> Mapping[str, str]:
    """The networks that the package carries for a preset, and the hashes of their files."""
    return recorded_networks(folder) if preset.weights_name == MMGT_DEMO.name else {}
