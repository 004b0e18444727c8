"""Conditions of stage 2's windows: computed when a window is first reached, kept while there is room."""

from dataclasses import dataclass, field

from mmgt_core.audio.wav2vec import SpeechFeatures
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.masks.pyramid import motion_masks
from mmgt_core.pipelines.pictures import pose_pixels
from mmgt_core.pipelines.windows import Window
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.types import MotionMasks, PoseSequence, WindowConditions
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.conditions import PreparedWindow
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider

CACHED_WINDOWS = 24
"""Enough for eight seconds. A window past that is computed anew at every step, or memory would grow with the length;
the price is drawing its poses and masks again, a tenth of a second on a CPU core."""


@dataclass(frozen=True)
class WindowConditionSource:
    """Gives the conditions of any window of one video; its memory does not grow with the video's length."""

    preset: Preset
    options: SamplingOptions
    pose_guider: PoseGuider
    audio_projection: AudioProjection
    denoising_unet: DenoisingUNet
    pose_sequence: PoseSequence
    speech: SpeechFeatures
    cache: dict[Window, PreparedWindow] = field(default_factory=dict)

    def __call__(self, window: Window) -> PreparedWindow:
        """The conditions of a window. The first windows stay: a cyclic visit would empty any other cache of use."""
        if window in self.cache:
            return self.cache[window]
        conditions = self._compute(window)
        if len(self.cache) < CACHED_WINDOWS:
            self.cache[window] = conditions
        return conditions

    def _compute(self, window: Window) -> PreparedWindow:
        parameter = self.pose_guider.conv_in.weight
        poses = PoseSequence(self.pose_sequence.keypoints[list(window)])
        drawn = [draw_pose(keypoints) for keypoints in poses.keypoints]
        pose_images = pose_pixels(drawn, self.preset.resolution)
        features = self.speech.window(window).unsqueeze(0)  # (1, F, A, layers, D)
        conditions = WindowConditions(
            pose_features=self.pose_guider(pose_images.to(parameter.device, parameter.dtype)),
            audio_tokens=self.audio_projection(features.to(parameter.device, parameter.dtype)),
            motion_masks=self._masks(poses).to(parameter.device, parameter.dtype),
        )
        return self.denoising_unet.prepare_window(conditions, self.options.region_weights)

    def _masks(self, poses: PoseSequence) -> MotionMasks:
        first_frame = PoseSequence(self.pose_sequence.keypoints[:1])
        return motion_masks(
            poses, first_frame, self.preset.mask_level_sizes, self.options.background, self.options.mask_motion
        )
