"""Frozen configurations of every network, the presets that fill them, and the only home of sampling defaults."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from mmgt_core.keypoints import NUM_KEYPOINT_VALUES
from mmgt_core.pose_sampling import PoseWishes
from mmgt_core.quality import (
    GUIDED_MODES,
    STUDENT_MODE,
    UNGUIDED_MODES,
    Asked,
    Quality,
    VideoSampling,
    WindowSchedule,
    mode_called,
)
from mmgt_core.types import BackgroundMask, MaskMotion, RegionWeights

BASELINE_FEATURES = 35
"""Hand-made audio features of stage 1, beside those of WavLM."""


class AudioLayout(StrEnum):
    """Where MM-HAA modules stand: the published six, or the sixteen of Hallo, the method's ancestor."""

    DOWN = "down"
    DOWN_MID_UP = "down_mid_up"


@dataclass(frozen=True)
class SMGAConfig:
    """Stage 1's network; has_two_branches and has_film are False only in table V's ablations."""

    width: int
    feedforward_width: int
    num_layers: int
    num_heads: int
    condition_features: int
    segment_frames: int = 80
    num_condition_layers: int = 2
    pose_features: int = NUM_KEYPOINT_VALUES
    has_two_branches: bool = True
    has_film: bool = True


@dataclass(frozen=True)
class UNetConfig:
    """Stage 2's denoising UNet and, without audio and motion, its reference UNet."""

    block_out_channels: tuple[int, ...]
    cross_attention_dim: int
    audio_attention_dim: int
    audio_layout: AudioLayout
    in_channels: int = 4
    out_channels: int = 4
    layers_per_block: int = 2
    num_heads: int = 8
    norm_num_groups: int = 32
    max_window_frames: int = 32


@dataclass(frozen=True)
class PoseGuiderConfig:
    """Convolutions from pose images to the width of the denoising UNet's first layer."""

    block_out_channels: tuple[int, ...]
    out_channels: int


@dataclass(frozen=True)
class AudioProjectionConfig:
    """From stacked wav2vec features of a frame to its audio context tokens."""

    window_frames: int
    num_layers: int
    features: int
    hidden: int
    tokens: int
    token_features: int


@dataclass(frozen=True)
class VAEConfig:
    """The image autoencoder, as diffusers' AutoencoderKL has it."""

    block_out_channels: tuple[int, ...]
    layers_per_block: int
    norm_num_groups: int
    latent_channels: int = 4
    scaling_factor: float = 0.18215

    @property
    def downscale(self) -> int:
        """Pixels along one side of a latent cell."""
        return int(2 ** (len(self.block_out_channels) - 1))


@dataclass(frozen=True)
class ImageEncoderConfig:
    """CLIP's image tower, as transformers' CLIPVisionModelWithProjection has it."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    patch_size: int
    projection_dim: int
    hidden_act: str = "quick_gelu"


@dataclass(frozen=True)
class SpeechEncoderConfig:
    """transformers' WavLMModel or Wav2Vec2Model."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    conv_channels: int
    position_kernel: int
    position_groups: int


@dataclass(frozen=True)
class LogMelConfig:
    """Stands where a speech encoder's configuration would: log-mel energies, which nobody has to train."""

    num_bands: int
    columns_per_frame: int

    @property
    def hidden_size(self) -> int:
        """Features of one video frame."""
        return self.num_bands * self.columns_per_frame


@dataclass(frozen=True)
class KeypointNetworkConfig:
    """The detector of drawn presenters: widths on the way down, each at half the side, and of the way up."""

    widths: tuple[int, ...]
    decoder_width: int


@dataclass(frozen=True)
class DetailNetworkConfig:
    """What ends a small preset's frames. widths: at 1/2, 1/4, 1/8 of its side. sees_bones: a puppet's evidence too."""

    widths: tuple[int, int, int]
    sees_bones: bool = False


