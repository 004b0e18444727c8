"""How stage 1 is sampled beside the numbers of a generation, and what becomes of its poses."""

from dataclasses import dataclass
from enum import StrEnum

from mmgt_core.quality import Quality


class StartPose(StrEnum):
    """Where a video's poses begin: where they happen to, or at the portrait's own."""

    OFF = "off"
    PORTRAIT = "portrait"


class Lips(StrEnum):
    """Whose lips and jaw driving poses get: stage 1's, of the sound that the video has, or their own."""

    AUDIO = "audio"
    DRIVING = "driving"


@dataclass(frozen=True)
class PoseGuidance:
    """How stage 1 is guided: gestures, and face and head. 1 is off."""

    pose_guidance_scale: float
    head_guidance_scale: float

    @classmethod
    def of(cls, asked: float | None, own: float, own_of_heads: float | None) -> "PoseGuidance":
        """What is asked for counts everywhere; a preset without a scale for heads guides them as it does gestures."""
        if asked is not None:
            return cls(asked, asked)
        return cls(own, own if own_of_heads is None else own_of_heads)


@dataclass(frozen=True)
class PoseWishes:
    """What becomes of a video's poses before they are drawn.

    gesture_strength, head_strength: 0 holds them still, 1 leaves them, 1.5 is the most. smoothing: 0 to 1. loop: the
    last pose leads into the first. start_pose: where the first is.
    """

    gesture_strength: float = 1.0
    head_strength: float = 1.0
    smoothing: float = 0.0
    loop: bool = False
    start_pose: StartPose = StartPose.OFF

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        for name, most in (("gesture_strength", 1.5), ("head_strength", 1.5), ("smoothing", 1.0)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise ValueError(f"{name} is {value}; it must be 0 to {most:g}")

    @property
    def are_as_lively(self) -> bool:
        """Whether strengths and smoothing leave poses as they came, bit by bit."""
        return (self.gesture_strength, self.head_strength, self.smoothing) == (1, 1, 0)


def are_natural(asked: bool | None, quality: Quality) -> bool:
    """Whether generated poses are mended, blink and come to rest: as asked, else but in `exact`, which adds nothing."""
    return quality is not Quality.EXACT if asked is None else asked
