"""`mmgt evaluate`: measure any folder of videos against the truth; train the pose autoencoder of its metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.commands.evaluate_presenters import ablations, autoencoder, presenters
from mmgt_core.commands.running import run_app
from mmgt_core.load import default_preset
from mmgt_core.media.limits import MediaLimits
from mmgt_core.metrics.evaluation import Judges, evaluate_pairs
from mmgt_core.metrics.feature_networks import FeatureNetworks, load_script
from mmgt_core.metrics.pairs import PoseSource, match_folders
from mmgt_core.metrics.pose_autoencoder import PUBLISHED_WEIGHTS, load_pose_autoencoder
from mmgt_core.metrics.report import write_report
from mmgt_core.metrics.sync import load_syncnet
from mmgt_core.progress_bar import ProgressBar

app = typer.Typer(add_completion=False, invoke_without_command=True)
for command in (presenters, ablations, autoencoder):
    app.command()(command)

_LEAST_RESOLUTION, _MOST_RESOLUTION = 32, 1024

GeneratedFolder = Annotated[Path | None, typer.Option("--generated", help="Folder of videos to measure.")]
TruthFolder = Annotated[Path | None, typer.Option("--truth", help="Folder of true videos of the same file names.")]
OutFolder = Annotated[Path | None, typer.Option("--out", help="Folder of the report; made if absent.")]
Resolution = Annotated[int, typer.Option("--resolution", help="Side in pixels at which pictures are compared.")]
Inception = Annotated[
    Path | None, typer.Option("--inception", help="TorchScript Inception for FID and KID: uint8 pictures to features.")
]
I3D = Annotated[
    Path | None, typer.Option("--i3d", help="TorchScript I3D for FVD and KVD: clips of 16 frames in [-1, 1].")
]
LPIPS = Annotated[
    Path | None, typer.Option("--lpips", help="TorchScript LPIPS: two pictures in [-1, 1] to a distance.")
]
SyncNet = Annotated[
    Path | None, typer.Option("--syncnet", help="TorchScript SyncNet with forward_lip and forward_aud, for LSE-D/C.")
]
Poses = Annotated[
    PoseSource, typer.Option("--poses", help="Keypoints: NAME.keypoints.npy beside each video, detected, or none.")
]
WeightsFolder = Annotated[
    Path, typer.Option("--weights", help="Folder of weights, for the detector of --poses detect.")
]


@app.callback()
def evaluate(
    context: typer.Context,
    generated: GeneratedFolder = None,
    truth: TruthFolder = None,
    out: OutFolder = None,
    resolution: Resolution = 256,
    inception: Inception = None,
    i3d: I3D = None,
    lpips: LPIPS = None,
    syncnet: SyncNet = None,
    poses: Poses = PoseSource.FILES,
    weights: WeightsFolder = Path("weights"),
) -> None:
    """Measure a folder of videos against the true ones of the same file names, and write one report.

    Metrics whose network cannot be shipped say which option to give; nothing stands in for them.
    """
    if context.invoked_subcommand is not None:
        return
    if generated is None or truth is None or out is None:
        named = {"--generated": generated, "--truth": truth, "--out": out}
        missing = ", ".join(name for name, given in named.items() if given is None)
        raise typer.BadParameter(f"{missing} must be given; see `mmgt evaluate --help`")
    if not _LEAST_RESOLUTION <= resolution <= _MOST_RESOLUTION:
        raise typer.BadParameter(
            f"--resolution is {resolution}; it must be {_LEAST_RESOLUTION} to {_MOST_RESOLUTION} pixels"
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scripts = {
        option: load_script(path, f"--{option}", device) if path else None
        for option, path in (("inception", inception), ("i3d", i3d), ("lpips", lpips))
    }
    limits = MediaLimits()
    pairs = match_folders(generated, truth, limits)
    judges = Judges(
        networks=FeatureNetworks(scripts["inception"], scripts["i3d"], scripts["lpips"], device),
        syncnet=load_syncnet(syncnet, "--syncnet", device) if syncnet else None,
        pose_autoencoder=load_pose_autoencoder() if PUBLISHED_WEIGHTS.is_file() else None,
        detector=load_detector(weights, default_preset(weights)) if poses is PoseSource.DETECT else None,
    )
    with ProgressBar() as bar:
        found = evaluate_pairs(pairs, resolution, poses, judges, limits, bar.advance)
    files = write_report(found, generated.name, truth.name, out)
    typer.echo(files.table)


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments[1:], "mmgt evaluate")
