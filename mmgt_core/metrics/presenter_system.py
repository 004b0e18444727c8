"""A loaded pipeline as the evaluation on presenters asks for it: stage 1, stage 2, and the autoencoder alone."""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch

from mmgt_core.config import SamplingOptions
from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.smga.model import SMGA
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform
from mmgt_core.unet.audio_projection import AudioProjection

_UNTRAINED_SEED = 1


@dataclass(frozen=True)
class PipelineSystem:
    """The preset's own sampling. hears_in_stage_2: False renders without speech, an ablation of table V."""

    pipeline: AudioToVideo
    options: SamplingOptions
    detector: WholeBodyDetector
    hears_in_stage_2: bool = True

    @property
    def resolution(self) -> int:
        """Of its frames, in pixels."""
        return self.pipeline.preset.resolution

    def seeded(self, seed: int) -> "PipelineSystem":
        """The same with another seed. One seed for all clips would draw the same gestures for each of them."""
        return replace(self, options=replace(self.options, seed=seed))

    def find(self, image: UInt8Array) -> Float32Array | None:
        """The initial pose, (134, 3) in pixels of a picture of the canvas' size; None where nobody is found."""
        people = self.detector.detect(image)
        return people[0].keypoints if people else None

    def speak(self, initial_keypoints: Float32Array, waveform: Waveform) -> PoseSequence:
        """Stage 1: as many poses as the speech has frames."""
        return self.pipeline.audio_to_pose(initial_keypoints, waveform, self.options, RunControl())

    def render(
        self,
        reference_image: UInt8Array,
        initial_keypoints: Float32Array,
        poses: PoseSequence,
        waveform: Waveform | None,
    ) -> UInt8Array:
        """Stage 2: (F, resolution, resolution, 3). Without speech its tokens are zero, as when training drops it."""
        pipeline = self.pipeline
        if waveform is None or not self.hears_in_stage_2:
            pipeline = replace(pipeline, audio_projection=_deaf(pipeline.audio_projection))
            waveform = Waveform(np.zeros(len(poses) * SAMPLES_PER_FRAME, np.float32))
        frames = pipeline.frames(
            reference_image, initial_keypoints, iter((poses,)), waveform, self.options, RunControl()
        )
        return np.stack([frame.image for frame in frames])

    def rebuild(self, frames: UInt8Array) -> UInt8Array:
        """The autoencoder's own picture of true frames: the ceiling of stage 2."""
        render = self.pipeline.pose_to_video
        latents = torch.cat([render.encode(frame, self.resolution) for frame in frames]).unsqueeze(0)  # (1, F, C, h, w)
        return np.stack(list(render.decode([latents.transpose(1, 2)], len(frames), RunControl())))


def untrained_stage_1(system: PipelineSystem) -> PipelineSystem:
    """The same system with a stage 1 of random weights, from a fixed seed."""
    pose = system.pipeline.audio_to_pose
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_UNTRAINED_SEED)
        network = SMGA(system.pipeline.preset.smga)
    network.requires_grad_(False).eval().to(pose.smga.final_layer.weight.device)
    return replace(system, pipeline=replace(system.pipeline, audio_to_pose=replace(pose, smga=network)))


def _deaf(projection: AudioProjection) -> AudioProjection:
    """The projection with every token zero: its last norm lets nothing through."""
    deaf = deepcopy(projection)
    deaf.norm.weight.data.zero_()
    deaf.norm.bias.data.zero_()
    return deaf
