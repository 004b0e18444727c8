"""What comes before process 2 where drawn mouths are held: the projection of speech learns to tell mouths apart.

The diffusion loss of a few lip cells tells little to tokens that know nothing of speech. A linear reading of the
tokens, which is thrown away afterwards, teaches them in seconds.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.keypoints import FACE, LIPS, Float32Array
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.training.stage_2.clips import TrainingClips
from mmgt_core.types import PoseSequence
from mmgt_core.unet.audio_projection import AudioProjection

_CLIPS_A_STEP = 24
_LEARNING_RATE = 1e-3
_MEASURED_CLIPS = 100
_MAX_GRADIENT_NORM = 1.0
_CORNERS = (LIPS.start, LIPS.start + 6)
_OUTER_EYES = (FACE.start + 36, FACE.start + 45)


def teach_mouths(projection: AudioProjection, clips: TrainingClips, num_steps: int, seed: int) -> float:
    """Train the projection until its tokens, read linearly, tell how far the mouth is open and how wide it is.

    Args:
        projection: on the CPU; it is changed.
        clips: of which speech and true poses are taken.
        num_steps: of 24 clips, whole.
        seed: of the choice of clips and of the reading's first weights; the same gives the same weights.

    Returns:
        The last steps' mean squared error, of targets of unit variance.
    """
    chance = np.random.default_rng(seed)
    measured = np.concatenate([_mouths(clips, index) for index in range(min(_MEASURED_CLIPS, len(clips)))])
    mean, deviation = measured.mean(axis=0), measured.std(axis=0) + 1e-6
    reading = _reading(projection, measured.shape[1], seed)
    parameters = [*projection.parameters(), *reading.parameters()]
    optimiser = torch.optim.AdamW(parameters, _LEARNING_RATE, weight_decay=1e-2)
    error = 1.0
    for _ in range(num_steps):
        chosen = chance.choice(len(clips), min(_CLIPS_A_STEP, len(clips)), replace=False).tolist()
        speech = torch.stack([clips.speech_of(index, _targets(clips)) for index in chosen])  # (B, F, A, layers, D)
        mouths = np.stack([(_mouths(clips, index) - mean) / deviation for index in chosen])
        loss = F.mse_loss(reading(projection(speech).flatten(2)), torch.from_numpy(mouths))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, _MAX_GRADIENT_NORM)
        optimiser.step()
        error += 0.05 * (float(loss.detach()) - error)
    optimiser.zero_grad()
    return error


def _targets(clips: TrainingClips) -> range:
    return range(clips.first_target, clips.num_frames)


def _mouths(clips: TrainingClips, index: int) -> Float32Array:
    """Opening and width of the mouth, in shares of the distance between the eyes' outer corners: (F, 2)."""
    keypoints = clips.keypoints_of(index, _targets(clips))
    width, eyes = (
        np.linalg.norm(keypoints[:, b, :2] - keypoints[:, a, :2], axis=1) for a, b in (_CORNERS, _OUTER_EYES)
    )
    mouths = np.stack([mouth_opening(PoseSequence(keypoints)), width], axis=1) / np.maximum(eyes, 1.0)[:, None]
    return mouths.astype(np.float32)


def _reading(projection: AudioProjection, num_targets: int, seed: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(projection.proj3.out_features, num_targets)
