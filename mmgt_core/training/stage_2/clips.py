"""What stage 2's two processes learn from: clips of anybody, be they videos or drawn, and what is taken of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch

from mmgt_core.config import Preset
from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.mouth import with_still_mouth
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.stage_2.masks import packed_masks
from mmgt_core.types import PoseSequence

Reference = Literal["first", "random"]


class TrainingClips(Protocol):
    """Clips of one person each, as long as each other."""

    def __len__(self) -> int:
        """How many are learned from; what stands behind them is only looked at."""
        ...

    @property
    def num_frames(self) -> int:
        """Of each clip."""
        ...

    @property
    def first_target(self) -> int:
        """From this frame on they follow each other in time and can be learned; earlier ones are only references."""
        ...

    def first_reference(self, first: int) -> int:
        """The reference of targets that begin at frame `first`, where it is not drawn at random."""
        ...

    def frames_of(self, clip: int, reference: int, frames: Sequence[int]) -> Batch:
        """A reference and F frames of one clip.

        portrait: (224, 224, 3) uint8. pose_images: (F, R, R, 3) uint8. masks: (F, 3, N) uint8. Encoded already:
        reference_latents, (C, h, w), and latents, (F, C, h, w), float32; else reference_picture, (R, R, 3), and
        pictures, (F, R, R, 3), uint8.
        """
        ...

    def keypoints_of(self, clip: int, frames: Sequence[int]) -> Float32Array:
        """The true pose of F frames of one clip: (F, 134, 3)."""
        ...

    def speech_of(self, clip: int, frames: Sequence[int]) -> torch.Tensor:
        """What is heard at F frames of one clip: (F, A, layers, D) float32."""
        ...


def drawn_poses(poses: PoseSequence, preset: Preset) -> Batch:
    """What stage 2 sees of F poses. pose_images: (F, R, R, 3) uint8. masks: (F, 3, N) uint8."""
    images = np.stack([scaled(draw_pose(pose), preset.resolution) for pose in poses.keypoints])
    return {
        "pose_images": torch.from_numpy(images),
        "masks": torch.from_numpy(packed_masks(poses, preset.mask_level_sizes)),
    }


@dataclass(frozen=True)
class ReferenceTargets:
    """Process 1's `TrainingData`: a reference and K frames of one clip, in any order of time."""

    clips: TrainingClips
    num_targets: int
    reference: Reference

    def __len__(self) -> int:
        return len(self.clips)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """One reference and K targets; see `TrainingClips.frames_of`."""
        clips = self.clips
        possible = np.arange(clips.first_target, clips.num_frames)
        targets = np.sort(generator.choice(possible, self.num_targets, replace=False)).tolist()
        return clips.frames_of(index, _reference(clips, self.reference, 0, generator), targets)


@dataclass(frozen=True)
class HeldMouths:
    """Windows whose drawn mouth and jaw, and masks, are the reference's, moved along with the head.

    What the mouth does is then told by the speech alone. rate: how many windows, in [0, 1]. preset: of the networks.
    """

    rate: float
    preset: Preset

    def seen(self, clips: TrainingClips, clip: int, reference: int, frames: Sequence[int]) -> Batch:
        """See `drawn_poses`."""
        return drawn_poses(held_poses(clips, clip, reference, frames), self.preset)


def held_poses(clips: TrainingClips, clip: int, reference: int, frames: Sequence[int]) -> PoseSequence:
    """The poses of some frames with the reference's mouth."""
    poses = PoseSequence(clips.keypoints_of(clip, frames))
    return with_still_mouth(poses, clips.keypoints_of(clip, [reference])[0])


@dataclass(frozen=True)
class ClipWindows:
    """Process 2's `TrainingData`: a reference and F consecutive frames of one clip, with their speech.

    held_mouths: None holds none.
    """

    clips: TrainingClips
    num_frames: int
    reference: Reference
    held_mouths: HeldMouths | None = None

    def __len__(self) -> int:
        return len(self.clips)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """One window; see `TrainingClips.frames_of`.

        speech: (F, A, layers, D) float32. true_masks: (F, 3, N) uint8, where lips, face and hands really are.
        """
        clips = self.clips
        start = int(generator.integers(clips.first_target, clips.num_frames - self.num_frames + 1))
        frames = list(range(start, start + self.num_frames))
        reference = _reference(clips, self.reference, start, generator)
        seen = clips.frames_of(index, reference, frames)
        item = {**seen, "true_masks": seen["masks"], "speech": clips.speech_of(index, frames)}
        held = self.held_mouths
        if held is not None and generator.random() < held.rate:
            item |= held.seen(clips, index, reference, frames)
        return item


def _reference(clips: TrainingClips, kind: Reference, first: int, generator: np.random.Generator) -> int:
    return clips.first_reference(first) if kind == "first" else int(generator.integers(clips.num_frames))
