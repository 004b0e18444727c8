"""Table V's ablations on held-out presenters, and which of the paper's orderings appear at this scale."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import nn

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.metrics.gesture import correlation, diversity, gesture_distance
from mmgt_core.metrics.image import frame_psnr, frame_ssim
from mmgt_core.metrics.measurement import Region
from mmgt_core.metrics.mouth import rendered_mouth_opening
from mmgt_core.metrics.pose_autoencoder import PoseAutoencoder, pose_windows
from mmgt_core.metrics.presenter_clip import System
from mmgt_core.metrics.presenter_colours import PresenterColours
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.metrics.regions import crops, region_squares
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.smga.model import SMGA
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.types import MaskMotion

COLUMNS = ("FGD", "Diversity", "face PSNR", "face SSIM", "video PSNR", "video SSIM", "lips")
"""Lips: the paper's Syn-D, which behaves as LSE-C; here the correlation of the mouth seen in frames with the truth."""
LOWER_IS_BETTER = ("FGD",)
NOT_RANKED = ("Diversity",)
_DECIMALS = 3
"""Numbers that are printed alike are equal, and order nothing."""


@dataclass(frozen=True)
class Ablation:
    """One row of table V. name: of its training configuration. paper: its numbers there, by column; none: our own.

    smga: what is taken out of stage 1's network. needs_training: without weights of its own it cannot be measured;
    the others can also be had from the whole method's weights, by leaving something out when sampling.
    has_portrait_details: False leaves our own end of stage 2 out. is_whole: nothing is left out; the rows after it are
    compared with it.
    """

    name: str
    meaning: str
    paper: tuple[float, ...]
    smga: dict[str, bool] = field(default_factory=dict)
    mask_motion: MaskMotion | None = None
    hears_in_stage_2: bool = True
    needs_training: bool = False
    has_portrait_details: bool = True
    is_whole: bool = False


_PAPER_WHOLE = (6.02, 0.0825, 29.87, 0.4413, 31.29, 0.6378, 4.51)
ABLATIONS = (
    Ablation("ablation-whole-stage-1", "the whole method (stage 1 trained as the next)", _PAPER_WHOLE, is_whole=True),
    Ablation(
        "ablation-without-two-branches",
        "stage 1 without its two branches",
        (6.78, 0.0813, 29.42, 0.3775, 30.42, 0.5876, 2.25),
        smga={"has_two_branches": False},
        needs_training=True,
    ),
    Ablation(
        "ablation-without-film",
        "stage 1 without FiLM",
        (6.38, 0.0860, 29.85, 0.4400, 31.25, 0.6321, 3.85),
        smga={"has_film": False},
        needs_training=True,
    ),
    Ablation(
        "ablation-without-face-loss",
        "stage 1 without the face loss",
        (7.09, 0.0772, 29.45, 0.3943, 30.54, 0.6039, 3.18),
        needs_training=True,
    ),
    Ablation("ablation-whole-stage-2", "the whole method (stage 2 trained as the next)", _PAPER_WHOLE, is_whole=True),
    Ablation(
        "ablation-without-motion-mask",
        "stage 2 without motion masks",
        (6.51, 0.0831, 29.57, 0.4267, 30.32, 0.6108, 4.65),
        mask_motion=MaskMotion.NONE,
    ),
    Ablation(
        "ablation-without-stage-2-audio",
        "stage 2 without speech",
        (6.72, 0.0824, 29.67, 0.4315, 30.80, 0.6237, 3.58),
        hears_in_stage_2=False,
    ),
    Ablation(
        "ablation-still-mask",
        "stage 2 with still masks",
        (7.09, 0.0833, 29.42, 0.3775, 30.28, 0.6050, 4.01),
        mask_motion=MaskMotion.STILL,
    ),
    Ablation(
        "ablation-without-portrait-details",
        "stage 2 without the portrait's details put back (no row of the paper's)",
        (),
        has_portrait_details=False,
    ),
)
"""Table V by the stage that is trained: its whole method, trained as long, before what is left out."""


@dataclass(frozen=True)
class AblationRow:
    """What was measured of one ablation, by column; None where it was not, and why."""

    ablation: Ablation
    numbers: tuple[float, ...] | None
    note: str


