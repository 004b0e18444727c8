"""Poses from a driving video, in place of stage 1: of every frame to render, of some to tell beforehand."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.keypoints import NUM_KEYPOINTS
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import DrivingVideo, read_video_frames, sample_video_frames
from mmgt_core.pipelines.progress import RunControl, Stage
from mmgt_core.pose.detector import DetectedPerson, WholeBodyDetector
from mmgt_core.pose.drawn_poses import is_drawn_pose
from mmgt_core.pose.eye_network import seeing_eyelids
from mmgt_core.pose.following import OncePerPicture, follow
from mmgt_core.pose.framing import CropChoice, SquareFrame, choose_frame, to_canvas
from mmgt_core.pose.read_blinks import with_read_blinks
from mmgt_core.types import PoseSequence, UInt8Array

Found = tuple[PoseSequence, tuple[InputWarning, ...]]

_CODE = InputCode.DRIVING_VIDEO_UNREADABLE
_MAX_MISSED_SHARE = 0.5
_MAX_LOOKS = 16
_FEW_LOOKS = 4
"""Fewer looks in vain do not yet say that nobody is there."""


_SHOWS_DRAWN_POSES = (
    "it shows drawn poses instead of a person; give the film of the person, or the poses themselves as "
    "driving_keypoints (--driving-keypoints): the .npy file that variant=keypoints is and --save keypoints writes"
)


class FindPoses(Protocol):
    """How the poses of a driving video are found."""

    def __call__(
        self, path: Path, video: DrivingVideo, limits: MediaLimits, detector: WholeBodyDetector, control: RunControl
    ) -> Found:
        """Return a pose for each frame, and warnings. Raises: InputError: DRIVING_VIDEO_UNREADABLE."""
        ...


def poses_of_every_frame(
    path: Path, video: DrivingVideo, limits: MediaLimits, detector: WholeBodyDetector, control: RunControl
) -> Found:
    """The keypoints of one person throughout, in one square frame chosen where that person is seen first; they blink
    where the person does, though most detectors hardly see lids move.

    Raises:
        InputError: DRIVING_VIDEO_UNREADABLE: the person is missing in more than half of the frames, or it shows drawn
            poses.
    """
    looks: list[_Look] = []
    with control.stage(Stage.DRIVING_POSES, video.num_frames) as report:
        for look in _looks(enumerate(read_video_frames(path, limits)), seeing_eyelids(detector)):
            looks.append(look)
            report(min(len(looks), video.num_frames))
    return _of_one_person(looks)


class PosesOfSomeFrames:
    """`FindPoses` that looks at no more than 16 frames spread over a film, and ends in time."""

    def __init__(self, ends_at_s: float) -> None:
        """Args: ends_at_s: on the monotonic clock; no look is begun after it."""
        self._ends_at_s = ends_at_s

    def __call__(
        self, path: Path, video: DrivingVideo, limits: MediaLimits, detector: WholeBodyDetector, control: RunControl
    ) -> Found:
        """Between two looks the pose is held. Raises: InputError: as `poses_of_every_frame`, if it is sure."""
        looks: list[_Look] = []
        is_cut_off = False
        with control.stage(Stage.DRIVING_POSES, _MAX_LOOKS) as report:
            for look in _looks(sample_video_frames(path, limits, _MAX_LOOKS), detector):
                looks.append(look)
                report(len(looks))
                is_cut_off = time.monotonic() > self._ends_at_s
                if is_cut_off:
                    break
        if len(looks) >= video.num_frames:
            return _of_one_person(looks)
        is_sure = len(looks) >= _FEW_LOOKS and not is_cut_off
        return _of_some_looks(looks, video.num_frames, is_sure=is_sure)


@dataclass(frozen=True)
class _Look:
    """Who is in a frame. index: at 25 a second. image_size: height and width in pixels."""

    index: int
    image_size: tuple[int, int]
    people: Sequence[DetectedPerson]


def _looks(frames: Iterable[tuple[int, UInt8Array]], detector: WholeBodyDetector) -> Iterator[_Look]:
    once = OncePerPicture(detector)
    has_seen_somebody = False
    for index, image in frames:
        if not has_seen_somebody and is_drawn_pose(image):
            raise InputError(_CODE, _SHOWS_DRAWN_POSES)
        people = once.detect(image)
        has_seen_somebody = has_seen_somebody or bool(people)
        yield _Look(index, (image.shape[0], image.shape[1]), people)


def _of_one_person(looks: Sequence[_Look]) -> Found:
    """A frame without the person repeats the pose before it, or the first one seen."""
    followed = follow([look.people for look in looks])
    num_missed = sum(person is None for person in followed.people)
    who = "the person who is followed is not" if followed.num_frames_with_others else "no person"
    if num_missed > _MAX_MISSED_SHARE * len(looks):
        raise InputError(_CODE, f"{who} in {num_missed} of its {len(looks)} frames; at most half may lack one")
    warnings: list[InputWarning] = []
    if followed.num_frames_with_others:
        warnings.append(_several(f"{followed.num_frames_with_others} of {len(looks)} frames"))
    if num_missed:
        warnings.append(_lost(f"{who} in {num_missed} of {len(looks)} frames"))
    held = _held(zip(looks, followed.people, strict=True), len(looks))
    openings = [None if person is None else person.eye_opening for person in followed.people]
    return PoseSequence(with_read_blinks(held.keypoints, openings)), tuple(warnings)


def _of_some_looks(looks: Sequence[_Look], num_frames: int, *, is_sure: bool) -> Found:
    num_missed = sum(not look.people for look in looks)
    if num_missed == len(looks) and is_sure:
        raise InputError(_CODE, f"no person in any of {len(looks)} frames looked at; at most half may lack one")
    message = f"driving_video: {len(looks)} of {num_frames} frames were looked at; rendering looks at all of them"
    warnings = [InputWarning("driving_video_sampled", message)]
    num_several = sum(len(look.people) > 1 for look in looks)
    if num_several:
        warnings.append(_several(f"{num_several} of {len(looks)} frames looked at"))
    if num_missed:
        warnings.append(_lost(f"no person in {num_missed} of {len(looks)} frames looked at"))
    return _held(((look, next(iter(look.people), None)) for look in looks), num_frames), tuple(warnings)


def _held(seen: Iterable[tuple[_Look, DetectedPerson | None]], num_frames: int) -> PoseSequence:
    """Each pose until the next one; the first also before it. Nobody at all is a pose without a visible point."""
    frame: SquareFrame | None = None
    poses = np.zeros((num_frames, NUM_KEYPOINTS, 3), np.float32)
    for look, person in seen:
        if person is not None:
            first = 0 if frame is None else look.index
            frame = frame or choose_frame(look.image_size, person, CropChoice.auto())
            poses[first:] = to_canvas(person.keypoints, frame)
    return PoseSequence(poses)


def _several(where: str) -> InputWarning:
    message = f"driving_video: several people in {where}; one is followed, who is seen longest and largest"
    return InputWarning("driving_video_several_people", message)


def _lost(where: str) -> InputWarning:
    return InputWarning("driving_video_person_lost", f"driving_video: {where}; the pose before was held")
