"""The work of `mmgt generate` on good inputs: stage 1 begins, then libraries and weights of stage 2 are loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import typer

from mmgt_core.audio.hand_made import HandMade
from mmgt_core.checkpoints.folders import require_weights
from mmgt_core.checkpoints.packaged import packaged_networks
from mmgt_core.commands.devices import place_of, video_dtype
from mmgt_core.commands.running import Device, work
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.load_stage_1 import STAGE_1_NETWORKS, load_audio_to_pose
from mmgt_core.media.provenance import GenerationFacts, sign_all
from mmgt_core.media.signing_identity import SigningIdentity
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.natural_poses import video_poses
from mmgt_core.pipelines.output_files import Outputs, Until
from mmgt_core.pipelines.outputs import write_poses
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.processor import settle_on_cores
from mmgt_core.types import FPS, PoseSequence

STAGE_2 = "load"
"""Imported after stage 1's first poses: it takes as long as they do."""


@dataclass(frozen=True)
class Networks:
    """Which networks run, where, and who computes the features of speech that none of them learned."""

    preset: Preset
    weights: Path
    device: Device
    hand_made: HandMade


def generate_video(
    networks: Networks,
    inputs: Inputs,
    options: SamplingOptions,
    outputs: Outputs,
    signer: SigningIdentity,
    control: RunControl,
) -> None:
    """Make the video, or its poses alone, and what is wanted beside it, marked by the signer; complete or not at all.

    Raises:
        WeightsError: weights are absent or not the expected ones.
        Cancelled: the caller asked to stop.
    """
    preset, weights, place = networks.preset, networks.weights, place_of(networks.device)
    require_weights(weights, preset, packaged_networks(preset))
    outputs.check_room(inputs.num_frames / FPS)
    stage_1 = load_audio_to_pose(preset, weights, place, networks.hand_made) if inputs.needs_stage_1 else None
    poses = video_poses(stage_1, preset, inputs, options, control)
    facts = GenerationFacts(preset.name, preset.is_trained, options.seed)
    if outputs.until is Until.POSES:
        with outputs.unfinished() as staged:
            write_poses(poses, inputs.num_frames, staged)
            sign_all(staged.videos, signer, facts)
        return
    poses = _begun(poses)
    loading = work(STAGE_2)
    pipeline = loading.load_pipeline(preset, weights, place, video_dtype(place), stage_1)
    if place.type == "cpu":
        settle_on_cores(pipeline.pose_to_video.denoising_unet)
    taken = {name: source for name, source in pipeline.weights.items() if stage_1 or name not in STAGE_1_NETWORKS}
    untrained = [name for name, source in taken.items() if source == loading.UNTRAINED]
    if untrained:
        typer.echo(
            f"note: {preset.name} is untrained ({', '.join(untrained)}): what these make is noise. It shows "
            "that everything runs; a real video takes mmgt-512 with its published weights.",
            err=True,
        )
    with outputs.unfinished() as staged:
        pipeline.render(inputs, poses, options, staged, control)
        sign_all(staged.videos, signer, facts)


def _begun(poses: Iterator[PoseSequence]) -> Iterator[PoseSequence]:
    """The same poses, the first of them made already: stage 1 need not wait until stage 2 is loaded."""
    return chain((next(poses),), poses)
