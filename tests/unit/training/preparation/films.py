"""Small real films of drawn presenters, and a detector that finds their green heads."""

import math
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmgt_core.keypoints import BODY, FACE, LEFT_HAND, LIPS, RIGHT_HAND
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.pose.detector import DetectedPerson, largest_first
from mmgt_core.training.preparation.settings import PreparationSettings, Tools
from tests.unit.media.recordings import SAMPLES, encode_film, encode_sound, speech

WIDTH, HEIGHT = 352, 320
NUM_FRAMES = 95
SETTINGS = PreparationSettings(validation_share=0.3, test_share=0.3, split_seed=4, clips_per_shard=1)
_GREEN, _GREY = (40, 220, 40), (120, 120, 130)


@dataclass
class HeadDetector:
    """Finds green discs; the rest of a person is where it belongs below the head. May kill its process on the way."""

    looks_left: float = math.inf

    def detect(self, image: np.ndarray) -> list[DetectedPerson]:
        self.looks_left -= 1
        if self.looks_left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        pixels = image[::2, ::2]
        is_green = (pixels[..., 1] > 150) & (pixels[..., 0] < 110) & (pixels[..., 2] < 110)
        _, _, boxes, centres = cv2.connectedComponentsWithStats(is_green.astype(np.uint8))
        found = [
            _person(*(2 * centre), radius=float(box[cv2.CC_STAT_WIDTH]))
            for box, centre in zip(boxes[1:], centres[1:], strict=True)
            if box[cv2.CC_STAT_AREA] > 50
        ]
        return largest_first(found)


def head_tools(looks_left: float = math.inf) -> Tools:
    return Tools(HeadDetector(looks_left))


def make_films(folder: Path) -> dict[str, str | None]:
    """Write films below a folder; gives each one's path there and the reason for which it must be rejected, or None."""
    films: dict[str, str | None] = {}
    for name in ("anna/hello", "anna/again", "ben/hello"):
        films[f"{name}.mp4"] = None
    for reason in ("no_person", "several_people", "person_lost", "cuts", "silent", "too_short", "too_small"):
        films[f"odd/{reason}.mp4"] = reason
    for number, (name, reason) in enumerate(films.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_film(folder / name, reason, 100 + 5 * number)
    sound, _ = speech(3.8)
    encode_film(folder / "odd/low_fps.mp4", fps=10, seconds=3.8, sound=np.repeat(sound, 3))
    encode_film(folder / "odd/no_sound.mp4", fps=25, seconds=3.8)
    (folder / "odd/unreadable.avi").write_bytes(b"not a video")
    return films | {"odd/low_fps.mp4": "low_fps", "odd/no_sound.mp4": "no_sound", "odd/unreadable.avi": "unreadable"}


def write_film(path: Path, fault: str | None = None, x: int = 170) -> None:
    """One film of 3.8 s whose presenter stands around x and nods, with the fault of that name."""
    num_frames = 60 if fault == "too_short" else NUM_FRAMES
    sound = SAMPLES / "speech.wav"
    if fault == "silent":
        sound = encode_sound(path.with_suffix(".wav"), np.zeros(80_000, np.float32), 16_000)
    width, height = (176, 160) if fault == "too_small" else (WIDTH, HEIGHT)
    with VideoWriter(path, width, height, sound, num_frames) as writer:
        for frame in range(num_frames):
            picture = _picture(frame, x, fault)
            writer.write(picture if fault != "too_small" else cv2.resize(picture, (width, height)))


def _picture(frame: int, x: int, fault: str | None) -> np.ndarray:
    is_other_shot = fault == "cuts" and frame >= NUM_FRAMES // 2
    picture = np.full((HEIGHT, WIDTH, 3), (200, 180, 90) if is_other_shot else (60, 50, 70), np.uint8)
    is_away = fault == "no_person" or (fault == "person_lost" and 40 <= frame < 60)
    people = [] if is_away else [x, x + 130] if fault == "several_people" else [x]
    for place in people:
        y = 100 + round(6 * np.sin(frame / 5))
        cv2.rectangle(picture, (place - 50, 140), (place + 50, HEIGHT), _GREY, -1)
        cv2.circle(picture, (place, y), 34, _GREEN, -1)
    return picture


def _person(x: float, y: float, radius: float) -> DetectedPerson:
    keypoints = np.zeros((134, 3), np.float32)
    body = [(0, 0), (0, 1.4), (-1.2, 1.5), (-1.5, 3), (-1, 3.6), (1.2, 1.5), (1.5, 3), (1, 3.6)]
    keypoints[BODY][: len(body)] = _placed(np.array(body), x, y, radius)
    keypoints[FACE] = _placed(0.8 * _ring(68), x, y, radius)
    keypoints[LIPS] = _placed((0, 0.4) + _ring(20) * (0.3, 0.1), x, y, radius)
    for hand, side in ((LEFT_HAND, 1), (RIGHT_HAND, -1)):
        keypoints[hand] = _placed((side, 3.8) + 0.3 * _ring(21), x, y, radius)
    box = (x - 2 * radius, y - radius, x + 2 * radius, y + 4 * radius)
    return DetectedPerson(keypoints, box, 0.9)


def _ring(count: int) -> np.ndarray:
    angles = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _placed(points: np.ndarray, x: float, y: float, radius: float) -> np.ndarray:
    return np.concatenate([points * radius + (x, y), np.ones((len(points), 1))], axis=1)