@dataclass(frozen=True)
class Preset:
    """A whole set of network configurations, and what its default sampling is.

    is_for_drawings: it has only seen drawn presenters, no photographs. knows_one_figure: so has its stage 1; anybody
    else moves as the presenter does (`pose/carrying_over.py`). is_noise_shared: a video's frames begin from the same
    noise, so that what stands still in it does not shimmer; for weights that were trained so. head_guidance_scale: of
    stage 1 for face and head, where gestures need more guidance than mouths bear; None: the same. details: of the
    network that puts back into frames what the others lose of the portrait; None: nothing does. variant_of: the preset
    whose networks and weights these are, sampled otherwise; None: it has its own. faster_modes: beside `exact`, which
    is its own numbers, sampled as published. default_quality: where none is asked for.
    """

    name: str
    resolution: int
    is_trained: bool
    is_for_drawings: bool
    smga: SMGAConfig
    unet: UNetConfig
    pose_guider: PoseGuiderConfig
    audio_projection: AudioProjectionConfig
    vae: VAEConfig
    image_encoder: ImageEncoderConfig
    wavlm: SpeechEncoderConfig | LogMelConfig
    wav2vec: SpeechEncoderConfig | LogMelConfig
    num_inference_steps: int
    guidance_scale: float
    pose_guidance_scale: float
    head_guidance_scale: float | None = None
    knows_one_figure: bool = False
    is_noise_shared: bool = False
    details: DetailNetworkConfig | None = None
    variant_of: str | None = None
    faster_modes: tuple[VideoSampling, ...] = ()
    default_quality: Quality = Quality.EXACT

    @property
    def modes(self) -> tuple[VideoSampling, ...]:
        """Its quality modes, best first."""
        return VideoSampling(self.num_inference_steps, self.guidance_scale), *self.faster_modes

    @property
    def weights_name(self) -> str:
        """Under which folders and indices know its weights."""
        return self.variant_of or self.name

    @property
    def latent_size(self) -> int:
        """Latent cells along one side."""
        return self.resolution // self.vae.downscale

    @property
    def mask_level_sizes(self) -> tuple[int, ...]:
        """Sides of the mask pyramid's levels: one for each resolution of the UNet, finest first."""
        return tuple(self.latent_size // 2**level for level in range(len(self.unet.block_out_channels)))


MMGT_512 = Preset(
    name="mmgt-512",
    resolution=512,
    is_trained=True,
    is_for_drawings=False,
    smga=SMGAConfig(
        width=512, feedforward_width=1024, num_layers=8, num_heads=8, condition_features=1024 + BASELINE_FEATURES
    ),
    unet=UNetConfig(
        block_out_channels=(320, 640, 1280, 1280),
        cross_attention_dim=768,
        audio_attention_dim=768,
        audio_layout=AudioLayout.DOWN,
    ),
    pose_guider=PoseGuiderConfig(block_out_channels=(16, 32, 96, 256), out_channels=320),
    audio_projection=AudioProjectionConfig(
        window_frames=5, num_layers=12, features=768, hidden=512, tokens=32, token_features=768
    ),
    vae=VAEConfig(block_out_channels=(128, 256, 512, 512), layers_per_block=2, norm_num_groups=32),
    image_encoder=ImageEncoderConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        patch_size=14,
        projection_dim=768,
    ),
    wavlm=SpeechEncoderConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        conv_channels=512,
        position_kernel=128,
        position_groups=16,
    ),
    wav2vec=SpeechEncoderConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        conv_channels=512,
        position_kernel=128,
        position_groups=16,
    ),
    num_inference_steps=30,
    guidance_scale=3.5,
    pose_guidance_scale=2.0,
    faster_modes=GUIDED_MODES,
)
"""The published weights' layout."""

_LOG_MEL = LogMelConfig(num_bands=40, columns_per_frame=2)

PRESENTER_DETAILS = DetailNetworkConfig(widths=(40, 56, 48), sees_bones=True)

