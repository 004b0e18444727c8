"""Speech as stage 2 hears it: every layer of wav2vec 2.0 at video rate, each frame with its neighbours (spec §6)."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
import torch
from torch.nn import functional as F

from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.keypoints import Float32Array
from mmgt_core.types import SAMPLES_PER_FRAME, Waveform

if TYPE_CHECKING:  # two seconds of imports that the small preset has no use for
    from transformers import Wav2Vec2Model

_VARIANCE_FLOOR = 1e-7
_NEIGHBOURS = 2
"""Frames on either side that are stacked with each frame."""

BLOCK_FRAMES = 20 * 25
"""Longer speech is encoded in blocks of twenty seconds, so that memory does not grow with its length."""
MARGIN_FRAMES = 2 * 25
"""What a block hears beyond its ends."""
_CACHED_BLOCKS = 2


SpeechEncoder: TypeAlias = Union["Wav2Vec2Model", LogMelEncoder]
"""What gives stage 2 its features: the published network, or what stands in its place."""


@dataclass(frozen=True)
class Level:
    """A recording's mean and deviation, of all of it: any part can be normalised by them."""

    mean: np.float32
    deviation: np.float32

    @classmethod
    def of(cls, parts: Iterable[Float32Array]) -> "Level":
        """Of a whole recording in parts, (samples,) each: of ten minutes in one, copies would take 77 MB."""
        num_samples, total, squares = 0, 0.0, 0.0
        for part in parts:
            samples = part.astype(np.float64)
            num_samples += len(part)
            total += float(samples.sum())
            squares += float(samples @ samples)
        mean = total / num_samples
        return cls(np.float32(mean), np.float32(np.sqrt(squares / num_samples - mean**2 + _VARIANCE_FLOOR)))

    def normalise(self, samples: Float32Array) -> Float32Array:
        """A part of the recording at zero mean and unit variance: (samples,) float32."""
        return ((samples - self.mean) / self.deviation).astype(np.float32)


def normalise(samples: Float32Array) -> Float32Array:
    """Zero mean and unit variance over the whole recording: (samples,) float32."""
    return Level.of([samples]).normalise(samples)


@torch.inference_mode()
def hidden_states(model: "Wav2Vec2Model", normalised: torch.Tensor, num_frames: int) -> torch.Tensor:
    """Outputs of all encoder layers at video rate, (F, layers, D).

    Args:
        model: wav2vec 2.0, base layout.
        normalised: (samples,), on the model's device.
        num_frames: that the samples last; the convolutions' output is brought to it before the encoder.
    """
    convolved = model.feature_extractor(normalised.unsqueeze(0))  # (1, C, N)
    at_video_rate = F.interpolate(convolved, size=num_frames, mode="linear", align_corners=True)
    hidden, _ = model.feature_projection(at_video_rate.transpose(1, 2))  # (1, F, D)
    hidden = model.encoder.layer_norm(hidden + model.encoder.pos_conv_embed(hidden))
    outputs = []
    for layer in model.encoder.layers:
        hidden = layer(hidden)
        outputs.append(hidden[0])
    return torch.stack(outputs, dim=1)  # (F, layers, D)


def encoded(model: SpeechEncoder, normalised: torch.Tensor, num_frames: int) -> torch.Tensor:
    """Features at video rate, (F, layers, D), of normalised samples, (samples,), wherever the model is."""
    if isinstance(model, LogMelEncoder):
        return model(normalised, num_frames).unsqueeze(1)  # (F, 1, D)
    parameter = next(model.parameters())
    return hidden_states(model, normalised.to(parameter.device, parameter.dtype), num_frames)


def stack_neighbours(features: torch.Tensor) -> torch.Tensor:
    """Each frame with two on either side, repeated at the ends: (F, layers, D) to (F, A, layers, D)."""
    num_frames = len(features)
    offsets = torch.arange(-_NEIGHBOURS, _NEIGHBOURS + 1, device=features.device)
    frames = torch.arange(num_frames, device=features.device)[:, None] + offsets
    return features[frames.clamp(0, num_frames - 1)]


@dataclass(frozen=True)
class SpeechFeatures:
    """wav2vec features of any frames of one recording, computed in blocks when first asked for."""

    model: SpeechEncoder
    waveform: Waveform
    block_frames: int = BLOCK_FRAMES
    margin_frames: int = MARGIN_FRAMES
    blocks: OrderedDict[int, torch.Tensor] = field(default_factory=OrderedDict)

    @cached_property
    def level(self) -> Level:
        """Of the whole recording."""
        step = self.block_frames * SAMPLES_PER_FRAME
        starts = range(0, len(self.waveform.samples), step)
        return Level.of(self.waveform.part(start, start + step) for start in starts)

    def window(self, frames: Sequence[int]) -> torch.Tensor:
        """Features of these frames with their neighbours, (len(frames), A, layers, D).

        Args:
            frames: indices below `waveform.num_frames`, in any order.
        """
        parts = []
        for block, members in groupby(frames, key=lambda frame: frame // self.block_frames):
            first = block * self.block_frames
            parts.append(self._block(block)[[frame - first for frame in members]])
        return torch.cat(parts)

    def _block(self, block: int) -> torch.Tensor:
        if block not in self.blocks:
            if len(self.blocks) == _CACHED_BLOCKS:
                self.blocks.popitem(last=False)
            self.blocks[block] = self._encode(block)
        self.blocks.move_to_end(block)
        return self.blocks[block]

    def _encode(self, block: int) -> torch.Tensor:
        """Encode one block with its margins and cut them off after the neighbours are stacked."""
        num_frames = self.waveform.num_frames
        first, end = block * self.block_frames, min((block + 1) * self.block_frames, num_frames)
        heard_first, heard_end = max(0, first - self.margin_frames), min(num_frames, end + self.margin_frames)
        # The last frame hears what is left of the recording, which may be half a frame more or less than its share.
        last_sample = None if heard_end == num_frames else heard_end * SAMPLES_PER_FRAME
        samples = self.level.normalise(self.waveform.part(heard_first * SAMPLES_PER_FRAME, last_sample))
        stacked = stack_neighbours(encoded(self.model, torch.from_numpy(samples), heard_end - heard_first))
        return stacked[first - heard_first : end - heard_first]
