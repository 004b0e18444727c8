"""One video file becomes one clip: its crop, sound, keypoints, boxes and features, or the reason why it cannot."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mmgt_core.errors import InputError
from mmgt_core.keypoints import Float32Array
from mmgt_core.masks.regions import Box, region_boxes
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import inspect_driving_video, read_video_frames
from mmgt_core.training.preparation.first_look import first_look
from mmgt_core.training.preparation.layout import WINDOW_FRAMES, ClipFacts, Member, Split, window_starts
from mmgt_core.training.preparation.rejection import ClipRejected, RejectionReason, rejected_input
from mmgt_core.training.preparation.settings import PreparationSettings, Tools, clip_key
from mmgt_core.training.preparation.speech import from_int16, speech_arrays, to_int16
from mmgt_core.training.preparation.tracking import LONGEST_GAP_FRAMES, Track, track_person
from mmgt_core.types import FPS, SAMPLES_PER_FRAME, Waveform


@dataclass(frozen=True)
class PreparedClip:
    """A clip but for its pictures. speech: (F · 640,) int16 at 16 kHz. arrays: the `.npy` members."""

    facts: ClipFacts
    speech: npt.NDArray[np.int16]
    arrays: dict[Member, npt.NDArray[np.generic]]


def prepare_clip(
    video: Path, source: str, split: Split, settings: PreparationSettings, tools: Tools, pictures: BinaryIO
) -> PreparedClip:
    """Prepare one clip; its JPEG pictures go to `pictures`.

    Args:
        video: the file.
        source: its path below the folder of videos, with forward slashes.
        split: what it is used for.
        settings: of the whole folder.
        tools: detector and speech encoders.
        pictures: an empty file.

    Raises:
        ClipRejected: it cannot be used, and why.
    """
    try:
        waveform = _sound(video, tools.limits)
        look = first_look(video, tools.limits, tools.detector, settings.min_fps)
        num_frames = min(look.num_frames, len(waveform.samples) // SAMPLES_PER_FRAME)
        _check_length(num_frames)
        images = islice(read_video_frames(video, tools.limits), num_frames)
        track = track_person(images, look.frame, tools.detector, pictures)
    except InputError as error:
        raise rejected_input(error) from error
    starts = _whole_windows(track)
    speech = to_int16(waveform.samples[: num_frames * SAMPLES_PER_FRAME])
    facts = ClipFacts(
        key=clip_key(source),
        source=source,
        speaker=source.rpartition("/")[0],
        split=split,
        num_frames=num_frames,
        frame=(look.frame.x, look.frame.y, look.frame.side),
        pictures_per_s=round(look.pictures_per_s, 3),
        detector=type(tools.detector).__name__,
        window_starts=starts,
    )
    arrays: dict[Member, npt.NDArray[np.generic]] = {
        Member.PICTURE_OFFSETS: track.picture_offsets,
        Member.KEYPOINTS: track.keypoints,
        Member.BOXES: _boxes(track.keypoints),
    }
    return PreparedClip(facts, speech, arrays | speech_arrays(Waveform(from_int16(speech)), starts, tools.encoders))


def _sound(video: Path, limits: MediaLimits) -> Waveform:
    """The clip's sound, after the cheap checks."""
    inspected = inspect_driving_video(video, replace(limits, min_audio_s=0.0))
    _check_length(inspected.num_frames)
    if not inspected.has_sound:
        raise ClipRejected(RejectionReason.NO_SOUND, "the file has no sound")
    waveform = decode_audio(video, replace(limits, max_audio_bytes=limits.max_video_bytes)).waveform
    _check_length(len(waveform.samples) // SAMPLES_PER_FRAME)
    return waveform


def _check_length(num_frames: int) -> None:
    if num_frames < WINDOW_FRAMES:
        message = f"{num_frames / FPS:.2f} s of picture and sound; at least {WINDOW_FRAMES / FPS:g} s are needed"
        raise ClipRejected(RejectionReason.TOO_SHORT, message)


def _whole_windows(track: Track) -> tuple[int, ...]:
    """First frames of the windows in which the person is known throughout."""
    starts = window_starts(len(track.keypoints))
    whole = tuple(start for start in starts if track.is_known[start : start + WINDOW_FRAMES].all())
    if not whole:
        num_lost = int((~track.is_known).sum())
        message = (
            f"the person is lost for over {LONGEST_GAP_FRAMES} frames on end in each of {len(starts)} windows, "
            f"{num_lost} of {len(track.keypoints)} frames in all"
        )
        raise ClipRejected(RejectionReason.PERSON_LOST, message)
    return whole


def _boxes(keypoints: Float32Array) -> npt.NDArray[np.int16]:
    """(F, 4, 4): face, lips, left hand, right hand, each x0, y0, x1, y1; zeros where there is none."""
    return np.array([[_corners(box) for box in _regions(pose)] for pose in keypoints], np.int16)


def _regions(keypoints: Float32Array) -> Iterable[Box | None]:
    boxes = region_boxes(keypoints)
    return boxes.face, boxes.lips, boxes.left_hand, boxes.right_hand


def _corners(box: Box | None) -> tuple[int, int, int, int]:
    return (box.x0, box.y0, box.x1, box.y1) if box is not None else (0, 0, 0, 0)