def measure_ablations(
    system: PipelineSystem,
    runs: Path,
    clips: Sequence[SyntheticClip],
    network: PoseAutoencoder,
    on_progress: Callable[[str, int, int], None],
) -> list[AblationRow]:
    """Measure each ablation and what it is compared with on the same clips.

    Args:
        system: the whole method, which stands in wherever no weights were trained for the comparison.
        runs: folder that holds a training run's folder for each ablation's name; see `ablated`.
        clips: at least two.
        network: of FGD.
        on_progress: told a name, ablations done, ablations in all.

    Raises:
        WeightsError: a run's weights are not those of its ablation.
    """
    rows = []
    for index in range(len(ABLATIONS)):
        on_progress("ablations", index, len(ABLATIONS))
        rows.append(measure_ablation(index, system, runs, clips, network))
    on_progress("ablations", len(ABLATIONS), len(ABLATIONS))
    return rows


def measure_ablation(
    index: int, system: PipelineSystem, runs: Path, clips: Sequence[SyntheticClip], network: PoseAutoencoder
) -> AblationRow:
    """Measure one row of the table; `measure_ablations` says the rest. Args: index: in ABLATIONS."""
    ablation = ABLATIONS[index]
    whole = next(row for row in reversed(ABLATIONS[: index + 1]) if row.is_whole)
    compared = system if ablation.is_whole else ablated(system, whole, runs / whole.name)[0]
    changed, note = ablated(compared or system, ablation, runs / ablation.name)
    return AblationRow(ablation, measure_system(changed, clips, network) if changed else None, note)


def ablated(system: PipelineSystem, ablation: Ablation, run: Path) -> tuple[PipelineSystem | None, str]:
    """The system with something taken out, and how: weights of its own where the run's folder has NETWORK.safetensors.

    Raises:
        WeightsError: a file is named for no network, or is not of the network that it is named for.
    """
    pipeline, files = system.pipeline, sorted(run.glob("*.safetensors"))
    if ablation.needs_training and not files:
        return None, f"not measured: no weights in {run.name}/; `mmgt train smga --config {ablation.name}`"
    options = replace(system.options, mask_motion=ablation.mask_motion) if ablation.mask_motion else system.options
    if not ablation.has_portrait_details:
        pipeline = replace(pipeline, detail_network=None)
    if files:
        pipeline = _with_weights(pipeline, files, ablation)
    note = "trained so" if files else "the whole method's weights"
    if not files and not ablation.is_whole:
        note += ", left out when sampling"
    return PipelineSystem(pipeline, options, system.detector, ablation.hears_in_stage_2), note


def measure_system(system: System, clips: Sequence[SyntheticClip], network: PoseAutoencoder) -> tuple[float, ...]:
    """Table V's columns of videos made from speech and one picture."""
    spoken_windows, true_windows, rows = [], [], []
    for clip in clips:
        initial, num_frames = clip.pose_sequence.keypoints[clip.reference_frame], len(clip.pose_sequence)
        seeded = system.seeded(clip.seed)
        poses = seeded.speak(initial, clip.waveform)
        reference = clip.render([clip.reference_frame], CANVAS_SIZE)[0]
        frames = seeded.render(reference, initial, poses, clip.waveform)
        truth = clip.render(range(num_frames), system.resolution)
        boxes = region_squares(clip.pose_sequence, Region.FACE, system.resolution)
        faces, true_faces = (frames, truth) if boxes is None else (crops(frames, boxes), crops(truth, boxes))
        colours = PresenterColours.of(clip.identity)
        seen = rendered_mouth_opening(frames, poses, colours.inside_mouth, colours.around_mouth)
        rows.append(
            [
                frame_psnr(faces, true_faces).mean(),
                frame_ssim(faces, true_faces).mean(),
                frame_psnr(frames, truth).mean(),
                frame_ssim(frames, truth).mean(),
                correlation(seen, clip.mouth_opening),
            ]
        )
        spoken_windows.append(pose_windows(poses))
        true_windows.append(pose_windows(clip.pose_sequence))
    features, true_features = (network.features(np.concatenate(windows)) for windows in (spoken_windows, true_windows))
    distances = gesture_distance(features, true_features), diversity(features)
    return (*distances, *np.mean(rows, axis=0).tolist())


