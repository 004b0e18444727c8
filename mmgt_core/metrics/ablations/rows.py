"""Table V's rows and columns: what is left out of the method, the paper's numbers, and ours beside them."""

from dataclasses import dataclass, field
from enum import IntEnum

from mmgt_core.types import MaskMotion


class Stage(IntEnum):
    """Of the method: what a row leaves something out of."""

    POSES = 1
    FRAMES = 2


@dataclass(frozen=True)
class Column:
    """One figure. is_lower_better: None orders nothing."""

    name: str
    is_lower_better: bool | None = False


FGD, DIVERSITY = Column("FGD", is_lower_better=True), Column("Diversity", is_lower_better=None)
FACE_PSNR, FACE_SSIM = Column("face PSNR"), Column("face SSIM")
VIDEO_PSNR, VIDEO_SSIM = Column("video PSNR"), Column("video SSIM")
LIPS = Column("lips")
"""The paper's Syn-D, which behaves as LSE-C; here the correlation of the mouth seen in frames with the truth."""
TEMPORAL = Column("temporal error", is_lower_better=True)
LIPS_ALONE = Column("lips by speech alone")
MOUTH_PSNR_ALONE = Column("mouth PSNR by speech alone")
TEMPORAL_ALONE = Column("temporal error by speech alone", is_lower_better=True)
"""By speech alone: of a video whose poses are the truth's with the mouth held still: what stage 2 does by itself."""
FACE_FVD, VIDEO_FVD = Column("face FVD", is_lower_better=True), Column("video FVD", is_lower_better=True)
COLUMNS = (
    FGD,
    DIVERSITY,
    FACE_PSNR,
    FACE_SSIM,
    VIDEO_PSNR,
    VIDEO_SSIM,
    LIPS,
    TEMPORAL,
    LIPS_ALONE,
    MOUTH_PSNR_ALONE,
    TEMPORAL_ALONE,
    FACE_FVD,
    VIDEO_FVD,
)
"""In the order of the page. FVD is measured only where its network is given."""

_PAPERS_COLUMNS = (FGD, DIVERSITY, FACE_PSNR, FACE_SSIM, VIDEO_PSNR, VIDEO_SSIM, LIPS, FACE_FVD, VIDEO_FVD)


def _paper(*numbers: float) -> dict[str, float]:
    return {column.name: number for column, number in zip(_PAPERS_COLUMNS, numbers, strict=True)}


@dataclass(frozen=True)
class Ablation:
    """One row of table V. name: of its training configuration. paper: its numbers there, by column; none: our own.

    smga: what is taken out of stage 1's network. needs_training: without weights of its own it cannot be measured;
    the others can also be had from the whole method's weights, by leaving something out when sampling. has_finisher:
    False leaves our own end of stage 2 out. is_whole: nothing is left out; the rows after it are compared with it.
    """

    name: str
    stage: Stage
    meaning: str
    paper: dict[str, float]
    smga: dict[str, bool] = field(default_factory=dict)
    mask_motion: MaskMotion | None = None
    hears_in_stage_2: bool = True
    needs_training: bool = False
    has_finisher: bool = True
    is_whole: bool = False

    @property
    def process(self) -> str:
        """The training process that makes its weights."""
        return {Stage.POSES: "smga", Stage.FRAMES: "video"}[self.stage]

    @property
    def whole(self) -> "Ablation":
        """What it is compared with."""
        return next(ablation for ablation in ABLATIONS if ablation.is_whole and ablation.stage is self.stage)


_WHOLE = _paper(6.02, 0.0825, 29.87, 0.4413, 31.29, 0.6378, 4.51, 99.38, 230.89)
ABLATIONS = (
    Ablation("ablation-whole-stage-1", Stage.POSES, "the whole method", _WHOLE, is_whole=True),
    Ablation(
        "ablation-without-two-branches",
        Stage.POSES,
        "without two branches",
        _paper(6.78, 0.0813, 29.42, 0.3775, 30.42, 0.5876, 2.25, 262.20, 409.53),
        smga={"has_two_branches": False},
        needs_training=True,
    ),
    Ablation(
        "ablation-without-film",
        Stage.POSES,
        "without FiLM",
        _paper(6.38, 0.0860, 29.85, 0.4400, 31.25, 0.6321, 3.85, 132.56, 238.26),
        smga={"has_film": False},
        needs_training=True,
    ),
    Ablation(
        "ablation-without-face-loss",
        Stage.POSES,
        "without the face loss",
        _paper(7.09, 0.0772, 29.45, 0.3943, 30.54, 0.6039, 3.18, 167.58, 411.42),
        needs_training=True,
    ),
    Ablation("ablation-whole-stage-2", Stage.FRAMES, "the whole method", _WHOLE, is_whole=True),
    Ablation(
        "ablation-without-motion-mask",
        Stage.FRAMES,
        "without motion masks",
        _paper(6.51, 0.0831, 29.57, 0.4267, 30.32, 0.6108, 4.65, 205.08, 378.32),
        mask_motion=MaskMotion.NONE,
    ),
    Ablation(
        "ablation-without-stage-2-audio",
        Stage.FRAMES,
        "without speech in stage 2",
        _paper(6.72, 0.0824, 29.67, 0.4315, 30.80, 0.6237, 3.58, 609.44, 1250.71),
        hears_in_stage_2=False,
    ),
    Ablation(
        "ablation-still-mask",
        Stage.FRAMES,
        "with still masks",
        _paper(7.09, 0.0833, 29.42, 0.3775, 30.28, 0.6050, 4.01, 267.10, 286.39),
        mask_motion=MaskMotion.STILL,
    ),
    Ablation("ablation-without-held-mouths", Stage.FRAMES, "without held mouths", {}, needs_training=True),
    Ablation("ablation-without-finisher", Stage.FRAMES, "without the finisher", {}, has_finisher=False),
)
"""By the stage that is trained: its whole method, trained as long, before what is left out. The last two are ours."""
