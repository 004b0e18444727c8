"""Stage 2's networks as their training, or the package, left them: what others learn from."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.checkpoints.folders import network_file
from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import Preset
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.stage_2.networks import VideoNetworks
from mmgt_core.training.stage_2.starts import VAE_NAME, VIDEO_NETWORKS, loaded, random_video_networks


@dataclass(frozen=True)
class Stage2Files:
    """Where finished networks lie: start, a folder of NETWORK.safetensors; vae, the autoencoder they learned with."""

    start: Path
    vae: Path

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file, by network. Raises: ConfigurationError: a file is absent."""
        paths = {VAE_NAME: self.vae, **{name: network_file(self.start, name) for name in VIDEO_NETWORKS}}
        absent = [str(path) for path in paths.values() if not path.is_file()]
        if absent:
            raise ConfigurationError(f"{', '.join(absent)}: absent; the end of stage 2 learns from finished networks")
        return {name: file_sha256(path) for name, path in paths.items()}


@cache
def finished_networks(preset: Preset, files: Stage2Files) -> VideoNetworks:
    """Stage 2 from its files, frozen; read once in a process."""
    networks = finished_video_networks(preset, loaded(build_vae(preset.vae), files.vae), files.start)
    for name in (VAE_NAME, *VIDEO_NETWORKS):
        getattr(networks, name).requires_grad_(False).eval()
    return networks


def finished_video_networks(preset: Preset, vae: Autoencoder, start: Path) -> VideoNetworks:
    """Process 2's networks as its run, or the package, left them.

    Args:
        preset: of the networks.
        vae: frozen.
        start: folder of NETWORK.safetensors.

    Raises:
        ConfigurationError: a file is absent.
        WeightsError: its tensors are not the preset's; lists them.
    """
    networks = random_video_networks(preset, vae, seed=0)
    for name in VIDEO_NETWORKS:
        loaded(getattr(networks, name), network_file(start, name))
    return networks
