"""How like the truth pictures are: frame by frame (PSNR, SSIM, LPIPS), and as sets (FID, KID, FVD, KVD; §IV-A)."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.feature_networks import FeatureNetworks, clip_features, frame_features, perceptual_distances
from mmgt_core.metrics.frechet import frechet_distance, kernel_distance
from mmgt_core.metrics.measurement import Measurement, Region, not_measured
from mmgt_core.types import UInt8Array

EQUAL_DB = 100.0
"""What a frame without any error counts as; one wrong step in ten thousand pixels gives 88 dB."""

SSIM_MARGIN_PX = 5
"""Half of SSIM's window of 11: nearer to the edge it would see mirrored pixels, which its definition does not know."""

_SSIM_FRAMES = 16
"""Compared at once: five filtered copies of each are held in float32."""


def frame_psnr(frames: UInt8Array, truth: UInt8Array) -> Float32Array:
    """PSNR of each frame in dB: (F, H, W, 3) twice to (F,); equal frames give EQUAL_DB."""
    decibels = peak_signal_noise_ratio(
        _unit_pixels(frames), _unit_pixels(truth), data_range=1.0, reduction="none", dim=(1, 2, 3)
    )
    return np.minimum(decibels.numpy(), np.float32(EQUAL_DB))


def clip_psnr(frames: UInt8Array, truth: UInt8Array) -> float:
    """PSNR of a whole clip in dB, of its mean squared error; (F, H, W, 3) twice. An equal clip gives EQUAL_DB.

    A frame that is equal by standing still, as the mouth in a pause, has no PSNR of its own to be averaged.
    """
    decibels = peak_signal_noise_ratio(_unit_pixels(frames), _unit_pixels(truth), data_range=1.0)
    return min(float(decibels), EQUAL_DB)


def frame_ssim(frames: UInt8Array, truth: UInt8Array) -> Float32Array:
    """SSIM of each frame over the windows that lie wholly in it: (F, H, W, 3) twice, at least 11 px a side, to (F,)."""
    found = []
    for first in range(0, len(frames), _SSIM_FRAMES):
        block = slice(first, first + _SSIM_FRAMES)
        inside = slice(SSIM_MARGIN_PX, -SSIM_MARGIN_PX)
        found.append(structure(frames[block], truth[block])[:, inside, inside].mean(axis=(1, 2)))
    return np.concatenate(found)


def structure(frames: UInt8Array, truth: UInt8Array) -> Float32Array:
    """SSIM of the window around each pixel, mirrored beyond the edge: (F, H, W, 3) twice to (F, H, W)."""
    pair = _unit_pixels(frames), _unit_pixels(truth)
    _, full = structural_similarity_index_measure(*pair, data_range=1.0, reduction="none", return_full_image=True)
    return np.asarray(full.mean(dim=1).numpy(), np.float32)


@dataclass
class PictureScores:
    """Gathers one region's likeness to the truth, block by block of frames; of sets only the features are kept."""

    region: Region
    networks: FeatureNetworks
    psnr: list[Float32Array] = field(default_factory=list)
    ssim: list[Float32Array] = field(default_factory=list)
    lpips: list[Float32Array] = field(default_factory=list)
    frame_sets: tuple[list[Float32Array], list[Float32Array]] = field(default_factory=lambda: ([], []))
    clip_sets: tuple[list[Float32Array], list[Float32Array]] = field(default_factory=lambda: ([], []))

    def add(self, frames: UInt8Array, truth: UInt8Array) -> None:
        """Take a block of frames that belong together: (F, H, W, 3) twice, of one size."""
        networks = self.networks
        self.psnr.append(frame_psnr(frames, truth))
        self.ssim.append(frame_ssim(frames, truth))
        if networks.lpips is not None:
            self.lpips.append(perceptual_distances(networks.lpips, frames, truth, networks.device))
        for index, pictures in enumerate((frames, truth)):
            if networks.inception is not None:
                self.frame_sets[index].append(frame_features(networks.inception, pictures, networks.device))
            if networks.i3d is not None and len(clips := clip_features(networks.i3d, pictures, networks.device)):
                self.clip_sets[index].append(clips)

    def measurements(self) -> list[Measurement]:
        """Every picture metric of this region; those that lack their network say which option to give."""
        if not self.psnr:
            return [
                not_measured(name, self.region, f"no keypoints of the {self.region} in the truth; see --poses")
                for name in ("PSNR", "SSIM", "LPIPS", "FID", "KID", "FVD", "KVD")
            ]
        return [
            Measurement("PSNR", self.region, _mean(self.psnr)),
            Measurement("SSIM", self.region, _mean(self.ssim)),
            Measurement("LPIPS", self.region, _mean(self.lpips))
            if self.lpips
            else not_measured("LPIPS", self.region, "give --lpips PATH"),
            *_distances(("FID", "KID"), self.region, self.frame_sets, self.networks.inception, "--inception", "frames"),
            *_distances(("FVD", "KVD"), self.region, self.clip_sets, self.networks.i3d, "--i3d", "clips of 16 frames"),
        ]


def _distances(
    names: tuple[str, str],
    region: Region,
    sets: tuple[list[Float32Array], list[Float32Array]],
    network: torch.jit.ScriptModule | None,
    option: str,
    unit: str,
) -> list[Measurement]:
    """Fréchet and kernel distance of one kind of features."""
    if network is None:
        return [not_measured(name, region, f"give {option} PATH") for name in names]
    number = sum(len(block) for block in sets[0])
    if number < 2:
        return [not_measured(name, region, f"only {number} {unit}; at least 2 are needed") for name in names]
    features, truth = (np.concatenate(blocks) for blocks in sets)
    note = f"{number} {unit}" + ("" if number > features.shape[1] else f", fewer than its {features.shape[1]} features")
    return [
        Measurement(name, region, distance(features, truth), note=note)
        for name, distance in zip(names, (frechet_distance, kernel_distance), strict=True)
    ]


def _unit_pixels(frames: UInt8Array) -> torch.Tensor:
    """(F, H, W, 3) uint8 to (F, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255


def _mean(blocks: list[Float32Array]) -> float:
    return float(np.concatenate(blocks).mean())
