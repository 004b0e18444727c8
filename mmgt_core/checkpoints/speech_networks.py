"""The two learned speech encoders; imported by name, for their library takes seconds and the small preset has none."""

from transformers import Wav2Vec2Config, Wav2Vec2Model, WavLMConfig, WavLMModel

from mmgt_core.config import SpeechEncoderConfig


def wavlm(config: SpeechEncoderConfig) -> WavLMModel:
    """WavLM in the Large manner: layer norm in the convolutions and before each layer."""
    return WavLMModel(
        WavLMConfig(
            **_arguments(config),
            feat_extract_norm="layer",
            do_stable_layer_norm=True,
            num_buckets=320,
            max_bucket_distance=800,
        )
    )


def wav2vec(config: SpeechEncoderConfig) -> Wav2Vec2Model:
    """wav2vec 2.0 in the base manner: group norm in the first convolution."""
    return Wav2Vec2Model(Wav2Vec2Config(**_arguments(config), feat_extract_norm="group"))


def _arguments(config: SpeechEncoderConfig) -> dict[str, object]:
    return {
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "conv_dim": (config.conv_channels,) * 7,
        "conv_bias": False,
        "num_conv_pos_embeddings": config.position_kernel,
        "num_conv_pos_embedding_groups": config.position_groups,
        "apply_spec_augment": False,
    }
