"""The network that ends a small preset's frames: it learns from what stage 2 drew and what the truth is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from einops import rearrange
from torch import nn

from mmgt_core.finishing.detail_network import CELL_PX, EVIDENCE, DetailNetwork
from mmgt_core.finishing.portrait_details import as_evidence
from mmgt_core.media.image_writing import write_image
from mmgt_core.metrics.appearance import UNCHANGED_LEVELS
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.presenters.autoencoder import as_pictures, as_pixels, eye_pixels, mouth_pixels
from mmgt_core.training.presenters.crops import drawn_crop
from mmgt_core.training.presenters.dataset import FIRST_MOVING_FRAME, PresenterDataset
from mmgt_core.training.presenters.drawn_frames import DrawnFrames
from mmgt_core.training.presenters.moved_portraits import MovedPortraits

_FRAME, _POSES = EVIDENCE.index("frame"), slice(EVIDENCE.index("pose"), EVIDENCE.index("own_pose") + 1)
"""Of the evidence; drawn poses keep their colours, which say which limb it is."""
_UNCHANGED = (UNCHANGED_LEVELS + 0.5) / 127.5
"""Of the truth from frame to frame, on the network's scale, as the evaluation counts standing still."""


@dataclass(frozen=True)
class DetailTrainingConfig:
    """What the training weighs.

    crop: side of the crops, in pixels. detail_fraction: of crops around a face or a hand. square_weight: of squared
    errors, beside absolute ones. lips_weight, eyes_weight: added to the weight, 1, of errors around lips and eyes.
    flicker_weight: of changes from frame to frame where the truth does not change.
    """

    crop: int
    detail_fraction: float
    square_weight: float
    lips_weight: float
    flicker_weight: float
    eyes_weight: float = 0.0

    def __post_init__(self) -> None:
        """Raises: ValueError: crops that the network cannot take."""
        if self.crop < CELL_PX or self.crop % CELL_PX:
            raise ValueError(f"crop is {self.crop}; it must be a multiple of {CELL_PX}")


@dataclass(frozen=True)
class FramePairs:
    """Crops of two frames that follow each other: `TrainingData` whose items are clips.

    moved: for a network that sees bones.
    """

    dataset: PresenterDataset
    drawn: DrawnFrames
    config: DetailTrainingConfig
    moved: MovedPortraits | None = None

    def __len__(self) -> int:
        return len(self.dataset)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """evidence: (2, E, crop, crop, 3) uint8. truth: (2, crop, crop, 3) uint8. is_mouth, is_eye: (2, crop, crop)."""
        first = int(generator.integers(FIRST_MOVING_FRAME, self.dataset.pictures.shape[1] - 1))
        frames = [first, first + 1]
        config, keypoints, side = self.config, self.dataset.keypoints[index, frames], self.dataset.pictures.shape[2]
        # Crops begin where the coarsest cells do, as in a whole picture.
        rows, columns = drawn_crop(keypoints[0], side, config.crop, config.detail_fraction, generator, CELL_PX)
        evidence, truth = self.evidence(index, frames)[:, :, rows, columns], self.dataset.pictures[index, frames]
        # A presenter's colours in another order are another presenter.
        order = generator.permutation(3)
        coloured = evidence[..., order]
        coloured[:, _POSES] = evidence[:, _POSES]
        return {
            "evidence": torch.from_numpy(coloured),
            "truth": torch.from_numpy(truth[:, rows, columns][..., order].copy()),
            "is_mouth": torch.from_numpy(np.stack([mouth_pixels(pose, side)[rows, columns] for pose in keypoints])),
            "is_eye": torch.from_numpy(np.stack([eye_pixels(pose, side)[rows, columns] for pose in keypoints])),
        }

    def evidence(self, index: int, frames: list[int]) -> npt.NDArray[np.uint8]:
        """What the network sees of some frames of a clip: (F, E, R, R, 3), in the order of `evidence_of`."""
        dataset, drawn, moved, num_frames = self.dataset, self.drawn, self.moved, len(frames)

        def repeated(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
            return np.broadcast_to(picture, (num_frames, *picture.shape))

        seen = [
            drawn.drawn[index, frames],
            drawn.moved_portraits[index, frames],
            drawn.moved_drawn[index, frames],
            repeated(dataset.pictures[index, 0]),
            repeated(drawn.drawn[index, 0]),
            drawn.poses[index, frames],
            repeated(dataset.pose_images[index, 0]),
        ]
        if moved is not None:
            seen += [moved.puppets[index, frames], repeated(moved.plates[index])]
        return np.stack(seen, axis=1)


class DetailTraining:
    """Absolute and squared errors, and stillness where the truth stands still."""

    def __init__(self, network: DetailNetwork, data: FramePairs, config: DetailTrainingConfig) -> None:
        self._network, self._data, self._config = network.requires_grad_(True), data, config
        self.networks: Mapping[str, nn.Module] = {"detail_network": network}

    def to(self, device: torch.device) -> None:
        """Nothing but the network itself has to move."""

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """The loss of B pairs; see `FramePairs.item`."""
        config, num_pairs = self._config, len(batch["truth"])
        finished = self._network(as_evidence(batch["evidence"].flatten(0, 1)))  # (2 B, 3, H, W)
        truth = as_pixels(batch["truth"].flatten(0, 1))
        error = finished - truth
        places = config.lips_weight * batch["is_mouth"] + config.eyes_weight * batch["is_eye"]  # (B, 2, H, W)
        weights = 1 + places.flatten(0, 1).unsqueeze(1)
        pixel_loss, square_loss = (weights * error.abs()).mean(), (weights * error.square()).mean()
        before, after = rearrange(finished, "(b two) c h w -> two b c h w", b=num_pairs)
        true_change = rearrange(truth, "(b two) c h w -> two b c h w", b=num_pairs).diff(dim=0)[0].abs()
        is_still = true_change.amax(dim=1, keepdim=True) < _UNCHANGED
        flicker = ((after - before).abs() * is_still).mean()
        total = pixel_loss + config.square_weight * square_loss + config.flicker_weight * flicker
        return {"total": total, "pixel": pixel_loss, "square": square_loss, "flicker": flicker}

    @torch.no_grad()
    def sample(self, folder: Path, step: int) -> None:
        """Write frames as stage 2 drew them, as they end, and the truth, one above the other."""
        device = self._network.out.weight.device
        clips = self._data.dataset.held_back_clips
        evidence = np.concatenate([self._data.evidence(clip, [-1]) for clip in clips])
        finished = as_pictures(self._network(as_evidence(torch.from_numpy(evidence).to(device))))
        rows = (evidence[:, _FRAME], finished, self._data.dataset.pictures[clips, -1])
        write_image(folder / f"{step:07d}.png", np.concatenate([np.concatenate(list(row), axis=1) for row in rows]))
