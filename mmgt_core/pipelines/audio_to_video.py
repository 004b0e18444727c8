"""The method in one function: stage 1, motion masks, stage 2 (paper §III, equations 1 and 2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from mmgt_core.audio.wav2vec import SpeechEncoder, SpeechFeatures
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.encoders import result_encoder
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.detail_network import DetailNetwork
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.output_files import Extra, Outputs
from mmgt_core.pipelines.outputs import Manifest, describe, write_videos
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pipelines.portrait_details import PortraitDetails
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.pipelines.progress import RunControl, Stage
from mmgt_core.pipelines.window_conditions import WindowConditionSource
from mmgt_core.pipelines.windows import windows
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.conditions import PreparedClip
from mmgt_core.unet.pose_guider import PoseGuider


@dataclass(frozen=True)
class AudioToVideo:
    """All networks of a preset, loaded; weights: network to the SHA-256 of its file.

    detail_network: ends the frames of a small preset; None leaves them as stage 2 decodes them.
    """

    preset: Preset
    weights: Mapping[str, str]
    audio_to_pose: AudioToPose
    pose_to_video: PoseToVideo
    pose_guider: PoseGuider
    audio_projection: AudioProjection
    wav2vec: SpeechEncoder
    detail_network: DetailNetwork | None

    def __call__(self, inputs: Inputs, options: SamplingOptions, outputs: Outputs, control: RunControl) -> Manifest:
        """Generate the video of a person speaking and write it, complete or not at all.

        Args:
            inputs: portrait, initial pose, speech; driving poses stand instead of stage 1 where given.
            options: every sampling number.
            outputs: where the video goes, and what is wanted beside it.
            control: progress and cancellation.

        Raises:
            Cancelled: the caller asked to stop; no file is left.
        """
        poses = inputs.driving_poses or self.audio_to_pose(inputs.initial_keypoints, inputs.waveform, options, control)
        return self.render(inputs, poses, options, outputs, control)

    def render(
        self, inputs: Inputs, poses: PoseSequence, options: SamplingOptions, outputs: Outputs, control: RunControl
    ) -> Manifest:
        """Generate the video of given poses: the whole but for stage 1, whose poses or driving ones these are.

        Raises:
            Cancelled: the caller asked to stop; no file is left.
        """
        frames = self.frames(inputs.reference_image, inputs.initial_keypoints, poses, inputs.waveform, options, control)
        render, resolution = self.pose_to_video, self.preset.resolution
        encoder = result_encoder(render.device.type, resolution, resolution)
        with outputs.unfinished() as staged:
            write_videos(frames, poses, inputs, staged, resolution, options.mask_motion, encoder)
            manifest = describe(
                self.preset, self.weights, inputs, options, render.device, render.dtype, encoder, control
            )
            if Extra.MANIFEST in outputs.extras:
                manifest.write(staged.path(Extra.MANIFEST))
        return manifest

    def frames(
        self,
        reference_image: UInt8Array,
        initial_keypoints: Float32Array,
        poses: PoseSequence,
        waveform: Waveform,
        options: SamplingOptions,
        control: RunControl,
    ) -> Iterator[UInt8Array]:
        """Render poses and speech as frames, (H, W, 3) RGB, as many as there are poses.

        Args:
            reference_image: (512, 512, 3) RGB, gives identity.
            initial_keypoints: (134, 3), its own pose.
            poses: whose drawing and motion masks condition each frame.
            waveform: as long as the poses.
            options: every sampling number.
            control: progress and cancellation.
        """
        preset, render = self.preset, self.pose_to_video
        with control.stage(Stage.CONDITIONS, 1) as report:
            clip = render.prepared_clip(reference_image, preset.resolution)
            report(1)
        frames = render.decode(self._latents(clip, poses, waveform, options, control), control)
        if self.detail_network is None:
            return frames
        own_pose, silence = PoseSequence(initial_keypoints[None]), Waveform(np.zeros(SAMPLES_PER_FRAME, np.float32))
        unheard = RunControl(is_cancelled=control.is_cancelled)
        (drawn,) = render.decode(self._latents(clip, own_pose, silence, options, unheard), unheard)
        pose_images = (scaled(draw_pose(pose), preset.resolution) for pose in poses.keypoints)
        portrait, drawn_pose = (
            scaled(image, preset.resolution) for image in (reference_image, draw_pose(initial_keypoints))
        )
        return PortraitDetails(self.detail_network, portrait, drawn, drawn_pose).restored(frames, pose_images)

    def _latents(
        self,
        clip: PreparedClip,
        poses: PoseSequence,
        waveform: Waveform,
        options: SamplingOptions,
        control: RunControl,
    ) -> torch.Tensor:
        """Denoised latents of poses and speech, (1, C, F, h, w) float32; `frames` says the rest."""
        preset, render = self.preset, self.pose_to_video
        speech = SpeechFeatures(self.wav2vec, waveform)
        conditions = WindowConditionSource(
            preset, options, self.pose_guider, self.audio_projection, render.denoising_unet, poses, speech
        )  # pose features, audio tokens and motion masks (Algorithm 1), window by window
        covering = windows(options.window_schedule, len(poses), options.window_frames, options.window_overlap)
        sampling = options.video_sampling(preset)
        latents = render.initial_latents(len(poses), preset.latent_size, options.seed, preset.is_noise_shared)
        return render.denoise(latents, clip, covering, conditions, sampling, control)
