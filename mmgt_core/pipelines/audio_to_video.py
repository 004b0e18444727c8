"""The method in one function: stage 1, motion masks, stage 2 (paper §III, equations 1 and 2)."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmgt_core.audio.wav2vec import SpeechEncoder, SpeechFeatures
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.finishing.finisher import Finisher, as_decoded
from mmgt_core.finishing.loop_seam import dissolved_into_first
from mmgt_core.finishing.portrait_details import PortraitDetails
from mmgt_core.keypoints import Float32Array
from mmgt_core.masks.pyramid import MaskPainter
from mmgt_core.media.encoders import QUICK, result_encoder
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.denoising import BegunFrames, DenoisingStep, sampling_plan
from mmgt_core.pipelines.drawn_poses import DrawnPoses, PassingPoses, PosedLatents, PoseDrawing, drawn_poses
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.natural_poses import video_poses
from mmgt_core.pipelines.output_files import Extra, Outputs, Until
from mmgt_core.pipelines.outputs import Manifest, Means, describe, write_poses, write_videos
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.pipelines.progress import RunControl, Stage
from mmgt_core.pipelines.shifted_windows import shifted_windows
from mmgt_core.pipelines.window_conditions import ConditionNetworks
from mmgt_core.pipelines.windows import Stretch, Window, stretches
from mmgt_core.processor import give_back_memory
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.quality import VideoSampling, WindowSchedule
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, RenderedFrame, UInt8Array, Waveform
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

    @property
    def modes(self) -> tuple[VideoSampling, ...]:
        """The preset's quality modes for which there are weights, best first."""
        has_student = self.pose_to_video.student_unet is not None
        return tuple(mode for mode in self.preset.modes if has_student or not mode.is_distilled)

    def __call__(self, inputs: Inputs, options: SamplingOptions, outputs: Outputs, control: RunControl) -> Manifest:
        """Generate the video of a person speaking, or its poses alone, and write it, complete or not at all.

        Args:
            inputs: portrait, initial pose, speech; driving poses stand instead of stage 1 where given.
            options: every sampling number.
            outputs: where the video goes, and what is wanted beside it.
            control: progress and cancellation.

        Raises:
            Cancelled: the caller asked to stop; no file is left.
        """
        poses = self.poses(inputs, options, control)
        if outputs.until is Until.POSES:
            return self.write_poses(inputs, poses, options, outputs, control)
        return self.render(inputs, poses, options, outputs, control)

    def poses(self, inputs: Inputs, options: SamplingOptions, control: RunControl) -> Iterator[PoseSequence]:
        """The driving poses, or those of stage 1, made when they are asked for."""
        return video_poses(self.audio_to_pose, self.preset, inputs, options, control)

    def render(
        self,
        inputs: Inputs,
        poses: Iterator[PoseSequence],
        options: SamplingOptions,
        outputs: Outputs,
        control: RunControl,
    ) -> Manifest:
        """Generate the video of given poses: the whole but for stage 1, whose poses or driving ones these are.

        Raises:
            Cancelled: the caller asked to stop; no file is left.
        """
        frames = self.frames(inputs.reference_image, inputs.initial_keypoints, poses, inputs.waveform, options, control)
        render, resolution = self.pose_to_video, self.preset.resolution
        is_framed = inputs.surroundings is not None
        encoder = result_encoder(render.device.type, *inputs.video_size(resolution), is_mostly_still=is_framed)
        means = Means(render.device, render.dtype, render.decoding_dtype, encoder, render.execution)
        with outputs.unfinished() as staged, closing(frames):
            shown = dissolved_into_first(frames) if options.pose_wishes.loop else frames
            captions = write_videos(shown, inputs, staged, resolution, options.mask_motion, encoder)
            if captions is not None and captions.warning is not None:
                control.warn(captions.warning.code, captions.warning.message)
            manifest = describe(self.preset, self.weights, inputs, options, means, control, captions)
            if Extra.MANIFEST in outputs.extras:
                manifest.write(staged.path(Extra.MANIFEST))
        return manifest

    def write_poses(
        self,
        inputs: Inputs,
        poses: Iterator[PoseSequence],
        options: SamplingOptions,
        outputs: Outputs,
        control: RunControl,
    ) -> Manifest:
        """Write the poses that a video would be rendered of. Raises: Cancelled: no file is left."""
        render = self.pose_to_video
        means = Means(render.device, render.dtype, render.decoding_dtype, QUICK, render.execution)
        with outputs.unfinished() as staged:
            write_poses(poses, inputs.num_frames, staged)
        return describe(self.preset, self.weights, inputs, options, means, control, until=Until.POSES)

    def frames(
        self,
        reference_image: UInt8Array,
        initial_keypoints: Float32Array,
        poses: Iterator[PoseSequence],
        waveform: Waveform,
        options: SamplingOptions,
        control: RunControl,
    ) -> Generator[RenderedFrame, None, None]:
        """Render poses and speech, stretch after stretch: a frame leaves while later poses are still to be made.

        Args:
            reference_image: (512, 512, 3) RGB, gives identity.
            initial_keypoints: (134, 3), its own pose.
            poses: whose drawing and motion masks condition each frame; taken as far as a stretch needs them.
            waveform: as long as the poses.
            options: every sampling number.
            control: progress and cancellation.
        """
        render = self.pose_to_video.rendering_as(options.video_sampling(self.preset))
        covering = self._covering(waveform.num_frames, options)
        with drawn_poses(poses, self._drawing(options)) as drawn:
            drawn.take(covering[0].frames)
            with control.stage(Stage.CONDITIONS, 1) as report:
                clip = render.prepared_clip(reference_image, self.preset.resolution)
                report(1)
            finish = self._finisher(render, clip, reference_image, initial_keypoints, options, control)
            passing = PassingPoses(self._denoised(render, clip, covering, drawn, waveform, options, control))
            frames = render.decode(passing.latents(), waveform.num_frames, control)
            finished = finish(frames, passing.poses)
            yield from passing.with_keypoints(finished)

    def _denoised(
        self,
        render: PoseToVideo,
        clip: PreparedClip,
        covering: Sequence[Stretch],
        drawn: DrawnPoses,
        waveform: Waveform,
        options: SamplingOptions,
        control: RunControl,
    ) -> Iterator[PosedLatents]:
        """Latents and poses of the frames that each stretch finishes, in order."""
        preset, sampling = self.preset, options.video_sampling(self.preset)
        networks = ConditionNetworks(
            self.pose_guider,
            self.audio_projection,
            render.denoising_unet,
            options.region_weights,
            drawn.drawing.painter,
        )
        speech = SpeechFeatures(self.wav2vec, waveform)
        noise = render.noise(preset.latent_size, options.seed, preset.is_noise_shared)
        begun: BegunFrames | None = None
        num_steps = sampling.num_inference_steps
        for index, stretch in enumerate(covering):
            give_back_memory()
            poses = drawn.take(stretch.frames)
            plan = sampling_plan(_windows_at(stretch, sampling, options.window_frames), sampling)
            num_done = index * num_steps
            with control.stage(Stage.VIDEO_DIFFUSION, len(covering) * num_steps, num_done) as report:
                # Nothing but the call holds the conditions: while the next stretch's are made, these must be gone.
                denoised = render.denoise(
                    noise.take(len(stretch.frames) - stretch.num_begun),
                    clip,
                    plan,
                    networks.of_windows(plan.windows, poses, speech.window(stretch.frames), control.check).__getitem__,
                    begun=begun,
                    num_carried=stretch.num_carried,
                    check=control.check,
                    on_step=partial(_report_step, report, num_done),
                )
            begun = denoised.last
            num_finished = stretch.num_finished
            yield PosedLatents(denoised.latents[:, :, :num_finished], poses[:num_finished])

    def _finisher(
        self,
        render: PoseToVideo,
        clip: PreparedClip,
        reference_image: UInt8Array,
        initial_keypoints: Float32Array,
        options: SamplingOptions,
        control: RunControl,
    ) -> Finisher:
        """What ends the frames; where that is a network, it first sees how stage 2 draws the portrait itself."""
        if self.detail_network is None:
            return as_decoded
        drawn, own_pose = self._portrait_as_drawn(render, clip, initial_keypoints, options, control)
        portrait = scaled(reference_image, self.preset.resolution)
        puppet = Puppet.of(portrait, initial_keypoints, PersonMatte()) if self.detail_network.sees_bones else None
        details = PortraitDetails(self.detail_network, portrait, drawn, own_pose, puppet)
        return lambda frames, call_for_poses: details.restored(frames, call_for_poses())

    def _portrait_as_drawn(
        self,
        render: PoseToVideo,
        clip: PreparedClip,
        initial_keypoints: Float32Array,
        options: SamplingOptions,
        control: RunControl,
    ) -> tuple[UInt8Array, UInt8Array]:
        """How stage 2 draws the portrait in its own pose, silent; and that pose's picture: each (H, W, 3) RGB."""
        unheard = RunControl(is_cancelled=control.is_cancelled)
        own_pose, silence = PoseSequence(initial_keypoints[None]), Waveform(np.zeros(SAMPLES_PER_FRAME, np.float32))
        with drawn_poses(iter((own_pose,)), self._drawing(options)) as drawn:
            covering = self._covering(1, options)
            passing = PassingPoses(self._denoised(render, clip, covering, drawn, silence, options, unheard))
            (image,) = render.decode(passing.latents(), 1, unheard)
            (pose,) = drawn.take(range(1))
        return image, pose.picture.result().image

    def _drawing(self, options: SamplingOptions) -> PoseDrawing:
        """How a video's poses are drawn."""
        painter = MaskPainter(self.preset.mask_level_sizes, options.background, options.mask_motion)
        return PoseDrawing(self.preset.resolution, painter)

    def _covering(self, num_frames: int, options: SamplingOptions) -> list[Stretch]:
        schedule = options.video_sampling(self.preset).window_schedule
        return stretches(schedule, num_frames, options.window_frames, options.window_overlap)


def _windows_at(stretch: Stretch, sampling: VideoSampling, window_frames: int) -> Callable[[int], tuple[Window, ...]]:
    """From a step to the windows that cover a stretch then: its own, which overlap, or others at each step."""
    if sampling.window_schedule is WindowSchedule.SHIFTED:
        return partial(shifted_windows, len(stretch.frames), window_frames)
    return lambda step: stretch.windows


def _report_step(report: Callable[[int], None], num_done: int, done: DenoisingStep) -> None:
    """Report a step of one stretch as one of all."""
    report(num_done + done.step + 1)
