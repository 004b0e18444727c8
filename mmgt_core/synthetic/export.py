"""A synthetic clip as files: what goes in (image, speech), and what is known to be right (video, keypoints)."""

import os
import wave
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mmgt_core.media.image_writing import write_image
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.types import SAMPLE_RATE_HZ, Waveform

CLIP_FILES = ("reference.png", "speech.wav", "keypoints.npy", "truth.mp4")
"""In the order of writing: the last one there means that all are."""

SIZE = 512
_FULL_SCALE = 32_767
_FRAMES_AT_ONCE = 25


def write_clip(clip: SyntheticClip, folder: Path, on_progress: Callable[[int, int], None]) -> tuple[Path, ...]:
    """Write the four files of a clip, complete or not at all, over those of an earlier clip.

    Args:
        folder: made where it is absent.
        on_progress: is told frames done and frames in all.

    Returns:
        The files' paths.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="clip.", suffix=".part", dir=folder) as staging:
        reference, speech, keypoints, truth = (Path(staging) / name for name in CLIP_FILES)
        write_image(reference, clip.render([clip.reference_frame], SIZE)[0])
        write_speech(speech, clip.waveform)
        np.save(keypoints, clip.pose_sequence.keypoints)
        _write_truth(truth, clip, speech, on_progress)
        for name in CLIP_FILES:
            os.replace(Path(staging) / name, folder / name)
    return tuple(folder / name for name in CLIP_FILES)


def write_speech(path: Path, waveform: Waveform) -> None:
    """Write a mono 16 kHz recording as 16-bit WAV."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLE_RATE_HZ)
        recording.writeframes((waveform.samples * _FULL_SCALE).astype("<i2").tobytes())


def _write_truth(path: Path, clip: SyntheticClip, speech: Path, on_progress: Callable[[int, int], None]) -> None:
    num_frames = len(clip.pose_sequence)
    with VideoWriter(path, SIZE, SIZE, speech, num_frames) as video:
        for first in range(0, num_frames, _FRAMES_AT_ONCE):
            frames = range(first, min(first + _FRAMES_AT_ONCE, num_frames))
            for picture in clip.render(frames, SIZE):
                video.write(picture)
            on_progress(frames.stop, num_frames)
