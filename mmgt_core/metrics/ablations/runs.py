"""The trainings behind table V's rows, RUNS/ablation-NAME/seed-K, and the method with their networks."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from mmgt_core.errors import WeightsError
from mmgt_core.metrics.ablations.rows import ABLATIONS, Ablation
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.smga.model import SMGA

_SEED = "seed-"


def seed_folder(runs: Path, name: str, seed: int) -> Path:
    """Where a row is trained from a seed."""
    return runs / name / f"{_SEED}{seed}"


@dataclass(frozen=True)
class PlannedRow:
    """How a row can be measured. trainings: seed to the folder of its networks, None for those given; none: not at all.

    note: what the weights are, or what is missing.
    """

    ablation: Ablation
    trainings: Mapping[int, Path | None]
    note: str


def planned_rows(runs: Path) -> list[PlannedRow]:
    """Every row of table V, by the trainings that a folder holds.

    A row without trainings is the whole method's with something left out when sampling, where that is possible. Where
    a stage's whole method was not trained, the given weights stand for it, and nothing that was trained is compared.
    """
    return [_planned(ablation, runs) for ablation in ABLATIONS]


def _planned(ablation: Ablation, runs: Path) -> PlannedRow:
    whole = ablation.whole
    wholes, own = finished_trainings(runs / whole.name), finished_trainings(runs / ablation.name)
    compared = {seed: own[seed] for seed in own if seed in wholes}
    if own and not compared:
        return PlannedRow(ablation, {}, f"not measured: {whole.name} was trained from none of its seeds")
    if compared:
        return PlannedRow(ablation, compared, "trained so")
    if ablation.needs_training:
        command = f"`mmgt train {ablation.process} --config {ablation.name}`"
        return PlannedRow(ablation, {}, f"not measured: no weights in {ablation.name}/{_SEED}K; {command}")
    weights = "the whole method's weights" if wholes else "the given weights"
    note = weights if ablation.is_whole else f"{weights}, left out when sampling"
    return PlannedRow(ablation, wholes or {0: None}, note)


def finished_trainings(folder: Path) -> dict[int, Path]:
    """Seed to folder of a row's trainings that have left their networks."""
    found = {int(path.parent.name.removeprefix(_SEED)): path.parent for path in folder.glob(f"{_SEED}*/*.safetensors")}
    return dict(sorted(found.items()))


def ablated(system: PipelineSystem, ablation: Ablation, folder: Path | None) -> PipelineSystem:
    """The method with something taken out. Args: folder: of NETWORK.safetensors to take; None keeps the system's own.

    Raises:
        WeightsError: a file is named for no network, or is not of the network that it is named for.
    """
    pipeline = system.pipeline
    options = replace(system.options, mask_motion=ablation.mask_motion) if ablation.mask_motion else system.options
    if not ablation.has_finisher:
        pipeline = replace(pipeline, detail_network=None)
    if folder is not None:
        pipeline = _with_weights(pipeline, sorted(folder.glob("*.safetensors")), ablation)
    return PipelineSystem(pipeline, options, system.detector, ablation.hears_in_stage_2)


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
