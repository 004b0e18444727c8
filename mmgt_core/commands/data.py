"""`mmgt data prepare`: videos of people speaking become shards to train on. The report goes to standard output."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.commands.running import Device, run_app, work
from mmgt_core.config import PRESETS
from mmgt_core.errors import Cancelled
from mmgt_core.progress_bar import ProgressBar
from mmgt_core.training.preparation.settings import PreparationSettings

app = typer.Typer(no_args_is_help=True, add_completion=False)
data_app = typer.Typer(no_args_is_help=True, help="Make training data of videos.")
app.add_typer(data_app, name="data")

Videos = Annotated[
    Path, typer.Argument(help="Folder of videos, of any depth.", exists=True, file_okay=False, show_default=False)
]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder of shards, report and contact sheet; goes on if begun.")]
MaybePreset = Annotated[
    str | None, typer.Option("--preset", help=f"Also store its speech encoders' features: {', '.join(PRESETS)}.")
]
Weights = Annotated[Path, typer.Option("--weights", help="Folder of weights: of a detector and of the preset.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes; each loads its own networks.")]
Validation = Annotated[float, typer.Option("--validation", help="Share of the source clips, from 0.")]
Test = Annotated[float, typer.Option("--test", help="Share of the source clips, from 0.")]
SplitSeed = Annotated[int, typer.Option("--split-seed", help="Another one deals the clips anew.")]
MinFps = Annotated[float, typer.Option("--min-fps", help="Different pictures per second that a source must have.")]
ClipsPerShard = Annotated[int, typer.Option("--clips-per-shard", help="At most.")]


@data_app.command()
def prepare(
    videos: Videos,
    out: OutFolder,
    preset: MaybePreset = None,
    weights: Weights = Path("weights"),
    workers: Workers = 1,
    validation: Validation = PreparationSettings.validation_share,
    test: Test = PreparationSettings.test_share,
    split_seed: SplitSeed = PreparationSettings.split_seed,
    min_fps: MinFps = PreparationSettings.min_fps,
    clips_per_shard: ClipsPerShard = PreparationSettings.clips_per_shard,
) -> None:
    """Crop videos to one speaker at 512x512 and 25 fps, find keypoints, cut windows, write WebDataset shards."""
    settings = PreparationSettings(validation, test, split_seed, min_fps, clips_per_shard, preset)
    chosen = find_preset(preset) if preset else None
    device = work("commands.devices").place_of(Device.AUTO)
    make_tools = partial(work("training.preparation.tools").load_tools, weights, chosen, device)
    prepare_videos = work("training.preparation.run").prepare_videos
    try:
        with ProgressBar() as bar:
            report = prepare_videos(videos, out, settings, make_tools, workers, partial(bar.advance, "clips"))
    except KeyboardInterrupt as error:
        raise Cancelled("interrupted; the clips that were done are kept: run it again to go on") from error
    typer.echo(report.text(), nl=False)
    typer.echo(out)


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments, "mmgt")
