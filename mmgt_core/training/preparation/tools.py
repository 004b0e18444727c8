"""Load what one process needs to prepare clips: a keypoint detector and, of a preset, the two speech encoders."""

from pathlib import Path

import torch

from mmgt_core.checkpoints.converted import fill_network
from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.checkpoints.folders import default_preset, preset_folder
from mmgt_core.checkpoints.networks import build_wav2vec, build_wavlm
from mmgt_core.config import Preset
from mmgt_core.training.preparation.settings import Tools
from mmgt_core.training.preparation.speech import SpeechEncoders


def load_tools(weights: Path, preset: Preset | None, device: torch.device) -> Tools:
    """The detector that inference would take, and a preset's speech encoders in float32.

    Args:
        weights: the folder of published and converted weights.
        preset: whose encoders; None for none.
        device: of the encoders.

    Raises:
        WeightsError: weights are absent or not the expected ones.
    """
    detector = load_detector(weights, preset or default_preset(weights))
    return Tools(detector, load_speech_encoders(weights, preset, device) if preset else None)


def load_speech_encoders(weights: Path, preset: Preset, device: torch.device) -> SpeechEncoders:
    """Raises: WeightsError: the preset's encoders have weights, and these are absent or not the expected ones."""
    with torch.device("meta"):
        encoders = SpeechEncoders(build_wavlm(preset.wavlm), build_wav2vec(preset.wav2vec))
    for name, module in (("wavlm", encoders.wavlm), ("wav2vec", encoders.wav2vec)):
        if module.state_dict():
            fill_network(module, name, preset_folder(weights, preset), preset, device, torch.float32)
    return encoders
