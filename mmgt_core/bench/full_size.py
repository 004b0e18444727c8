"""A random checkpoint at full size, in the published form: converted, loaded strictly, one window denoised once.

Not a test: it takes 20 GB of disk and minutes. It shows that the published layout runs on a CPU within 24 GiB.
"""

import logging
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from mmgt_core.checkpoints.convert import convert_weights
from mmgt_core.checkpoints.folders import preset_folder
from mmgt_core.checkpoints.layout import STAGE_1_FILE, STAGE_2_FILE, published_files
from mmgt_core.checkpoints.lock import published_path
from mmgt_core.checkpoints.manifest import MMGT_512_FILES
from mmgt_core.checkpoints.networks import empty_networks
from mmgt_core.config import MMGT_512, Preset, SamplingOptions
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.types import MotionMasks, WindowConditions

logger = logging.getLogger(__name__)

_HALF_PRECISION_PREFIXES = ("reference_unet.", "pose_guider.")
"""The published stage-2 file mixes dtypes so (spec §0)."""

_ENCODERS = ("vae", "image_encoder", "wavlm", "wav2vec")
_BYTES_PER_GIB = 2**30


def write_random_checkpoints(folder: Path, preset: Preset, seed: int) -> None:
    """Write files of random tensors where `pull_weights` would put the published ones, in their layout."""
    generator = torch.Generator().manual_seed(seed)
    paths = {file.local_name: published_path(folder, file.repository, file.path) for file in MMGT_512_FILES}
    for name in ("smga", "stage_2", *_ENCODERS):
        paths[name].parent.mkdir(parents=True, exist_ok=True)
    files = published_files(preset)
    stage_1 = _random_state(files[STAGE_1_FILE], generator)
    # The file repeats one table for every layer.
    stage_1.update({key: stage_1["rotary.freqs"] for key in stage_1 if key.endswith("rotary.freqs")})
    torch.save({"ema_state_dict": stage_1, "model_state_dict": stage_1, "epoch": 1}, paths["smga"])
    stage_2 = _random_state(files[STAGE_2_FILE], generator)
    mixed = {key: value.half() if key.startswith(_HALF_PRECISION_PREFIXES) else value for key, value in stage_2.items()}
    torch.save(mixed, paths["stage_2"])
    networks = empty_networks(preset).named()
    for name in _ENCODERS:
        shapes = {key: tuple(value.shape) for key, value in networks[name].state_dict().items()}
        prefix = "wav2vec2." if name == "wav2vec" else ""
        save_file({prefix + key: value for key, value in _random_state(shapes, generator).items()}, paths[name])


def denoise_one_window(pipeline: AudioToVideo, seed: int) -> torch.Tensor:
    """One guided step of one window with random conditions: the predicted velocity, (1, C, F, h, w)."""
    preset, render, options = pipeline.preset, pipeline.pose_to_video, SamplingOptions(seed=seed)
    generator = torch.Generator().manual_seed(seed)
    num_frames, projection = options.window_frames, preset.audio_projection
    image = torch.randint(0, 256, (512, 512, 3), generator=generator, dtype=torch.uint8).numpy()
    clip = render.prepared_clip(image, preset.resolution)
    pose_images = torch.rand(1, 3, num_frames, preset.resolution, preset.resolution, generator=generator)
    levels = [torch.rand(num_frames, side * side, generator=generator) for side in preset.mask_level_sizes]
    tokens = torch.randn(1, num_frames, projection.tokens, projection.token_features, generator=generator)
    with torch.inference_mode():
        window = WindowConditions(
            pose_features=pipeline.pose_guider(pose_images.to(render.dtype)),
            audio_tokens=tokens.to(render.dtype),
            motion_masks=MotionMasks(tuple(levels), tuple(levels), tuple(levels)).to(render.device, render.dtype),
        )
        prepared = render.denoising_unet.prepare_window(window, options.region_weights)
        latents = render.noise(preset.latent_size, seed).take(num_frames).to(render.device)
        guidance_scale = options.video_sampling(preset).guidance_scale
        return render.predict(latents, torch.tensor(999), clip, prepared, guidance_scale)


def main(folder: Path, dtype: torch.dtype) -> None:
    """Write, convert, load, denoise; log seconds and peak memory after each."""
    started = time.monotonic()

    def log(fact: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _BYTES_PER_GIB
        logger.info("%s seconds=%.0f peak_gib=%.2f", fact, time.monotonic() - started, peak)

    if not preset_folder(folder, MMGT_512).exists():
        write_random_checkpoints(folder, MMGT_512, seed=1)
        log("random_checkpoint_written")
        convert_weights(
            folder, preset_folder(folder, MMGT_512), MMGT_512, lambda name, done, total: log(f"converted {name}")
        )
    pipeline = load_pipeline(MMGT_512, folder, torch.device("cpu"), dtype)
    log("pipeline_loaded")
    predicted = denoise_one_window(pipeline, seed=1)
    log(f"window_denoised dtype={dtype} shape={tuple(predicted.shape)} finite={bool(predicted.isfinite().all())}")
    if not predicted.isfinite().all():
        sys.exit(1)


def _random_state(shapes: Mapping[str, tuple[int, ...]], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random tensors, never zeros: norms near one, all else with a variance that keeps activations in range."""
    return {key: _random_tensor(key, shape, generator) for key, shape in shapes.items()}


def _random_tensor(key: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    noise = torch.randn(shape, generator=generator)
    is_gain = key.endswith(("norm.weight", "original0", "weight_g")) or ("norm" in key and key.endswith("weight"))
    if is_gain and len(shape) != 2:
        return 1 + 0.1 * noise
    fan_in = max(1, noise[0].numel()) if len(shape) > 1 else 2500
    return noise / fan_in**0.5


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    main(Path(sys.argv[1]), getattr(torch, sys.argv[2]) if len(sys.argv) > 2 else torch.float32)
