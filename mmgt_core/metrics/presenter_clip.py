"""One held-out presenter, measured through the whole system: what is heard, posed and drawn is known exactly."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.masks.regions import VISIBLE
from mmgt_core.metrics.appearance import flicker, identity_errors, mean_change
from mmgt_core.metrics.gesture import correlation
from mmgt_core.metrics.image import clip_psnr
from mmgt_core.metrics.measurement import Region
from mmgt_core.metrics.mouth import mouth_opening, rendered_mouth_opening, with_still_mouth
from mmgt_core.metrics.presenter_colours import PresenterColours
from mmgt_core.metrics.presenter_parts import blink_numbers, hand_numbers, limb_numbers
from mmgt_core.metrics.regions import crops, region_squares
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform

_COLOUR_STRIDE = 4
"""Colours of a presenter change with nothing but the pose: every fourth frame is enough."""

_DETECTION_STRIDE = 20
_CONTOUR_PX = 4
"""At 128 px a contour's soft edge is as wide, the frame's and the truth's together."""
_STRETCH_FRAMES = 12


class System(Protocol):
    """What is measured: detector, the two stages and the autoencoder of a preset, at its resolution."""

    @property
    def resolution(self) -> int:
        """Of its frames, in pixels."""
        ...

    def seeded(self, seed: int) -> Self:
        """The same with another seed. One seed for all clips would draw the same gestures for each of them."""
        ...

    def find(self, image: UInt8Array) -> Float32Array | None:
        """The initial pose, (134, 3) in pixels of a picture of the canvas' size; None where nobody is found."""
        ...

    def speak(self, initial_keypoints: Float32Array, waveform: Waveform) -> PoseSequence:
        """Stage 1: as many poses as the speech has frames."""
        ...

    def render(
        self,
        reference_image: UInt8Array,
        initial_keypoints: Float32Array,
        poses: PoseSequence,
        waveform: Waveform | None,
    ) -> UInt8Array:
        """Stage 2: (F, resolution, resolution, 3); without a waveform it is told nothing of speech."""
        ...

    def rebuild(self, frames: UInt8Array) -> UInt8Array:
        """The autoencoder's own picture of true frames: the ceiling of stage 2."""
        ...


@dataclass(frozen=True)
class SheetFrames:
    """Pictures of one moment, its mouth wide open, and of a stretch of the spoken video, for people to look at."""

    reference: UInt8Array
    pose_driven: UInt8Array
    rebuilt: UInt8Array
    truth: UInt8Array
    pose: Float32Array
    spoken: UInt8Array
    spoken_truth: UInt8Array


@dataclass(frozen=True)
class ClipFigures:
    """A clip's numbers by name, and what sets of clips are compared by."""

    seed: int
    language: str
    voice: str
    num_frames: int
    numbers: dict[str, float]
    spoken_poses: PoseSequence
    sheet: SheetFrames


def measure_clip(clip: SyntheticClip, other: SyntheticClip, system: System) -> ClipFigures:
    """Measure stage 1, stage 2 by the true pose, the whole, the whole with another's speech, and who carries the mouth.

    Args:
        clip: presenter, speech and truth.
        other: another clip, whose speech should move this one's mouth otherwise than the truth.
        system: what is measured.
    """
    system, poses, num_frames = system.seeded(clip.seed), clip.pose_sequence, len(clip.pose_sequence)
    reference = clip.render([clip.reference_frame], CANVAS_SIZE)[0]
    initial = poses.keypoints[clip.reference_frame]
    found = system.find(reference)
    truth = clip.render(range(num_frames), system.resolution)
    colours = PresenterColours.of(clip.identity)
    swapped = fitted(other.waveform, num_frames)

    seen_pose = initial if found is None else found
    spoken = system.speak(seen_pose, clip.waveform)
    spoken_otherwise = system.speak(seen_pose, swapped)
    numbers = {
        **_detection_numbers(clip, system),
        "mouth_own": correlation(mouth_opening(spoken), clip.mouth_opening),
        "mouth_swapped": correlation(mouth_opening(spoken_otherwise), clip.mouth_opening),
        "mouth_chance": correlation(np.resize(other.mouth_opening, num_frames), clip.mouth_opening),
    }

    driven = system.render(reference, seen_pose, poses, clip.waveform)
    rebuilt = system.rebuild(truth)
    still = np.repeat(truth[clip.reference_frame : clip.reference_frame + 1], num_frames, axis=0)
    numbers |= _picture_numbers(driven, rebuilt, still, truth, poses, colours)
    numbers |= limb_numbers(clip, driven, still, truth) | blink_numbers(clip, driven, truth)
    numbers |= hand_numbers(driven, truth, system.find)

    def seen_mouth(frames: UInt8Array, where: PoseSequence) -> float:
        found = rendered_mouth_opening(frames, where, colours.inside_mouth, colours.around_mouth)
        return correlation(found, clip.mouth_opening)

    numbers["seen_truth"] = seen_mouth(truth, poses)
    numbers["seen_rebuilt"] = seen_mouth(rebuilt, poses)
    numbers["seen_driven"] = seen_mouth(driven, poses)

    said = system.render(reference, seen_pose, spoken, clip.waveform)
    numbers["seen_own"] = seen_mouth(said, spoken)
    said_otherwise = system.render(reference, seen_pose, spoken_otherwise, swapped)
    numbers["seen_swapped"] = seen_mouth(said_otherwise, spoken_otherwise)

    numbers["seen_pose_alone"] = seen_mouth(system.render(reference, seen_pose, poses, None), poses)
    held = with_still_mouth(poses, initial)
    numbers["seen_audio_alone"] = seen_mouth(system.render(reference, seen_pose, held, clip.waveform), held)

    pictures = _sheet_frames(clip, driven, rebuilt, truth, said)
    return ClipFigures(clip.seed, clip.language, clip.voice, num_frames, numbers, spoken, pictures)


