"""Under `mmgt evaluate`: the acceptance list and the ablations on held-out presenters, and the pose autoencoder."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmgt_core.commands.running import work
from mmgt_core.metrics.pose_window import WINDOW_FRAMES
from mmgt_core.progress_bar import ProgressBar
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.texts import HELD_OUT_LANGUAGE
from mmgt_core.types import FPS

if TYPE_CHECKING:
    from mmgt_core.metrics.presenter_system import PipelineSystem
    from mmgt_core.synthetic.clip import SyntheticClip

_FEWEST_CLIPS = 2
_FEWEST_ABLATION_CLIPS = 3
"""Without each of them figures of sets are told anew, and a set is two."""
_WEIGHTS = Path("weights")
_AUTOENCODER_CLIPS, _AUTOENCODER_STEPS = 300, 1500

PresetName = Annotated[str, typer.Option("--preset", help="Which networks.")]
WeightsFolder = Annotated[Path, typer.Option("--weights", help="Folder of weights, one folder a preset.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder of the report; made if absent.")]
NumClips = Annotated[int, typer.Option("--clips", min=_FEWEST_CLIPS, help="Clips in languages that were trained on.")]
FirstSeed = Annotated[
    int, typer.Option("--first-seed", min=FIRST_HELD_OUT_SEED, help="Of the first clip; the others follow it.")
]
Seconds = Annotated[
    float | None,
    typer.Option("--seconds", min=WINDOW_FRAMES / FPS, help="Length of every clip; by default that of its text."),
]
Steps = Annotated[
    int | None, typer.Option("--steps", min=1, max=100, help="Steps of stage 2; by default the preset's own.")
]

Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that measure.")]


def presenters(
    preset: PresetName = "mmgt-demo",
    weights: WeightsFolder = _WEIGHTS,
    clips: NumClips = 40,
    held_out_clips: Annotated[int, typer.Option("--held-out-clips", min=0, help="In the held-out language.")] = 10,
    first_seed: FirstSeed = FIRST_HELD_OUT_SEED,
    seconds: Seconds = None,
    steps: Steps = None,
    workers: Workers = 1,
    out: OutFolder = Path("out/results"),
) -> None:
    """Measure a preset on presenters, voices and texts that were never trained on: every figure of the results page.

    Each clip is kept in OUT/clips as it is finished; the same command goes on after a kill.
    """
    started = time.monotonic()
    processes, presenter_report = work("commands.presenter_workers"), work("metrics.presenter_report")
    source = processes.SystemSource(preset, weights, steps)
    system, network = source.load(), work("metrics.pose_autoencoder").load_pose_autoencoder()
    weights_told = ", ".join(sorted(set(system.pipeline.weights.values())))
    store = work("metrics.presenter_store").ClipStore(out / "clips", fingerprint(system, seconds))
    with ProgressBar() as bar:
        found = _clips(first_seed, clips, seconds, None, bar.advance)
        found += _clips(first_seed + clips, held_out_clips, seconds, HELD_OUT_LANGUAGE, bar.advance)
        if workers > 1:
            processes.measure_in_processes(found, source, store, workers, bar.advance)
        untrained = work("metrics.presenter_system").untrained_stage_1(system)
        results = work("metrics.presenters").measure_presenters(
            found, HELD_OUT_LANGUAGE, system, untrained, network, store, bar.advance
        )
    command = _command("presenters", preset, weights, clips, first_seed, seconds, steps, out)
    command += f" --held-out-clips {held_out_clips} --workers {workers}"
    num_steps = system.options.video_sampling(system.pipeline.preset).num_inference_steps
    facts = presenter_report.RunFacts(preset, weights_told, command, num_steps, time.monotonic() - started)
    typer.echo(presenter_report.write_presenter_report(results, facts, out))


def fingerprint(system: "PipelineSystem", seconds: float | None) -> str:
    """What a clip's figures depend on beside the clip: every number of the preset, options, length, weights."""
    pipeline = system.pipeline
    return f"{pipeline.preset}, {system.options}, {seconds} s, {sorted(pipeline.weights.items())}"


