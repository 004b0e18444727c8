"""From finished runs to the package's weights: half precision, one file a network, an index with their hashes."""

from pathlib import Path

from torch import nn

from mmgt_core.checkpoints.converted import WeightsIndex, file_sha256, write_network
from mmgt_core.checkpoints.networks import build_image_encoder, build_vae
from mmgt_core.checkpoints.packaged import KEYPOINTS
from mmgt_core.config import MMGT_DEMO, PRESENTER_KEYPOINTS
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.smga.model import SMGA
from mmgt_core.training.starts import VAE_NAME, loaded
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet


def export_demo_weights(runs: Path, presenters: Path, target: Path) -> WeightsIndex:
    """Write the weights of `mmgt-demo` and of its detector.

    Args:
        runs: the folder with a folder for each finished training.
        presenters: where the autoencoder stands whose latents stage 2 learned.
        target: the folder to write; its index comes last.

    Raises:
        ConfigurationError: a training is not finished.
        WeightsError: a value that half precision cannot hold.
    """
    target.mkdir(parents=True, exist_ok=True)
    files = {
        "smga": runs / "smga",
        "denoising_unet": runs / "video",
        "reference_unet": runs / "video",
        "pose_guider": runs / "video",
        "audio_projection": runs / "video",
        "image_encoder": runs / "video",
        VAE_NAME: presenters,
        KEYPOINTS: runs / "keypoints",
    }
    hashes, sources = {}, {}
    for name, network in _networks().items():
        path = files[name] / f"{name}.safetensors"
        hashes[name] = write_network(target, name, network, loaded(network, path).state_dict())
        sources[name] = file_sha256(path)
    index = WeightsIndex(MMGT_DEMO.name, hashes, sources)
    index.write(target)
    return index


def _networks() -> dict[str, nn.Module]:
    preset = MMGT_DEMO
    return {
        "smga": SMGA(preset.smga),
        "denoising_unet": DenoisingUNet(preset.unet),
        "reference_unet": ReferenceUNet(preset.unet),
        "pose_guider": PoseGuider(preset.pose_guider),
        "audio_projection": AudioProjection(preset.audio_projection),
        "image_encoder": build_image_encoder(preset.image_encoder),
        VAE_NAME: build_vae(preset.vae),
        KEYPOINTS: KeypointNetwork(PRESENTER_KEYPOINTS),
    }
