"""The weights that come with the package: those of `mmgt-demo`, of its detector and of what ends its frames."""

from pathlib import Path

PACKAGED_WEIGHTS = Path(__file__).parents[1] / "demo_weights"
KEYPOINTS = "keypoints"
"""The detector's file and its name in the index."""
DETAIL_NETWORK = "detail_network"
"""That of the network that ends frames; beside the nine of the method."""
