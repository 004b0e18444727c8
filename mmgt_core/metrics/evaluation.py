"""Every metric of one folder of videos against the truth: the road of `mmgt evaluate` (paper §IV, tables II to V)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import torch

from mmgt_core.errors import MMGTError
from mmgt_core.keypoints import LEFT_HAND, RIGHT_HAND, Float32Array
from mmgt_core.media.limits import MediaLimits
from mmgt_core.metrics.feature_networks import CLIP_FRAMES, FeatureNetworks
from mmgt_core.metrics.gesture_scores import GestureScores
from mmgt_core.metrics.heat_map import MotionHeat
from mmgt_core.metrics.image import PictureScores
from mmgt_core.metrics.measurement import Measurement, Region, not_measured
from mmgt_core.metrics.pairs import Pair, PoseSource, detect_poses, keypoints_file, read_frames, read_poses, read_sound
from mmgt_core.metrics.pose_autoencoder import PoseAutoencoder
from mmgt_core.metrics.regions import crops, region_squares, resize_frame
from mmgt_core.metrics.sync import lip_sync_errors
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.types import PoseSequence, UInt8Array

BLOCK_FRAMES = 15 * CLIP_FRAMES
_SHEET_VIDEOS, _SHEET_FRAMES = 4, 6
_ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True)
class Judges:
    """What measures: the user's networks, our pose autoencoder, and a detector where keypoints are to be found."""

    networks: FeatureNetworks
    syncnet: torch.jit.ScriptModule | None
    pose_autoencoder: PoseAutoencoder | None
    detector: WholeBodyDetector | None


@dataclass(frozen=True)
class SheetRow:
    """Frames of one video for the side-by-side sheet, (F, H, W, 3) each."""

    name: str
    generated: UInt8Array
    truth: UInt8Array


@dataclass(frozen=True)
class Evaluation:
    """What was found.

    posed: what needs keypoints to the names of the videos that have them. lags: correlation of hand speed and speech
    energy, generated and truth, where it was measured.
    """

    resolution: int
    num_videos: int
    num_frames: int
    poses: PoseSource
    posed: dict[Region, tuple[str, ...]]
    measurements: tuple[Measurement, ...]
    heats: tuple[Float32Array, Float32Array]
    lags: tuple[Float32Array, Float32Array] | None
    rows: tuple[SheetRow, ...]


@dataclass
class _Scores:
    """What is gathered over all pairs."""

    pictures: dict[Region, PictureScores]
    gestures: GestureScores
    heats: tuple[list[Float32Array], list[Float32Array]] = field(default_factory=lambda: ([], []))
    sync: tuple[list[tuple[float, float]], list[tuple[float, float]]] = field(default_factory=lambda: ([], []))
    hand_confidence: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    posed: dict[Region, list[str]] = field(
        default_factory=lambda: {region: [] for region in (Region.FACE, Region.LIPS, Region.GESTURE)}
    )
    rows: list[SheetRow] = field(default_factory=list)
    num_frames: int = 0


def evaluate_pairs(
    pairs: list[Pair],
    resolution: int,
    poses: PoseSource,
    judges: Judges,
    limits: MediaLimits,
    on_progress: Callable[[str, int, int], None],
) -> Evaluation:
    """Measure every metric that can be measured.

    Args:
        pairs: of `match_folders`.
        resolution: pictures of both sides are brought to this square first; regions are cut out of it.
        poses: where keypoints come from.
        judges: what measures.
        limits: bounds of what is decoded.
        on_progress: told a name, videos done, videos in all.

    Raises:
        MMGTError: a pair whose pictures have different shapes, or keypoints of another length; by number. A video that
            is broken on the way; by side and name.
    """
    pictures = {region: PictureScores(region, judges.networks) for region in (Region.VIDEO, Region.FACE, Region.LIPS)}
    scores = _Scores(pictures, GestureScores(judges.pose_autoencoder))
    for index, pair in enumerate(pairs):
        on_progress("videos", index, len(pairs))
        _measure(pair, resolution, _poses_of(pair, poses, judges, limits), judges, limits, scores)
    on_progress("videos", len(pairs), len(pairs))
    return Evaluation(
        resolution=resolution,
        num_videos=len(pairs),
        num_frames=scores.num_frames,
        poses=poses,
        posed={region: tuple(names) for region, names in scores.posed.items()},
        measurements=(
            *(found for region in pictures.values() for found in region.measurements()),
            *_sync_measurements(scores, judges),
            *scores.gestures.measurements(),
            _hand_confidence(scores, poses),
        ),
        heats=(_mean_heat(scores.heats[0]), _mean_heat(scores.heats[1])),
        lags=scores.gestures.lags(),
        rows=tuple(scores.rows),
    )


