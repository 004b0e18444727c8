"""The only composition root: a preset's name and a folder of weights become a pipeline that can run."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from mmgt_core.audio.hand_made import HandMade, heard_here
from mmgt_core.checkpoints.converted import fill_network
from mmgt_core.checkpoints.folders import WeightsIndex, preset_folder, require_weights
from mmgt_core.checkpoints.networks import Networks, read_networks
from mmgt_core.checkpoints.packaged import DETAIL_NETWORK, PACKAGED_WEIGHTS, STUDENT, packaged_networks
from mmgt_core.checkpoints.untrained import untrained_networks
from mmgt_core.config import Preset
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.load_stage_1 import STAGE_1_NETWORKS, compose_stage_1
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.processor import finishing_dtype
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.layout import channels_last
from mmgt_core.unet.student import StudentDifferences, student_of

UNTRAINED = "untrained: random, from a fixed seed"
"""In place of a hash, where a network has no weights yet."""
_FULL_PRECISION = ("smga", "wavlm", "wav2vec")
"""Stage 1's visibility threshold is a rounding error of half precision away, and speech encoders are small."""


def load_pipeline(
    preset: Preset,
    weights: Path,
    device: torch.device,
    dtype: torch.dtype,
    audio_to_pose: AudioToPose | None = None,
    hand_made: HandMade = heard_here,
) -> AudioToVideo:
    """Load a preset's networks and put them together.

    Args:
        preset: which networks.
        weights: the folder that holds a folder for each converted preset.
        device: where to run.
        dtype: of the video networks; speech encoders and stage 1 stay in float32, latents become frames in what
            `finishing_dtype` says.
        audio_to_pose: stage 1 where it is loaded already; None loads it here.
        hand_made: who computes the features of speech that no network learned, where stage 1 is loaded here.

    Raises:
        WeightsError: weights are absent or not the expected ones.
    """
    folder, packaged = preset_folder(weights, preset), packaged_networks(preset, PACKAGED_WEIGHTS)
    require_weights(weights, preset, packaged)
    wanted = [name for name in Networks.names() if audio_to_pose is None or name not in STAGE_1_NETWORKS]
    dtypes = {name: torch.float32 if name in _FULL_PRECISION else dtype for name in wanted}
    if folder.is_dir():
        networks, told = read_networks(folder, preset, device, dtypes), WeightsIndex.read(folder).networks
        recorded, home = told, folder
    else:
        networks, told = _packaged_networks(preset, packaged, device, dtypes)
        recorded, home = packaged, PACKAGED_WEIGHTS
    detail_network = _detail_network(preset, recorded, home, device, dtype)
    for convolutional in (networks.denoising_unet, networks.reference_unet, networks.pose_guider):
        channels_last(convolutional)
    student_unet = _student_unet(preset, recorded, home, networks.denoising_unet)
    beside = ((DETAIL_NETWORK, detail_network), (STUDENT, student_unet))
    told = {**told, **{name: recorded[name] for name, network in beside if network is not None}}
    for network in (networks.vae.post_quant_conv, networks.vae.decoder, detail_network):
        if network is not None:
            channels_last(network.to(finishing_dtype(device, dtype)))
    stage_1 = audio_to_pose or compose_stage_1(preset, networks.smga, networks.wavlm, hand_made)
    return _compose(preset, networks, stage_1, told, detail_network, student_unet)


def _packaged_networks(
    preset: Preset, packaged: Mapping[str, str], device: torch.device, dtypes: Mapping[str, torch.dtype]
) -> tuple[Networks, Mapping[str, str]]:
    """The package's weights where their training is finished, random ones elsewhere; and where each is from."""
    networks = untrained_networks(preset)
    for name, dtype in dtypes.items():
        module = networks.named()[name]
        if name in packaged:
            fill_network(module, name, PACKAGED_WEIGHTS, preset, device, dtype)
        nn.Module.to(module, device, dtype)  # diffusers' own `to` warns of every dtype
    with_weights = [name for name, module in networks.named().items() if module.state_dict()]
    return networks, {name: packaged.get(name, UNTRAINED) for name in with_weights}


def _detail_network(
    preset: Preset, recorded: Mapping[str, str], folder: Path, device: torch.device, dtype: torch.dtype
) -> DetailNetwork | None:
    """What ends the frames; None where the preset has nothing of the kind, or nobody has trained it."""
    if preset.details is None or DETAIL_NETWORK not in recorded:
        return None
    with torch.device("meta"):
        network = DetailNetwork(preset.details)
    fill_network(network, DETAIL_NETWORK, folder, preset, device, dtype)
    return network


def _student_unet(
    preset: Preset, recorded: Mapping[str, str], folder: Path, teacher: DenoisingUNet
) -> DenoisingUNet | None:
    """The few-step student; None where no mode of the preset asks for it, or nobody has trained it."""
    if STUDENT not in recorded or not any(mode.is_distilled for mode in preset.modes):
        return None
    with torch.device("meta"):
        differences = StudentDifferences(teacher)
    weight = teacher.conv_in.weight
    fill_network(differences, STUDENT, folder, preset, weight.device, weight.dtype)
    student = student_of(teacher, differences)
    channels_last(student)
    return student


def _compose(
    preset: Preset,
    networks: Networks,
    stage_1: AudioToPose,
    weights: Mapping[str, str],
    detail_network: DetailNetwork | None,
    student_unet: DenoisingUNet | None,
) -> AudioToVideo:
    return AudioToVideo(
        preset=preset,
        weights=weights,
        audio_to_pose=stage_1,
        pose_to_video=PoseToVideo(
            networks.vae, networks.image_encoder, networks.reference_unet, networks.denoising_unet, student_unet
        ),
        pose_guider=networks.pose_guider,
        audio_projection=networks.audio_projection,
        wav2vec=networks.wav2vec,
        detail_network=detail_network,
    )
