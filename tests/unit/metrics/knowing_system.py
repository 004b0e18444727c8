"""A system that knows the truth: what the measures of presenters give where nothing is left to be wished for."""

from dataclasses import dataclass, replace

import numpy as np

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.metrics.regions import resize_frames
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.types import PoseSequence, UInt8Array, Waveform

SIDE = 128


@dataclass(frozen=True)
class KnowingSystem:
    """Knows every clip's truth by the first samples of its speech, and every presenter by the reference image."""

    clips: list[SyntheticClip]
    is_still: bool = False
    resolution: int = SIDE
    seed: int = 0

    def seeded(self, seed: int) -> "KnowingSystem":
        return replace(self, seed=seed)

    def find(self, image: UInt8Array) -> Float32Array | None:
        for clip in self.clips:
            frames = range(0, len(clip.pose_sequence), 20)
            for frame, picture in zip(frames, clip.render(frames, CANVAS_SIZE), strict=True):
                if np.array_equal(picture, image):
                    return None if self.is_still and frame else clip.pose_sequence.keypoints[frame]
        return None

    def speak(self, initial_keypoints: Float32Array, waveform: Waveform) -> PoseSequence:
        clip = next(
            clip for clip in self.clips if np.array_equal(clip.waveform.samples[:9000], waveform.samples[:9000])
        )
        keypoints = np.resize(clip.pose_sequence.keypoints, (waveform.num_frames, 134, 3))
        return PoseSequence(np.repeat(initial_keypoints[None], len(keypoints), axis=0) if self.is_still else keypoints)

    def render(
        self,
        reference_image: UInt8Array,
        initial_keypoints: Float32Array,
        poses: PoseSequence,
        waveform: Waveform | None,
    ) -> UInt8Array:
        if self.is_still:
            return np.repeat(resize_frames(reference_image[None], SIDE), len(poses), axis=0)
        clip = next(
            clip
            for clip in self.clips
            if np.array_equal(clip.render([clip.reference_frame], CANVAS_SIZE)[0], reference_image)
        )
        return draw_presenter(clip.identity, poses.keypoints, SIDE)

    def rebuild(self, frames: UInt8Array) -> UInt8Array:
        return frames
