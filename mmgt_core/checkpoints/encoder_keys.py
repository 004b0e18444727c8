"""Names of the frozen encoders' tensors: as published, and as their libraries have them now."""

import re
from collections.abc import Mapping

import torch

from mmgt_core.checkpoints.key_maps import VAE_FORMER_NAMES

Renames = tuple[tuple[str, str], ...]

_WEIGHT_NORM: Renames = (
    (r"pos_conv_embed\.conv\.weight_g$", r"pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"pos_conv_embed\.conv\.weight_v$", r"pos_conv_embed.conv.parametrizations.weight.original1"),
)

_WAVLM_ORIGINAL: Renames = (
    (r"^mask_emb$", r"masked_spec_embed"),
    (r"^(feature_extractor\.conv_layers\.\d+)\.0\.", r"\1.conv."),
    (r"^(feature_extractor\.conv_layers\.\d+)\.2\.1\.", r"\1.layer_norm."),
    (r"^post_extract_proj\.", r"feature_projection.projection."),
    (r"^layer_norm\.", r"feature_projection.layer_norm."),
    (r"^encoder\.pos_conv\.0\.", r"encoder.pos_conv_embed.conv."),
    (r"^(encoder\.layers\.\d+)\.self_attn_layer_norm\.", r"\1.layer_norm."),
    (r"^(encoder\.layers\.\d+)\.fc1\.", r"\1.feed_forward.intermediate_dense."),
    (r"^(encoder\.layers\.\d+)\.fc2\.", r"\1.feed_forward.output_dense."),
    (r"\.self_attn\.grep_a$", r".attention.gru_rel_pos_const"),
    (r"\.self_attn\.grep_linear\.", r".attention.gru_rel_pos_linear."),
    (r"\.self_attn\.relative_attention_bias\.", r".attention.rel_attn_embed."),
    (r"\.self_attn\.", r".attention."),
)
"""WavLM's own file; the library's has today's names already and passes unchanged."""

_WAV2VEC_PREFIX, _WAV2VEC_HEAD = "wav2vec2.", "lm_head."
_MASK_EMBEDDING = "masked_spec_embed"
"""Used in training only, and not in every published file."""


def wavlm_from_published(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """WavLM's tensors under the names of `WavLMModel`, from either published form."""
    return {_renamed(key, (*_WAVLM_ORIGINAL, *_WEIGHT_NORM)): value for key, value in state.items()}


def wav2vec_from_published(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """wav2vec 2.0's tensors under the names of `Wav2Vec2Model`: the recogniser's head is left out."""
    encoder = {
        _renamed(key.removeprefix(_WAV2VEC_PREFIX), _WEIGHT_NORM): value
        for key, value in state.items()
        if not key.startswith(_WAV2VEC_HEAD)
    }
    if _MASK_EMBEDDING not in encoder and (width := encoder.get("encoder.layer_norm.weight")) is not None:
        encoder[_MASK_EMBEDDING] = torch.zeros_like(width)
    return encoder


def _renamed(key: str, renames: Renames) -> str:
    for pattern, replacement in renames:
        key = re.sub(pattern, replacement, key)
    return key


def vae_from_published(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The autoencoder's attention had other names when it was published."""
    renamed = {}
    for key, value in state.items():
        for old, new in VAE_FORMER_NAMES:
            key = key.replace(old, new)
        renamed[key] = value
    return renamed


def image_encoder_from_published(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Older files carry the numbers of the positions, which are not weights."""
    return {key: value for key, value in state.items() if not key.endswith("embeddings.position_ids")}
