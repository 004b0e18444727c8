"""Which published files preset `mmgt-512` is made of: tables only. Sizes are inferred and only for display."""

from dataclasses import dataclass

REVISION = "main"
"""The branch that is asked for; a pull resolves it to a commit and records that."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a model repository.

    Args:
        repository: `owner/name` on the model hub.
        path: inside the repository, the preferred form.
        local_name: the word by which code and commands ask for the file.
        purpose: what the file is, for people.
        approximate_bytes: from parameter counts and inferred dtypes; the hub's own size is what a pull checks.
        fallback_paths: other forms of the same content, taken where the preferred one was not published, in this order.
    """

    repository: str
    path: str
    local_name: str
    purpose: str
    approximate_bytes: int
    fallback_paths: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every form, the preferred one first."""
        return (self.path, *self.fallback_paths)


_METHOD = "addtime/MMGT_pretrained"
_VAE = "stabilityai/sd-vae-ft-mse"
_IMAGE_ENCODER = "lambdalabs/sd-image-variations-diffusers"
_WAV2VEC = "facebook/wav2vec2-base-960h"
_WAVLM = "microsoft/wavlm-large"
_DETECTOR = "yzd-v/DWPose"

MMGT_512_FILES = (
    PublishedFile(
        repository=_METHOD,
        path="stage_1/audio2pose_best_model.pt",
        local_name="smga",
        purpose="stage 1: SMGA, audio to pose, with its average and the optimiser's state",
        approximate_bytes=1_800_000_000,
    ),
    PublishedFile(
        repository=_METHOD,
        path="stage_2/process_2/net-32500.pth",
        local_name="stage_2",
        purpose="stage 2: both UNets, pose guider, audio projection",
        approximate_bytes=7_490_000_000,
    ),
    PublishedFile(_VAE, "config.json", "vae_config", "image autoencoder: its shape", 1_000),
    PublishedFile(
        repository=_VAE,
        path="diffusion_pytorch_model.safetensors",
        local_name="vae",
        purpose="image autoencoder",
        approximate_bytes=334_600_000,
        fallback_paths=("diffusion_pytorch_model.bin",),
    ),
    PublishedFile(
        _IMAGE_ENCODER, "image_encoder/config.json", "image_encoder_config", "CLIP image tower: shape", 1_000
    ),
    PublishedFile(
        repository=_IMAGE_ENCODER,
        path="image_encoder/model.safetensors",
        local_name="image_encoder",
        purpose="CLIP image tower with projection",
        approximate_bytes=1_216_000_000,
        fallback_paths=("image_encoder/pytorch_model.bin",),
    ),
    PublishedFile(_WAV2VEC, "config.json", "wav2vec_config", "wav2vec 2.0: its shape", 2_000),
    PublishedFile(
        repository=_WAV2VEC,
        path="model.safetensors",
        local_name="wav2vec",
        purpose="stage 2's speech encoder",
        approximate_bytes=377_600_000,
        fallback_paths=("pytorch_model.bin",),
    ),
    PublishedFile(_WAVLM, "config.json", "wavlm_config", "WavLM: its shape", 2_000),
    PublishedFile(
        repository=_WAVLM,
        path="model.safetensors",
        local_name="wavlm",
        purpose="stage 1's speech encoder",
        approximate_bytes=1_262_000_000,
        fallback_paths=("pytorch_model.bin",),
    ),
    PublishedFile(_DETECTOR, "yolox_l.onnx", "person_detector", "DWPose: where the person is", 217_000_000),
    PublishedFile(_DETECTOR, "dw-ll_ucoco_384.onnx", "keypoint_detector", "DWPose: 133 keypoints", 134_000_000),
)
"""Everything `mmgt-512` needs to generate; the files that only training needs are not among them."""
