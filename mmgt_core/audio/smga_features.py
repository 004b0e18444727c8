"""Speech as stage 1 hears it: WavLM features and the 35 hand-made ones, one row a video frame (spec §2)."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from mmgt_core.audio.hand_made import HandMade, heard_here
from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.keypoints import Float32Array
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME

if TYPE_CHECKING:  # a second of imports that the small preset has no use for
    from transformers import WavLMModel

_VARIANCE_FLOOR = 1e-5
"""Not the 1e-7 of the published feature extractor: on quiet speech the two differ (spec §2)."""


def segment_condition(
    model: "WavLMModel | LogMelEncoder", samples: Float32Array, hand_made: HandMade = heard_here
) -> torch.Tensor:
    """Condition of one segment, (F, D + 35) float32.

    Args:
        model: WavLM, or what stands in its place.
        samples: (F · 640,) float32, 16 kHz.
        hand_made: who computes the 35 features.
    """
    num_frames = len(samples) // SAMPLES_PER_FRAME
    if isinstance(model, LogMelEncoder):
        learned = model(normalise_segment(torch.from_numpy(samples)), num_frames)
    else:
        learned = wavlm_features(model, samples)
    by_hand = torch.from_numpy(hand_made(samples, SAMPLE_RATE_HZ)[:num_frames])
    return torch.cat([learned.float(), by_hand.to(learned.device)], dim=-1)  # (F, D + 35)


@torch.inference_mode()
def wavlm_features(model: "WavLMModel", samples: Float32Array) -> torch.Tensor:
    """The last hidden state at video rate: (F, D), on the model's device.

    Args:
        model: WavLM.
        samples: (samples,) float32, 16 kHz; normalised here over its whole length.

    Source: spec §2: the last of WavLM's frames is doubled before they are halved in number, with aligned corners.
    """
    parameter = next(model.parameters())
    speech = torch.from_numpy(np.ascontiguousarray(samples)).to(parameter.device)
    speech = normalise_segment(speech).to(parameter.dtype)
    hidden = model(speech.unsqueeze(0)).last_hidden_state  # (1, N, D)
    hidden = torch.cat([hidden, hidden[:, -1:]], dim=1)
    num_frames = (hidden.shape[1] + 1) // 2
    resized = F.interpolate(hidden.transpose(1, 2), size=num_frames, mode="linear", align_corners=True)
    return resized[0].transpose(0, 1)  # (F, D)


def normalise_segment(samples: torch.Tensor) -> torch.Tensor:
    """Zero mean and unit variance over the whole segment: (samples,) float32."""
    return F.layer_norm(samples, samples.shape, eps=_VARIANCE_FLOOR)
