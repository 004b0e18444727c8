"""How stage 1 is sampled beside the numbers of a generation, and what becomes of its poses."""

from dataclasses import dataclass

from mmgt_core.quality import Quality


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
class Liveliness:
    """gesture_strength, head_strength: 0 holds them still, 1 leaves them, 1.5 is the most. smoothing: 0 to 1."""

    gesture_strength: float = 1.0
    head_strength: float = 1.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        for name, most in (("gesture_strength", 1.5), ("head_strength", 1.5), ("smoothing", 1.0)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise ValueError(f"{name} is {value}; it must be 0 to {most:g}")

    @property
    def changes_nothing(self) -> bool:
        """Whether poses leave as they came, bit by bit."""
        return self == Liveliness()


def are_natural(asked: bool | None, quality: Quality) -> bool:
    """Whether generated poses blink and come to rest: as asked, else in every mode but `exact`, which adds nothing."""
    return quality is not Quality.EXACT if asked is None else asked
