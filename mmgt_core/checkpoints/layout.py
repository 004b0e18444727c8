"""Which tensors the published files of a preset hold, by file and key."""

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.key_maps import KeyMap
from mmgt_core.checkpoints.networks import Networks, empty_networks
from mmgt_core.checkpoints.published_names import published_layout
from mmgt_core.config import Preset

STAGE_1_FILE = "stage_1/audio2pose_best_model.pt"
STAGE_2_FILE = "stage_2/process_2/net-32500.pth"

Layout = dict[str, dict[str, tuple[int, ...]]]

STAGE_2_NETWORKS: dict[str, tuple[str, KeyMap]] = {
    "reference_unet.": ("reference_unet", key_maps.UNET),
    "denoising_unet.": ("denoising_unet", key_maps.UNET),
    "pose_guider.": ("pose_guider", key_maps.AS_PUBLISHED),
    "audioproj.": ("audio_projection", key_maps.AS_PUBLISHED),
}
"""Published prefix in the stage-2 file to our network and its names."""


def published_files(preset: Preset) -> Layout:
    """File to key to shape of both trained stages; the frozen encoders keep their own publishers' layout."""
    networks = empty_networks(preset)
    return {
        STAGE_1_FILE: published_layout(networks.smga, key_maps.SMGA),
        STAGE_2_FILE: _stage_2(networks),
    }


def _stage_2(networks: Networks) -> dict[str, tuple[int, ...]]:
    named = networks.named()
    return {
        prefix + key: shape
        for prefix, (name, key_map) in STAGE_2_NETWORKS.items()
        for key, shape in published_layout(named[name], key_map).items()
    }