def _measure(
    pair: Pair,
    resolution: int,
    poses: tuple[PoseSequence | None, PoseSequence | None],
    judges: Judges,
    limits: MediaLimits,
    scores: _Scores,
) -> None:
    """Add one pair to all scores."""
    generated_poses, true_poses = poses
    squares = {
        region: boxes
        for region in (Region.FACE, Region.LIPS)
        if true_poses and (boxes := region_squares(true_poses, region, resolution))
    }
    heats = MotionHeat(), MotionHeat()
    faces: tuple[list[UInt8Array], list[UInt8Array]] = ([], [])
    kept: tuple[list[UInt8Array], list[UInt8Array]] = ([], [])
    done = 0
    for frames, truth in _paired_blocks(pair, resolution, limits):
        block = slice(done, done + len(frames))
        scores.pictures[Region.VIDEO].add(frames, truth)
        for region, boxes in squares.items():
            scores.pictures[region].add(crops(frames, boxes[block]), crops(truth, boxes[block]))
        for side, shown in enumerate((frames, truth)):
            heats[side].add(shown)
            kept[side].extend(shown[frame - done] for frame in _sheet_frames(pair) if done <= frame < block.stop)
            if judges.syncnet is not None and (boxes := squares.get(Region.FACE)):
                faces[side].append(crops(shown, boxes[block]))
        done = block.stop
    scores.num_frames += done
    for region in squares:
        scores.posed[region].append(pair.name)
    for side in range(2):
        scores.heats[side].append(heats[side].heat())
        _add_sync(pair, side, faces[side], judges, limits, scores)
        if (found := poses[side]) is not None:
            hands = [found.keypoints[:, part, 2] for part in (LEFT_HAND, RIGHT_HAND)]
            scores.hand_confidence[side].append(float(np.mean(hands)))
    if len(scores.rows) < _SHEET_VIDEOS:
        scores.rows.append(SheetRow(pair.name, np.stack(kept[0]), np.stack(kept[1])))
    if generated_poses is not None and true_poses is not None:
        scores.gestures.add(generated_poses, true_poses, read_sound(pair.truth, limits))
        scores.posed[Region.GESTURE].append(pair.name)


def _paired_blocks(pair: Pair, resolution: int, limits: MediaLimits) -> Iterator[tuple[UInt8Array, UInt8Array]]:
    """Blocks of both videos at the evaluation resolution, read up to the end of the shorter and no further."""
    sides = (read_frames(side, path, limits) for side, path in pair.sides)
    both = islice(zip(*sides, strict=False), pair.num_frames)
    while block := [_small(pair, frame, truth, resolution) for frame, truth in islice(both, BLOCK_FRAMES)]:
        yield np.stack([frame for frame, _ in block]), np.stack([truth for _, truth in block])


def _small(pair: Pair, frame: UInt8Array, truth: UInt8Array, resolution: int) -> tuple[UInt8Array, UInt8Array]:
    """One frame of both videos at the evaluation resolution: a block is held at this size, and not at the videos'."""
    (height, width), (true_height, true_width) = frame.shape[:2], truth.shape[:2]
    if abs(width * true_height / (height * true_width) - 1) > _ASPECT_TOLERANCE:
        raise MMGTError(
            f"generated: {pair.name} is {width} x {height} pixels, its truth {true_width} x {true_height}; "
            "both need the same shape"
        )
    return resize_frame(frame, resolution), resize_frame(truth, resolution)


def _poses_of(
    pair: Pair, source: PoseSource, judges: Judges, limits: MediaLimits
) -> tuple[PoseSequence | None, PoseSequence | None]:
    """Keypoints of the generated and of the true video, cut to the shorter's length."""
    found: list[PoseSequence | None] = []
    for side, path in pair.sides:
        poses = None
        if source is PoseSource.FILES:
            poses = read_poses(path)
        elif source is PoseSource.DETECT and judges.detector is not None:
            poses = detect_poses(islice(read_frames(side, path, limits), pair.num_frames), judges.detector)
        if poses is not None and len(poses) < pair.num_frames:
            raise MMGTError(f"poses: {keypoints_file(path)} has {len(poses)} frames; {pair.name} has {pair.num_frames}")
        found.append(PoseSequence(poses.keypoints[: pair.num_frames]) if poses else None)
    return found[0], found[1]


def _sheet_frames(pair: Pair) -> list[int]:
    return np.linspace(0, pair.num_frames - 1, _SHEET_FRAMES).round().astype(int).tolist()


def _add_sync(
    pair: Pair, side: int, faces: list[UInt8Array], judges: Judges, limits: MediaLimits, scores: _Scores
) -> None:
    sound = read_sound(pair.truth, limits) if faces else None
    if judges.syncnet is None or sound is None:
        return
    errors = lip_sync_errors(judges.syncnet, np.concatenate(faces), sound, judges.networks.device)
    if errors is not None:
        scores.sync[side].append(errors)


def _sync_measurements(scores: _Scores, judges: Judges) -> list[Measurement]:
    names = ("LSE-D", "LSE-C")
    if judges.syncnet is None:
        return [not_measured(name, Region.LIPS, "give --syncnet PATH") for name in names]
    generated, truth = scores.sync
    if not generated:
        return [not_measured(name, Region.LIPS, "no video has sound and the face's keypoints") for name in names]
    means, true_means = np.mean(generated, axis=0), np.mean(truth, axis=0)
    return [
        Measurement(name, Region.LIPS, float(means[index]), float(true_means[index]))
        for index, name in enumerate(names)
    ]


def _hand_confidence(scores: _Scores, poses: PoseSource) -> Measurement:
    generated, truth = scores.hand_confidence
    if poses is not PoseSource.DETECT or not generated or not truth:
        return not_measured("Hand confidence", Region.GESTURE, "give --poses detect; files carry no detector's opinion")
    return Measurement("Hand confidence", Region.GESTURE, float(np.mean(generated)), float(np.mean(truth)))


def _mean_heat(heats: list[Float32Array]) -> Float32Array:
    return np.mean(heats, axis=0).astype(np.float32)
