"""Stage 1 of a preset alone, so that it can begin before the libraries and weights of stage 2 are loaded."""

from importlib import import_module
from pathlib import Path

import torch
from torch import nn

from mmgt_core.audio.hand_made import HandMade, heard_here
from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.checkpoints.converted import fill_network
from mmgt_core.checkpoints.folders import preset_folder
from mmgt_core.checkpoints.packaged import PACKAGED_WEIGHTS, packaged_networks
from mmgt_core.checkpoints.untrained_smga import untrained_smga
from mmgt_core.config import LogMelConfig, Preset
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.smga.model import SMGA

NETWORKS_MODULE, UNTRAINED_MODULE = "mmgt_core.checkpoints.networks", "mmgt_core.checkpoints.untrained"
"""Imported by name, for they bring the libraries of stage 2; the small preset's stage 1 needs neither."""
SMGA_NAME, WAVLM_NAME = "smga", "wavlm"
STAGE_1_NETWORKS = (SMGA_NAME, WAVLM_NAME)


def load_audio_to_pose(
    preset: Preset, weights: Path, device: torch.device, hand_made: HandMade = heard_here
) -> AudioToPose:
    """Load stage 1 in float32: its visibility threshold is a rounding error of half precision away.

    Args:
        preset: which networks.
        weights: the folder that holds a folder for each converted preset.
        device: where to run.
        hand_made: who computes the features of speech that no network learned.

    Raises:
        WeightsError: weights are not the expected ones.
    """
    folder = preset_folder(weights, preset)
    if folder.is_dir():
        smga, wavlm = _filled(preset, folder, device)
    elif SMGA_NAME in packaged_networks(preset):
        smga, wavlm = _filled(preset, PACKAGED_WEIGHTS, device)
    else:
        smga, wavlm = _untrained(preset)
    for network in (smga, wavlm):
        nn.Module.to(network, device, torch.float32)
    return compose_stage_1(preset, smga, wavlm, hand_made)


def compose_stage_1(preset: Preset, smga: SMGA, wavlm: nn.Module, hand_made: HandMade = heard_here) -> AudioToPose:
    """Put stage 1 together from its networks, with the preset's numbers."""
    return AudioToPose(
        smga,
        wavlm,
        preset.smga.segment_frames,
        preset.pose_guidance_scale,
        preset.head_guidance_scale,
        hand_made,
    )


def _filled(preset: Preset, folder: Path, device: torch.device) -> tuple[SMGA, nn.Module]:
    with torch.random.fork_rng(devices=[]):  # the meta device would draw nothing, and takes a second to be imported
        smga, wavlm = SMGA(preset.smga), _speech_encoder(preset)
    for name, network in ((SMGA_NAME, smga), (WAVLM_NAME, wavlm)):
        fill_network(network, name, folder, preset, device, torch.float32)
    return smga, wavlm.eval()


def _untrained(preset: Preset) -> tuple[SMGA, nn.Module]:
    if isinstance(preset.wavlm, LogMelConfig):
        return untrained_smga(preset.smga), LogMelEncoder(preset.wavlm).eval()
    networks = import_module(UNTRAINED_MODULE).untrained_networks(preset)  # they are drawn one after the other
    return networks.smga, networks.wavlm


def _speech_encoder(preset: Preset) -> nn.Module:
    if isinstance(preset.wavlm, LogMelConfig):
        return LogMelEncoder(preset.wavlm)
    return import_module(NETWORKS_MODULE).build_wavlm(preset.wavlm)
