"""Procedural presenters as stage 2 learns from them: drawn once, kept in a folder of mapped arrays, one row a clip.

Frame 0 of a row is the clip's frame of rest, which serves as the reference; the others follow each other in time.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from mmgt_core.audio.wav2vec import SpeechEncoder, SpeechFeatures
from mmgt_core.checkpoints.networks import build_wav2vec
from mmgt_core.config import LogMelConfig, Preset
from mmgt_core.keypoints import NUM_KEYPOINTS, Float32Array
from mmgt_core.pipelines.pictures import CLIP_SIDE, portrait, scaled
from mmgt_core.synthetic.clip import SyntheticClip, photographed, require_trained_seeds, synthetic_clip
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.making import alone_in
from mmgt_core.training.machinery.rows import Array, MadeDataError, array_path, make_missing, mapped_array, write_row
from mmgt_core.training.stage_2.clips import drawn_poses
from mmgt_core.types import PoseSequence, UInt8Array, Waveform

CLIPS_FILE = "clips.json"
DONE = "is_done"
LATENTS = "latents"
FIRST_MOVING_FRAME = 1
NUM_HELD_BACK = 8
_DRAWN_SIDE = 256
"""Pictures are drawn larger and shrunk like a user's image: edges look the same."""
_NOISE_SEED = 77


class PresenterClip(Protocol):
    """What a synthetic clip gives (mmgt_core/synthetic)."""

    @property
    def waveform(self) -> Waveform:
        """Its speech."""
        ...

    @property
    def pose_sequence(self) -> PoseSequence:
        """Its true keypoints."""
        ...

    @property
    def reference_frame(self) -> int:
        """A frame of rest."""
        ...

    def render(self, frames: Sequence[int], size: int) -> UInt8Array:
        """Frames as (N, size, size, 3) RGB."""
        ...


MakeClip = Callable[[int], PresenterClip]
"""From a seed to its clip; a function of a module, so that other processes can call it."""


@dataclass(frozen=True)
class PresenterDatasetConfig:
    """Which clips are drawn, and how much of each: seeds from first_seed on, frames_per_clip consecutive frames.

    photographs: share of the clips that look as photographs do (`synthetic.photographic`).
    """

    num_clips: int
    first_seed: int
    frames_per_clip: int
    photographs: float = 0.0

    def __post_init__(self) -> None:
        """Raises: ValueError: no clip is left to learn from, or one that must never be trained on is among them."""
        if self.num_clips <= NUM_HELD_BACK:
            raise ValueError(f"num_clips is {self.num_clips}; {NUM_HELD_BACK} are held back, so it must be more")
        require_trained_seeds("first_seed + num_clips", self.first_seed, self.num_clips)
        if self.frames_per_clip < 1:
            raise ValueError(f"frames_per_clip is {self.frames_per_clip}; it must be 1 or more")
        if not 0 <= self.photographs <= 1:
            raise ValueError(f"photographs is {self.photographs:g}; it must be from 0 to 1")

    def is_photographed(self, index: int) -> bool:
        """Whether a row is one of those that look as photographs do."""
        return is_in_share(index, self.photographs)


