"""The published layout's classes at a size for tests: every network is the real one, speech encoders too."""

from mmgt_core.config import (
    BASELINE_FEATURES,
    AudioLayout,
    AudioProjectionConfig,
    ImageEncoderConfig,
    PoseGuiderConfig,
    Preset,
    SMGAConfig,
    SpeechEncoderConfig,
    UNetConfig,
    VAEConfig,
)

SMALL = Preset(
    name="small",
    resolution=128,
    is_trained=False,
    is_for_drawings=False,
    smga=SMGAConfig(
        width=512, feedforward_width=128, num_layers=2, num_heads=8, condition_features=64 + BASELINE_FEATURES
    ),
    unet=UNetConfig(
        block_out_channels=(32, 64, 64, 64),
        cross_attention_dim=64,
        audio_attention_dim=64,
        audio_layout=AudioLayout.DOWN,
        layers_per_block=1,
        num_heads=2,
    ),
    pose_guider=PoseGuiderConfig(block_out_channels=(8, 16, 16, 32), out_channels=32),
    audio_projection=AudioProjectionConfig(
        window_frames=5, num_layers=3, features=64, hidden=64, tokens=8, token_features=64
    ),
    vae=VAEConfig(block_out_channels=(16, 16, 32, 32), layers_per_block=1, norm_num_groups=8),
    image_encoder=ImageEncoderConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        patch_size=32,
        projection_dim=64,
    ),
    wavlm=SpeechEncoderConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        conv_channels=32,
        position_kernel=16,
        position_groups=4,
    ),
    wav2vec=SpeechEncoderConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        conv_channels=32,
        position_kernel=16,
        position_groups=4,
    ),
    num_inference_steps=4,
    guidance_scale=3.5,
    pose_guidance_scale=2.0,
)
