"""How stage 1 is sampled, beside the numbers of a generation: its guidance, and whether its poses are made natural."""

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


def are_natural(asked: bool | None, quality: Quality) -> bool:
    """Whether generated poses blink and come to rest: as asked, else in every mode but `exact`, which adds nothing."""
    return quality is not Quality.EXACT if asked is None else asked