@dataclass(frozen=True)
class PresenterDataset:
    """The arrays of a folder, mapped: stage 2's `TrainingClips`; T is frames_per_clip + 1.

    pictures, pose_images: (clips, T, R, R, 3) uint8. portraits: (clips, 224, 224, 3) uint8, of frame 0. keypoints:
    (clips, T, 134, 3) float32. masks: (clips, T, 3, N) uint8: hands, face_hands, lips; every pyramid level in a row.
    speech: (clips, T, A, layers, D) float16. latents: (clips, T, C, h, w) float16, once there is an autoencoder.
    """

    folder: Path
    num_clips: int

    @classmethod
    def open(cls, folder: Path) -> "PresenterDataset":
        """Raises: MadeDataError: the folder's clips are not all there."""
        path = array_path(folder, DONE)
        if not path.is_file():
            raise MadeDataError(f"{folder} holds no presenters")
        done = np.load(path)
        if not done.all():
            raise MadeDataError(f"{folder}: {int(done.sum())} of {len(done)} presenters are drawn")
        return cls(folder, len(done))

    def __len__(self) -> int:
        """How many are learned from: the first ones; the last few are only looked at."""
        return self.num_clips - NUM_HELD_BACK

    @property
    def held_back_clips(self) -> list[int]:
        """Rows that samples are made of."""
        return list(range(len(self), self.num_clips))

    @cached_property
    def pictures(self) -> Array:
        """Frames at the preset's resolution."""
        return mapped_array(self.folder, "pictures")

    @cached_property
    def portraits(self) -> Array:
        """What CLIP sees."""
        return mapped_array(self.folder, "portraits")

    @cached_property
    def pose_images(self) -> Array:
        """Drawn poses at the preset's resolution."""
        return mapped_array(self.folder, "pose_images")

    @cached_property
    def keypoints(self) -> Array:
        """On the 512 canvas."""
        return mapped_array(self.folder, "keypoints")

    @cached_property
    def masks(self) -> Array:
        """Motion masks in 255 steps."""
        return mapped_array(self.folder, "masks")

    @cached_property
    def speech(self) -> Array:
        """Stage 2's audio features."""
        return mapped_array(self.folder, "speech")

    @cached_property
    def latents(self) -> Array:
        """Scaled latents, posterior means. Raises: MadeDataError: nobody has encoded the pictures yet."""
        return mapped_array(self.folder, LATENTS)

    @property
    def num_frames(self) -> int:
        """T."""
        return int(self.pictures.shape[1])

    @property
    def first_target(self) -> int:
        """The frame of rest is never learned: it stands elsewhere in time."""
        return FIRST_MOVING_FRAME

    def first_reference(self, first: int) -> int:
        """Whatever is learned: the frame of rest."""
        return 0

    def frames_of(self, clip: int, reference: int, frames: Sequence[int]) -> Batch:
        """See `TrainingClips`: with latents."""
        return {
            "reference_latents": torch.from_numpy(self.latents[clip, reference].astype(np.float32)),
            "portrait": torch.from_numpy(np.array(self.portraits[clip])),
            "latents": torch.from_numpy(self.latents[clip, frames].astype(np.float32)),
            "pose_images": torch.from_numpy(np.array(self.pose_images[clip, frames])),
            "masks": torch.from_numpy(np.array(self.masks[clip, frames])),
        }

    def keypoints_of(self, clip: int, frames: Sequence[int]) -> Float32Array:
        """See `TrainingClips`."""
        return np.array(self.keypoints[clip, list(frames)])

    def speech_of(self, clip: int, frames: Sequence[int]) -> torch.Tensor:
        """See `TrainingClips`."""
        return torch.from_numpy(self.speech[clip, frames].astype(np.float32))


def is_in_share(index: int, share: float) -> bool:
    """Whether a row is one of a share of all rows, which lie evenly among the others."""
    return int((index + 1) * share) > int(index * share)


def build_presenter_dataset(
    folder: Path,
    preset: Preset,
    config: PresenterDatasetConfig,
    make_clip: MakeClip,
    num_processes: int,
    on_progress: Callable[[int, int], None],
) -> PresenterDataset:
    """Draw every clip that is not there yet; a stopped run goes on where it was.

    Args:
        folder: of the arrays.
        preset: gives sizes and the speech encoder of stage 2, which must be one without weights.
        config: which clips.
        make_clip: from seed to clip.
        num_processes: that draw at the same time; 0 draws in this one.
        on_progress: told clips done and all.

    Raises:
        MadeDataError: the folder was begun with another configuration.
    """
    if not isinstance(preset.wav2vec, LogMelConfig):
        raise MadeDataError(f"{preset.name} hears through a network; prepare its data with `mmgt data prepare`")
    with alone_in(folder):
        _require_arrays(folder, preset, config)
        make_missing(folder, DONE, partial(_draw_clip, folder, preset, config, make_clip), num_processes, on_progress)
    return PresenterDataset.open(folder)


