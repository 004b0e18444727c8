"""A whole render on a pretended GPU, in a process of its own: `python -m tests.unit.execution.pretended_render TYPE N`.

Prints as JSON what went between host and device and who asked for it.
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmgt_core.config import PRESENTER_DETAILS, SamplingOptions
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.keypoints import NUM_KEYPOINTS
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.types import SAMPLES_PER_FRAME, Waveform
from tests.small_preset import SMALL
from tests.unit.execution.pretended_gpu import GPU, pretended_gpu

NUM_FRAMES = 14
"""Two windows, and a second that is not all new."""


def render(dtype: torch.dtype, num_steps: int) -> int:
    """Stage 1, stage 2, decoding and the end of the frames; how many frames there were."""
    pipeline = load_pipeline(SMALL, Path("none"), torch.device("cpu"), dtype)
    render, stage_1 = pipeline.pose_to_video, pipeline.audio_to_pose
    networks = (render.vae, render.image_encoder, render.reference_unet, render.denoising_unet, stage_1.smga)
    for network in (*networks, stage_1.wavlm, pipeline.pose_guider, pipeline.audio_projection, pipeline.wav2vec):
        nn.Module.to(network, GPU)  # at once: what lies there already cannot be converted once more
    details = DetailNetwork(PRESENTER_DETAILS).requires_grad_(False).to(GPU, dtype)
    pipeline = replace(pipeline, detail_network=details)
    numbers = np.random.default_rng(0)
    waveform = Waveform(numbers.normal(0, 0.1, NUM_FRAMES * SAMPLES_PER_FRAME).astype(np.float32))
    image = numbers.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    keypoints = np.ones((NUM_KEYPOINTS, 3), np.float32)
    keypoints[:, :2] = numbers.uniform(100, 400, (NUM_KEYPOINTS, 2))
    options = SamplingOptions(num_inference_steps=num_steps, pose_inference_steps=num_steps)
    control = RunControl()
    poses = pipeline.audio_to_pose.stream(keypoints, waveform, options, control)
    return sum(1 for _ in pipeline.frames(image, keypoints, poses, waveform, options, control))


def main(dtype: str, num_steps: int) -> None:
    """Render once and print."""
    torch.set_num_threads(1)
    with pretended_gpu() as gpu:
        num_frames = render(getattr(torch, dtype), num_steps)
    events = [{"times": times, **asdict(event)} for event, times in gpu.events.items()]
    json.dump({"num_frames": num_frames, "num_operations": gpu.num_operations, "events": events}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
