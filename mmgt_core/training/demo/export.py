"""From finished runs to the package's weights: half precision, one file a network, an index with their hashes."""

import logging
from pathlib import Path

from torch import nn

from mmgt_core.checkpoints.converted import write_network
from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.checkpoints.folders import WeightsIndex, holds_converted_weights, network_file
from mmgt_core.checkpoints.networks import build_image_encoder, build_vae
from mmgt_core.checkpoints.packaged import DETAIL_NETWORK, KEYPOINTS, STUDENT
from mmgt_core.config import MMGT_DEMO, PRESENTER_DETAILS, PRESENTER_KEYPOINTS
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.smga.model import SMGA
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.presenters.latents import STANDARDISED
from mmgt_core.training.stage_2.starts import DENOISING_UNET, VAE_NAME, loaded
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet
from mmgt_core.unet.student import StudentDifferences

logger = logging.getLogger(__name__)

_TRAINED_IN = {
    "smga": "smga",
    DENOISING_UNET: "speech",
    "reference_unet": "speech",
    "pose_guider": "speech",
    "audio_projection": "speech",
    "image_encoder": "speech",
    VAE_NAME: f"vae/{STANDARDISED}",
    KEYPOINTS: "keypoints",
    DETAIL_NETWORK: "details",
    STUDENT: "distill",
}
"""By network: the folder in the folder of all runs."""


def export_demo_weights(runs: Path, target: Path) -> WeightsIndex:
    """Write the weights of `mmgt-demo` and of its detector, as far as their trainings are finished.

    A network that was not trained in this folder stays what it is in the target; one that is there already is not
    written again.

    Args:
        runs: the folder with a folder for each training.
        target: the folder to write; its index comes last.

    Raises:
        ConfigurationError: no training is finished.
        WeightsError: a value that half precision cannot hold.
    """
    target.mkdir(parents=True, exist_ok=True)
    before = WeightsIndex.read(target) if holds_converted_weights(target) else WeightsIndex(MMGT_DEMO.name, {}, {})
    hashes, sources = dict(before.networks), dict(before.sources)
    for name, network in _networks().items():
        path = network_file(runs / _TRAINED_IN[name], name)
        if not path.is_file() or file_sha256(path) == sources.get(name):
            continue
        hashes[name] = write_network(target, name, network, loaded(network, path).state_dict())
        sources[name] = file_sha256(path)
        if name == DENOISING_UNET:
            _forget_student(target, hashes, sources)
        logger.info("network_exported name=%s", name)
    if not hashes:
        raise ConfigurationError(f"{runs} holds no finished training")
    index = WeightsIndex(MMGT_DEMO.name, hashes, sources)
    index.write(target)
    return index


def _forget_student(target: Path, *records: dict[str, str]) -> None:
    """Another teacher is there: what its student had otherwise would be added to strange weights."""
    network_file(target, STUDENT).unlink(missing_ok=True)
    for record in records:
        record.pop(STUDENT, None)


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
        DETAIL_NETWORK: DetailNetwork(PRESENTER_DETAILS),
        STUDENT: StudentDifferences(DenoisingUNet(preset.unet)),
    }
