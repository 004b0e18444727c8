"""Stage 1: speech and an initial pose become a pose sequence of any length (paper §III-B)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmgt_core.audio.hand_made import HandMade, heard_here
from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.audio.smga_features import segment_condition
from mmgt_core.config import SamplingOptions
from mmgt_core.keypoints import (
    FACE,
    HEAD_OF_BODY,
    NUM_KEYPOINT_VALUES,
    NUM_KEYPOINTS,
    Float32Array,
    denormalise,
    normalise,
    without_legs,
    without_legs_flat,
)
from mmgt_core.pipelines.progress import RunControl, Stage
from mmgt_core.pipelines.windows import segment_starts
from mmgt_core.pose.stitching import overlap_weights
from mmgt_core.pose_sampling import PoseGuidance
from mmgt_core.smga.diffusion import KnownFrames, SamplerState, cosine_schedule, draw_noise, sample
from mmgt_core.smga.guidance import guided_prediction
from mmgt_core.smga.model import SMGA
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, Waveform

if TYPE_CHECKING:  # stage 1 of the small preset begins without this library
    from transformers import WavLMModel


@dataclass(frozen=True)
class AudioToPose:
    """SMGA with its speech encoder.

    segment_frames: its horizon. guidance_scale: the preset's; 1 is off, and half the work. head_guidance_scale: of face
    and head; None: the same. hand_made: who computes the features of speech that no network learned.
    """

    smga: SMGA
    wavlm: "WavLMModel | LogMelEncoder"
    segment_frames: int
    guidance_scale: float
    head_guidance_scale: float | None = None
    hand_made: HandMade = heard_here

    def __call__(
        self, initial_keypoints: Float32Array, waveform: Waveform, options: SamplingOptions, control: RunControl
    ) -> PoseSequence:
        """Generate `waveform.num_frames` poses at once; `stream` says the rest."""
        parts = [part.keypoints for part in self.stream(initial_keypoints, waveform, options, control)]
        return PoseSequence(np.concatenate(parts))

    def stream(
        self, initial_keypoints: Float32Array, waveform: Waveform, options: SamplingOptions, control: RunControl
    ) -> Iterator[PoseSequence]:
        """Generate `waveform.num_frames` poses, in order; yields a segment's as soon as no later one changes them.

        Args:
            initial_keypoints: (134, 3) on the 512 canvas.
            waveform: the driving audio.
            options: seed, steps, guidance, overlap of segments.
            control: progress per diffusion step, cancellation.

        Each segment is given the last frames of the one before as known, and its first frame as initial pose.
        Source: paper §III-B; the joining is ours (spec §4 says what upstream does).
        """
        starts = segment_starts(waveform.num_frames, self.segment_frames, options.segment_overlap)
        ends = [*starts[1:], waveform.num_frames]
        num_steps = options.pose_inference_steps
        generator = torch.Generator().manual_seed(options.seed)
        first, known = normalise(initial_keypoints).astype(np.float32), np.empty((0, NUM_KEYPOINT_VALUES), np.float32)
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            num_done = index * num_steps
            with control.stage(Stage.POSE_DIFFUSION, len(starts) * num_steps, num_done) as report:
                speech = self._speech(waveform, start)
                on_step = _counting_from(num_done, report)
                segment = self.sample_segment(without_legs_flat(first), speech, known, generator, options, on_step)
            yield PoseSequence(without_legs(denormalise(segment[: end - start])))
            known = segment[end - start :]
            first = known[0] if len(known) else first

    @torch.inference_mode()
    def sample_segment(
        self,
        first_frame: Float32Array,
        speech: torch.Tensor,
        known_frames: Float32Array,
        generator: torch.Generator,
        options: SamplingOptions,
        on_step: Callable[[SamplerState], None],
    ) -> Float32Array:
        """Sample one segment, (F, 402) normalised.

        Args:
            first_frame: (402,), normalised, legs removed.
            speech: (F, features), of `segment_condition`.
            known_frames: (K, 402), normalised; K may be 0.
            generator: on the CPU, so that a seed means the same everywhere.
            options: steps, guidance and blend.
            on_step: called after each step.
        """
        device, num_steps = self.smga.final_layer.weight.device, options.pose_inference_steps
        scales = self._guidance_scales(options)  # (402,)
        keep = torch.tensor([True, False] if (scales != 1).any() else [True])  # (B,): heard, unheard
        initial_pose = torch.from_numpy(first_frame).to(device).expand(len(keep), -1)  # (B, 402)
        condition = self.smga.encode_condition(speech.to(device).unsqueeze(0), keep.to(device))
        guided = scales.to(device) if len(keep) == 2 else None
        predict_clean = guided_prediction(self.smga, initial_pose, condition, num_steps, guided)
        known = None
        if len(known_frames):
            weights = overlap_weights(len(known_frames), options.segment_blend)
            known = KnownFrames(torch.from_numpy(known_frames).to(device), torch.from_numpy(weights).to(device))
        noise = draw_noise(num_steps, (1, self.segment_frames, NUM_KEYPOINT_VALUES), generator).to(device)
        clean = sample(predict_clean, noise, cosine_schedule(), known, on_step)
        return clean[0].cpu().numpy()

    def _guidance_scales(self, options: SamplingOptions) -> torch.Tensor:
        """Of each value of a pose, (402,)."""
        guidance = PoseGuidance.of(options.pose_guidance_scale, self.guidance_scale, self.head_guidance_scale)
        scales = torch.full((NUM_KEYPOINTS, 3), guidance.pose_guidance_scale, dtype=torch.float32)
        scales[[*range(FACE.start, FACE.stop), *HEAD_OF_BODY]] = guidance.head_guidance_scale
        return scales.flatten()

    @torch.inference_mode()
    def _speech(self, waveform: Waveform, start: int) -> torch.Tensor:
        """Speech features of one segment, (F, features); silence stands past the end."""
        first, length = start * SAMPLES_PER_FRAME, self.segment_frames * SAMPLES_PER_FRAME
        samples = waveform.part(first, first + length)
        return segment_condition(self.wavlm, np.pad(samples, (0, length - len(samples))), self.hand_made)


def _counting_from(num_done: int, report: Callable[[int], None]) -> Callable[[SamplerState], None]:
    """Report steps of one segment as steps of all."""
    return lambda state: report(num_done + state.step + 1)