def ablations(
    runs: Annotated[Path, typer.Option("--runs", help="Folder that holds ablation-NAME/seed-K for what was trained.")],
    preset: PresetName = "mmgt-demo",
    weights: WeightsFolder = _WEIGHTS,
    clips: Annotated[
        int, typer.Option("--clips", min=_FEWEST_ABLATION_CLIPS, help="Clips in languages that were trained on.")
    ] = 40,
    first_seed: FirstSeed = FIRST_HELD_OUT_SEED,
    seconds: Seconds = None,
    steps: Steps = None,
    i3d: Annotated[
        Path | None, typer.Option("--i3d", help="TorchScript I3D for FVD: clips of 16 frames in [-1, 1].")
    ] = None,
    workers: Workers = 1,
    out: OutFolder = Path("out/results"),
) -> None:
    """Measure table V's ablations on held-out presenters, and tell which of the paper's orderings appear.

    Each clip of each training is kept in OUT/ablations as it is finished; the same command goes on after a kill.
    """
    processes, measuring = work("commands.presenter_workers"), work("metrics.ablations.measuring")
    source, kept = processes.SystemSource(preset, weights, steps), out / "ablations"
    system, extractors = source.load(), processes.load_extractors(i3d)
    rows = work("metrics.ablations.runs").planned_rows(runs)
    told = f"{fingerprint(system, seconds)}, {feature_files(i3d)}"
    with ProgressBar() as bar:
        found = _clips(first_seed, clips, seconds, None, bar.advance)
        if workers > 1:
            todo = measuring.trainings_of(rows)
            stores = [training.store(kept, told) for training in todo]
            processes.trainings_in_processes(todo, found, source, stores, i3d, workers, bar.advance)
        table = measuring.measure_ablations(rows, system, found, kept, told, extractors, bar.advance)
    command = _command("ablations", preset, weights, clips, first_seed, seconds, steps, out)
    command += f" --runs {shlex.quote(str(runs))} --workers {workers}"
    command += f" --i3d {shlex.quote(str(i3d))}" if i3d else ""
    typer.echo(work("metrics.ablations.page").write_ablations(table, clips, command, out))


def feature_files(i3d: Path | None) -> list[str]:
    """The hashes of the networks whose features sets of clips are compared by."""
    sha256, published = work("checkpoints.file_hashes").file_sha256, work("metrics.pose_autoencoder").PUBLISHED_WEIGHTS
    return [sha256(path) for path in (published, i3d) if path is not None]


def autoencoder(
    out: Annotated[Path, typer.Option("--out", help="The safetensors file to write.")],
    clips: Annotated[
        int,
        typer.Option("--clips", min=_FEWEST_CLIPS, max=FIRST_HELD_OUT_SEED, help="Synthetic clips, seeds from 0."),
    ] = _AUTOENCODER_CLIPS,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Training steps of 128 windows.")] = _AUTOENCODER_STEPS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the first weights and the order.")] = 0,
) -> None:
    """Train the pose autoencoder of FGD and diversity on procedural presenters."""
    loss = 0.0
    with ProgressBar() as bar:
        poses = [clip.pose_sequence for clip in _clips(0, clips, None, None, bar.advance)]

        def tell(step: int, current: float) -> None:
            nonlocal loss
            loss = current
            bar.advance("training", step, steps)

        training = work("metrics.pose_autoencoder")
        network = training.train_pose_autoencoder(poses, steps, seed, tell)
    training.save_pose_autoencoder(network, out)
    typer.echo(f"{out} ({clips} clips, {steps} steps, last loss {loss:.4f})")


def _clips(
    first_seed: int,
    number: int,
    seconds: float | None,
    language: str | None,
    on_progress: Callable[[str, int, int], None],
) -> "list[SyntheticClip]":
    found, synthetic_clip = [], work("synthetic.clip").synthetic_clip
    for index in range(number):
        found.append(synthetic_clip(first_seed + index, seconds, language))
        on_progress(f"clips, {language}" if language else "clips", index + 1, number)
    return found


def _command(
    name: str,
    preset: str,
    weights: Path,
    clips: int,
    first_seed: int,
    seconds: float | None,
    steps: int | None,
    out: Path,
) -> str:
    words = ["mmgt", "evaluate", name, "--preset", preset, "--clips", str(clips), "--first-seed", str(first_seed)]
    words += ["--weights", str(weights)] if weights != _WEIGHTS else []
    words += ["--seconds", f"{seconds:g}"] if seconds else []
    words += ["--steps", str(steps)] if steps else []
    return shlex.join([*words, "--out", str(out)])