def _sheet_frames(
    clip: SyntheticClip, driven: UInt8Array, rebuilt: UInt8Array, truth: UInt8Array, said: UInt8Array
) -> SheetFrames:
    widest = int(np.argmax(clip.mouth_opening))
    stretch = np.linspace(0, len(truth) - 1, _STRETCH_FRAMES).round().astype(int)
    return SheetFrames(
        reference=truth[clip.reference_frame],
        pose_driven=driven[widest],
        rebuilt=rebuilt[widest],
        truth=truth[widest],
        pose=clip.pose_sequence.keypoints[widest],
        spoken=said[stretch],
        spoken_truth=truth[stretch],
    )


def fitted(waveform: Waveform, num_frames: int) -> Waveform:
    """The speech repeated or cut to a number of frames."""
    return Waveform(np.resize(waveform.samples, num_frames * SAMPLES_PER_FRAME))


def _detection_numbers(clip: SyntheticClip, system: System) -> dict[str, float]:
    """Share of frames in which the presenter is found, and the median error of points in % of the figure's height."""
    frames = range(0, len(clip.pose_sequence), _DETECTION_STRIDE)
    errors, num_found = [], 0
    for picture, true in zip(clip.render(frames, CANVAS_SIZE), clip.pose_sequence.keypoints[list(frames)], strict=True):
        keypoints = system.find(picture)
        if keypoints is None:
            continue
        num_found += 1
        is_seen = true[:, 2] >= VISIBLE
        height = np.ptp(true[is_seen, 1])
        errors.append(np.linalg.norm(keypoints[is_seen, :2] - true[is_seen, :2], axis=1) / height * 100)
    numbers = {"found": num_found / len(frames)}
    return numbers | ({"found_error": float(np.median(np.concatenate(errors)))} if errors else {})


def _picture_numbers(
    driven: UInt8Array,
    rebuilt: UInt8Array,
    still: UInt8Array,
    truth: UInt8Array,
    poses: PoseSequence,
    colours: PresenterColours,
) -> dict[str, float]:
    """PSNR of the whole clip and of the mouth's box, identity's colours, flicker: generated, ceiling, still."""
    numbers: dict[str, float] = {}
    boxes = region_squares(poses, Region.LIPS, truth.shape[1])
    for name, frames in (("driven", driven), ("rebuilt", rebuilt), ("still", still)):
        numbers[f"psnr_{name}"] = clip_psnr(frames, truth)
        if boxes:
            numbers[f"mouth_psnr_{name}"] = clip_psnr(crops(frames, boxes), crops(truth, boxes))
    errors = identity_errors(driven[::_COLOUR_STRIDE], truth[::_COLOUR_STRIDE], colours.parts)
    numbers |= {f"colour_{part}": error for part, error in errors.items()}
    numbers["flicker_driven"], numbers["flicker_truth"] = flicker(driven, truth)
    numbers["flicker_rebuilt"], _ = flicker(rebuilt, truth)
    numbers["flicker_apart"], numbers["flicker_apart_truth"] = flicker(driven, truth, _CONTOUR_PX)
    numbers["motion_truth"] = mean_change(truth)
    return numbers