def presenters(
    folder: Path,
    preset: Preset,
    config: PresenterDatasetConfig,
    num_workers: int,
    on_progress: Callable[[int, int], None],
) -> PresenterDataset:
    """The folder's presenters, drawn where they are not there yet."""
    return build_presenter_dataset(folder, preset, config, partial(clip_of, config), num_workers, on_progress)


def clip_of(config: PresenterDatasetConfig, seed: int) -> SyntheticClip:
    """The clip of a seed, as a photograph where it is one of those."""
    clip = synthetic_clip(seed)
    return photographed(clip) if config.is_photographed(seed - config.first_seed) else clip


def _require_arrays(folder: Path, preset: Preset, config: PresenterDatasetConfig) -> None:
    """Make the arrays that are absent; the last one, whether rows are done, stands for all of them."""
    side, clips, frames = preset.resolution, config.num_clips, config.frames_per_clip + FIRST_MOVING_FRAME
    projection = preset.audio_projection
    cells = sum(size * size for size in preset.mask_level_sizes)
    shapes: dict[str, tuple[tuple[int, ...], Any]] = {
        "pictures": ((clips, frames, side, side, 3), np.uint8),
        "portraits": ((clips, CLIP_SIDE, CLIP_SIDE, 3), np.uint8),
        "pose_images": ((clips, frames, side, side, 3), np.uint8),
        "keypoints": ((clips, frames, NUM_KEYPOINTS, 3), np.float32),
        "masks": ((clips, frames, 3, cells), np.uint8),
        "speech": (
            (clips, frames, projection.window_frames, projection.num_layers, projection.features),
            np.float16,
        ),
        DONE: ((clips,), np.uint8),
    }
    is_begun = array_path(folder, DONE).is_file()
    _require_same_clips(folder / CLIPS_FILE, config, is_begun)
    for name, (shape, dtype) in shapes.items():
        path = array_path(folder, name)
        if not is_begun:
            np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        elif (found := np.lib.format.open_memmap(path, mode="r").shape) != shape:
            raise MadeDataError(f"{path} is {found}, not {shape}: it was begun otherwise")


def _require_same_clips(path: Path, config: PresenterDatasetConfig, is_begun: bool) -> None:
    """Write down which clips a folder holds, or find it written."""
    if is_begun and path.is_file() and (found := PresenterDatasetConfig(**json.loads(path.read_text()))) != config:
        raise MadeDataError(f"{path.parent} was begun otherwise: {asdict(found)}, not {asdict(config)}")
    path.write_text(json.dumps(asdict(config)) + "\n")


def _draw_clip(folder: Path, preset: Preset, config: PresenterDatasetConfig, make_clip: MakeClip, index: int) -> None:
    """Draw one row; it counts once all of it is written."""
    seed = config.first_seed + index
    clip = make_clip(seed)
    frames = chosen_frames(clip, config.frames_per_clip, seed)
    large = clip.render(frames, _DRAWN_SIDE)
    poses = PoseSequence(clip.pose_sequence.keypoints[frames])
    encoder: SpeechEncoder = build_wav2vec(preset.wav2vec)
    rows = {
        "pictures": np.stack([scaled(picture, preset.resolution) for picture in large]),
        "portraits": portrait(large[0]),
        "keypoints": poses.keypoints,
        **{name: value.numpy() for name, value in drawn_poses(poses, preset).items()},
        "speech": SpeechFeatures(encoder, clip.waveform).window(frames).numpy(),
    }
    write_row(folder, index, rows, DONE)


def chosen_frames(clip: PresenterClip, num_frames: int, seed: int) -> list[int]:
    """The frame of rest, then consecutive ones from a random place; a shorter clip repeats its last frame."""
    length = len(clip.pose_sequence)
    start = int(np.random.default_rng((_NOISE_SEED, seed)).integers(0, max(1, length - num_frames + 1)))
    return [clip.reference_frame, *(min(start + offset, length - 1) for offset in range(num_frames))]
