"""Audio features of both stages."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F
from transformers import Wav2Vec2Config, Wav2Vec2Model, WavLMConfig, WavLMModel

from mmgt_core.audio.baseline import baseline_features, onset_envelope, resample
from mmgt_core.audio.smga_features import normalise_segment, wavlm_features
from mmgt_core.audio.wav2vec import hidden_states, normalise, stack_neighbours
from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.encoder_keys import wav2vec_from_published, wavlm_from_published
from mmgt_core.checkpoints.loading import load_published
from mmgt_core.keypoints import Float32Array
from mmgt_core.parity.case import GoldenCase, Produced
from mmgt_core.types import SAMPLES_PER_FRAME

_SEGMENT_FRAMES = 80
_SHORT_SAMPLES = 40_000
"""The 2.5 s of the short recordings."""


def run_baseline(case: GoldenCase) -> Iterator[Produced]:
    """The 35 hand-made features of each recording."""
    for name, facts in case.config["info"].items():
        samples, rate_hz = _samples(case, f"in/wav_{name}_int16"), facts["sr"]
        yield f"out/feat_{name}", baseline_features(samples, rate_hz)[:_SEGMENT_FRAMES]
        yield f"mid/resampled12800_{name}", resample(samples, rate_hz)
        yield f"mid/onset_env_{name}", onset_envelope(samples, rate_hz)


def run_wavlm(case: GoldenCase) -> Iterator[Produced]:
    """WavLM at video rate, through the key map of its original file."""
    state = wavlm_from_published(case.weights())
    model = WavLMModel(WavLMConfig(**case.config["hf_config"], apply_spec_augment=False))
    model = load_published(model, key_maps.AS_PUBLISHED, state, "WavLM")
    samples = _samples(case, "in/wav_int16")
    normalised = normalise_segment(torch.from_numpy(samples)).unsqueeze(0)
    yield "mid/normalized_wav", normalised
    convolved = model.feature_extractor(normalised)
    yield "mid/conv_out", convolved
    hidden = model(normalised).last_hidden_state
    yield "mid/hf_last_hidden_state", hidden
    yield "mid/extract_features", hidden
    yield "out/feats80", wavlm_features(model, samples)


def run_wav2vec(case: GoldenCase) -> Iterator[Produced]:
    """wav2vec 2.0: whole recording, a short one padded to 80 frames, the same one as it is."""
    model = Wav2Vec2Model(Wav2Vec2Config(**case.config["config"], apply_spec_augment=False))
    state = wav2vec_from_published(case.weights())
    model = load_published(model, key_maps.AS_PUBLISHED, state, "wav2vec 2.0")
    samples = _samples(case, "in/wav_int16")
    normalised, num_frames = _padded(samples, _SEGMENT_FRAMES)
    features = hidden_states(model, normalised, num_frames)
    yield "out/emb_clip80", features
    yield "out/windowed", stack_neighbours(features)
    yield "out/len_clip80", torch.tensor(_num_frames(samples))
    yield "mid/normalized_wav", normalised.unsqueeze(0)
    convolved = model.feature_extractor(normalised.unsqueeze(0))
    yield "mid/conv_features", convolved.transpose(1, 2)
    interpolated = F.interpolate(convolved, size=num_frames, mode="linear", align_corners=True).transpose(1, 2)
    yield "mid/interpolated", interpolated
    projected, _ = model.feature_projection(interpolated)
    yield "mid/hidden_state_0", model.encoder.layer_norm(projected + model.encoder.pos_conv_embed(projected))

    short = samples[:_SHORT_SAMPLES]
    yield "out/len_2p5s", torch.tensor(_num_frames(short))
    yield "out/emb_2p5s_clip80", hidden_states(model, *_padded(short, _SEGMENT_FRAMES))
    yield "out/emb_2p5s_noclip", hidden_states(model, *_padded(short, 1))


def _samples(case: GoldenCase, key: str) -> Float32Array:
    """Recorded 16-bit samples as the loader gives them."""
    return case[key].numpy().astype(np.float32) / np.float32(32768)


def _num_frames(samples: Float32Array) -> int:
    return -(-len(samples) // SAMPLES_PER_FRAME)


def _padded(samples: Float32Array, multiple: int) -> tuple[torch.Tensor, int]:
    """Normalised samples, then zeros up to a multiple of so many frames: upstream's order (spec §6)."""
    num_frames = _num_frames(samples)
    missing = -num_frames % multiple
    normalised = F.pad(torch.from_numpy(normalise(samples)), (0, missing * SAMPLES_PER_FRAME))
    return normalised, num_frames + missing