MMGT_DEMO = Preset(
    name="mmgt-demo",
    resolution=128,
    is_trained=True,
    is_for_drawings=True,
    smga=SMGAConfig(
        width=160,
        feedforward_width=320,
        num_layers=4,
        num_heads=4,
        condition_features=_LOG_MEL.hidden_size + BASELINE_FEATURES,
    ),
    unet=UNetConfig(
        block_out_channels=(64, 96, 64, 32),
        cross_attention_dim=64,
        audio_attention_dim=64,
        audio_layout=AudioLayout.DOWN,
        in_channels=16,
        out_channels=16,
        layers_per_block=1,
        num_heads=4,
        norm_num_groups=16,
    ),
    pose_guider=PoseGuiderConfig(block_out_channels=(8, 16, 32, 64), out_channels=64),
    audio_projection=AudioProjectionConfig(
        window_frames=5, num_layers=1, features=_LOG_MEL.hidden_size, hidden=128, tokens=8, token_features=64
    ),
    vae=VAEConfig(
        block_out_channels=(16, 32, 64, 64),
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=16,
        scaling_factor=1.0,
    ),
    image_encoder=ImageEncoderConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        patch_size=32,
        projection_dim=64,
    ),
    wavlm=_LOG_MEL,
    wav2vec=_LOG_MEL,
    num_inference_steps=2,
    guidance_scale=1.0,
    pose_guidance_scale=3.5,
    head_guidance_scale=1.2,
    knows_one_figure=True,
    is_noise_shared=True,
    details=PRESENTER_DETAILS,
    faster_modes=UNGUIDED_MODES,
    default_quality=Quality.BALANCED,
)
"""The same classes, small enough to be trained and run on a CPU.

Its latents have the information of f4 with 4 channels at a quarter of the cells, which is what attention costs; the
scale that training measures is folded into the autoencoder's own weights.
"""

PRESENTER_KEYPOINTS = KeypointNetworkConfig(widths=(16, 32, 64, 80, 96), decoder_width=48)
"""The detector that is trained along with `mmgt-demo`."""

MMGT_DEMO_GUIDED = replace(
    MMGT_DEMO,
    name="mmgt-demo-guided",
    num_inference_steps=30,
    guidance_scale=3.5,
    variant_of=MMGT_DEMO.name,
    faster_modes=(*GUIDED_MODES, STUDENT_MODE),
    default_quality=Quality.EXACT,
)
"""A load like the published one, to measure modes and few steps with; guidance gains these small networks nothing."""

PRESETS = {preset.name: preset for preset in (MMGT_512, MMGT_DEMO, MMGT_DEMO_GUIDED)}


@dataclass(frozen=True)
class SamplingOptions:
    """Every number of one generation; None means "the preset's own". The only home of sampling defaults.

    natural_poses: generated poses blink and come to rest at the end; None: in every mode but `exact`. pose_wishes: of
    all poses, driving ones too.
    """

    seed: int = 42
    quality: Quality | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    window_frames: int = 12
    window_overlap: int = 4
    window_schedule: WindowSchedule | None = None
    background: BackgroundMask = BackgroundMask.ONE_PLUS_LIPS
    mask_motion: MaskMotion = MaskMotion.MOVING
    region_weights: RegionWeights = field(default_factory=RegionWeights)
    pose_inference_steps: int = 50
    pose_guidance_scale: float | None = None
    segment_overlap: int = 40
    segment_blend: int = 39
    natural_poses: bool | None = None
    pose_wishes: PoseWishes = field(default_factory=PoseWishes)

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        _check("seed", self.seed, 0, 2**53 - 1)
        if self.num_inference_steps is not None:
            _check("num_inference_steps", self.num_inference_steps, 1, 100)
        if self.guidance_scale is not None:
            _check("guidance_scale", self.guidance_scale, 1, 20)
        _check("window_frames", self.window_frames, 2, 32)
        _check("window_overlap", self.window_overlap, 0, self.window_frames - 1)
        _check("pose_inference_steps", self.pose_inference_steps, 1, 1000)
        _check("segment_overlap", self.segment_overlap, 1, 79)
        _check("segment_blend", self.segment_blend, 0, self.segment_overlap - 1)

    def video_sampling(self, preset: Preset) -> VideoSampling:
        """What stage 2 needs of them: the mode's numbers where none was given.

        Raises:
            ValueError: the preset has no such mode; names its own.
        """
        mode = mode_called(self.quality or preset.default_quality, preset.modes, preset.name)
        asked = Asked(self.num_inference_steps, self.guidance_scale, self.window_schedule)
        return asked.of(mode, self.region_weights)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; it must be {low} to {high}")
