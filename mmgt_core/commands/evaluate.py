"""`mmgt evaluate`: measure any folder of videos against the truth; train the pose autoencoder of its metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mmgt_core.checkpoints.folders import default_preset
from mmgt_core.commands.evaluate_presenters import ablations, autoencoder, presenters
from mmgt_core.commands.running import Device, run_app, work
from mmgt_core.media.limits import MediaLimits
from mmgt_core.metrics.pairs import PoseSource, match_folders
from mmgt_core.pose.detector import WholeBodyDetector
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
    limits = MediaLimits()
    pairs = match_folders(generated, truth, limits)
    measuring, networks = work("metrics.evaluation"), work("metrics.feature_networks")
    autoencoder_module = work("metrics.pose_autoencoder")
    device = work("commands.devices").place_of(Device.AUTO)
    scripts = {
        option: networks.load_script(path, f"--{option}", device) if path else None
        for option, path in (("inception", inception), ("i3d", i3d), ("lpips", lpips))
    }
    judges = measuring.Judges(
        networks=networks.FeatureNetworks(scripts["inception"], scripts["i3d"], scripts["lpips"], device),
        syncnet=work("metrics.sync").load_syncnet(syncnet, "--syncnet", device) if syncnet else None,
        pose_autoencoder=(
            autoencoder_module.load_pose_autoencoder() if autoencoder_module.PUBLISHED_WEIGHTS.is_file() else None
        ),
        detector=_detector(weights) if poses is PoseSource.DETECT else None,
    )
    with ProgressBar() as bar:
        found = measuring.evaluate_pairs(pairs, resolution, poses, judges, limits, bar.advance)
    files = work("metrics.report").write_report(found, generated.name, truth.name, out)
    typer.echo(files.table)


def _detector(weights: Path) -> WholeBodyDetector:
    detector: WholeBodyDetector = work("checkpoints.detector").load_detector(weights, default_preset(weights))
    return detector


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments[1:], "mmgt evaluate")