def ablation_page(rows: Sequence[AblationRow], num_clips: int, command: str) -> str:
    """Table V at this scale, and for each of the paper's orderings whether it appears."""
    table = [f"| | {' | '.join(COLUMNS)} | how |", "|---|" + "---|" * (len(COLUMNS) + 1)]
    for row in rows:
        cells = [f"{number:.{_DECIMALS}f}" for number in row.numbers] if row.numbers else ["-"] * len(COLUMNS)
        table.append(f"| {row.ablation.meaning} | {' | '.join(cells)} | {row.note} |")
    orderings = ["| the paper's ordering | in the paper | here | appears |", "|---|---|---|---|", *_orderings(rows)]
    return "\n".join(
        [
            "# Ablations (table V) at the small preset's scale",
            "",
            f"{num_clips} held-out presenters, videos from speech and one picture, by:",
            "",
            f"    {command}",
            "",
            "Lips is the correlation of the mouth seen in frames with the truth; the paper's is Syn-D, which behaves "
            "as LSE-C. FGD is by our own pose autoencoder. Masks and speech of stage 2 cannot change poses, so FGD and "
            "diversity of those rows are the whole method's; the paper prints others.",
            "",
            *table,
            "",
            *orderings,
            "",
        ]
    )


def ablation_numbers(rows: Sequence[AblationRow], command: str) -> dict[str, object]:
    """The same for computing with; columns by name, None where an ablation was not measured."""
    return {
        "command": command,
        "rows": [
            {
                "name": row.ablation.name,
                "note": row.note,
                "numbers": dict(zip(COLUMNS, row.numbers, strict=True)) if row.numbers else None,
                "paper": dict(zip(COLUMNS, row.ablation.paper, strict=True)) if row.ablation.paper else None,
            }
            for row in rows
        ],
    }


def _orderings(rows: Sequence[AblationRow]) -> list[str]:
    found, whole = [], rows[0]
    for row in rows:
        whole = row if row.ablation.is_whole else whole
        if row is whole or row.numbers is None or whole.numbers is None or not row.ablation.paper:
            continue
        for index, column in enumerate(COLUMNS):
            if column not in NOT_RANKED:
                found.append(_ordering(row.ablation, column, whole.numbers[index], row.numbers[index]))
    return found


def _ordering(ablation: Ablation, column: str, whole: float, ours: float) -> str:
    """One line: the whole method against an ablation by one column, in the paper and here."""
    index = COLUMNS.index(column)
    theirs, sign = ablation.paper[index], -1 if column in LOWER_IS_BETTER else 1
    by_paper = sign * (_PAPER_WHOLE[index] - theirs)
    here = sign * (round(whole, _DECIMALS) - round(ours, _DECIMALS))
    which = "better" if by_paper > 0 else "worse"
    appears = "equal" if here == 0 else "yes" if (here > 0) == (by_paper > 0) else "**no**"
    return (
        f"| whole method {which} than {ablation.meaning}: {column} | {_PAPER_WHOLE[index]:g} against {theirs:g} "
        f"| {whole:.{_DECIMALS}f} against {ours:.{_DECIMALS}f} | {appears} |"
    )


def _with_weights(pipeline: AudioToVideo, files: Sequence[Path], ablation: Ablation) -> AudioToVideo:
    """A copy with networks taken from a run's NETWORK.safetensors; stage 1 is built without what is left out.

    Raises:
        WeightsError: as `ablated`.
    """
    copied = deepcopy(pipeline)
    place = copied.audio_to_pose.smga.final_layer.weight
    smga = SMGA(replace(pipeline.preset.smga, **ablation.smga)).requires_grad_(False).eval().to(place.device)
    networks: dict[str, nn.Module] = {
        "smga": smga,
        "denoising_unet": copied.pose_to_video.denoising_unet,
        "reference_unet": copied.pose_to_video.reference_unet,
        "pose_guider": copied.pose_guider,
        "image_encoder": copied.pose_to_video.image_encoder,
        "audio_projection": copied.audio_projection,
    }
    for path in files:
        if path.stem not in networks:
            raise WeightsError(f"{path}: named for no network of {ablation.name}; there are {', '.join(networks)}")
        try:
            networks[path.stem].load_state_dict(load_file(path))
        except RuntimeError as error:
            raise WeightsError(f"{path}: not the weights of {ablation.name}: {error}") from error
    if "smga" in {path.stem for path in files}:
        return replace(copied, audio_to_pose=replace(copied.audio_to_pose, smga=smga))
    return copied
