"""The only composition root: a preset's name and a folder of weights become a pipeline that can run."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from mmgt_core.checkpoints.converted import WeightsIndex, fill_network, holds_converted_weights, recorded_networks
from mmgt_core.checkpoints.networks import Networks, read_networks
from mmgt_core.checkpoints.packaged import DETAIL_NETWORK, PACKAGED_WEIGHTS
from mmgt_core.checkpoints.untrained import untrained_networks
from mmgt_core.config import MMGT_DEMO, PRESETS, Preset
from mmgt_core.errors import WeightsError
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.detail_network import DetailNetwork
from mmgt_core.pipelines.pose_to_video import PoseToVideo

UNTRAINED = "untrained: random, from a fixed seed"
"""In place of a hash, where a network has no weights yet."""
_FULL_PRECISION = ("smga", "wavlm", "wav2vec")
"""Stage 1's visibility threshold is a rounding error of half precision away, and speech encoders are small."""


def find_preset(name: str) -> Preset:
    """Raises: WeightsError: there is no such preset; names those that are."""
    if name not in PRESETS:
        raise WeightsError(f"there is no preset {name}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_folder(weights: Path, preset: Preset) -> Path:
    """Where a preset's converted weights lie."""
    return weights / preset.name


def default_preset(weights: Path) -> Preset:
    """The published layout where its weights are present, else the small one."""
    published, demo = PRESETS["mmgt-512"], PRESETS["mmgt-demo"]
    return published if holds_converted_weights(preset_folder(weights, published)) else demo


def load_pipeline(preset: Preset, weights: Path, device: torch.device, dtype: torch.dtype) -> AudioToVideo:
    """Load a preset's networks and put them together.

    Args:
        preset: which networks.
        weights: the folder that holds a folder for each converted preset.
        device: where to run.
        dtype: of the video networks; speech encoders and stage 1 stay in float32.

    Raises:
        WeightsError: weights are absent or not the expected ones.
    """
    folder = preset_folder(weights, preset)
    dtypes = {name: torch.float32 if name in _FULL_PRECISION else dtype for name in Networks.names()}
    if folder.is_dir():
        networks, recorded = read_networks(folder, preset, device, dtypes), WeightsIndex.read(folder).networks
        return _compose(preset, networks, recorded, _detail_network(preset, recorded, folder, device, dtype))
    packaged = recorded_networks(PACKAGED_WEIGHTS) if preset.name == MMGT_DEMO.name else {}
    if preset.is_trained and not packaged:
        raise WeightsError(
            f"{preset.name}: no weights in {folder}; fetch them with `mmgt weights pull` and `mmgt weights convert`"
        )
    networks, told = _packaged_networks(preset, packaged, device, dtypes)
    detail_network = _detail_network(preset, packaged, PACKAGED_WEIGHTS, device, dtype)
    if detail_network is not None:
        told = {**told, DETAIL_NETWORK: packaged[DETAIL_NETWORK]}
    return _compose(preset, networks, told, detail_network)


def _packaged_networks(
    preset: Preset, packaged: Mapping[str, str], device: torch.device, dtypes: Mapping[str, torch.dtype]
) -> tuple[Networks, Mapping[str, str]]:
    """The package's weights where their training is finished, random ones elsewhere; and where each is from."""
    networks = untrained_networks(preset)
    for name, module in networks.named().items():
        if name in packaged:
            fill_network(module, name, PACKAGED_WEIGHTS, preset, device, dtypes[name])
        nn.Module.to(module, device, dtypes[name])  # diffusers' own `to` warns of every dtype
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


def _compose(
    preset: Preset, networks: Networks, weights: Mapping[str, str], detail_network: DetailNetwork | None
) -> AudioToVideo:
    return AudioToVideo(
        preset=preset,
        weights=weights,
        audio_to_pose=AudioToPose(
            networks.smga,
            networks.wavlm,
            preset.smga.segment_frames,
            preset.pose_guidance_scale,
            preset.head_guidance_scale,
        ),
        pose_to_video=PoseToVideo(
            networks.vae, networks.image_encoder, networks.reference_unet, networks.denoising_unet
        ),
        pose_guider=networks.pose_guider,
        audio_projection=networks.audio_projection,
        wav2vec=networks.wav2vec,
        detail_network=detail_network,
    )
