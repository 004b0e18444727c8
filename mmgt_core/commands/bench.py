"""`mmgt bench`: what a preset costs on this machine, as JSON, table and plot; two such files side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mmgt_core.checkpoints.folders import default_preset, find_preset
from mmgt_core.commands.running import Device, check_device, run_app, work
from mmgt_core.config import PRESETS
from mmgt_core.errors import WeightsError

app = typer.Typer(add_completion=False)

_SAMPLES = Path("samples/presenters")

Compared = Annotated[
    tuple[Path, Path] | None, typer.Option("--compare", help="Two bench.json: nothing is measured, they are compared.")
]
PresetName = Annotated[
    str | None, typer.Option("--preset", help=f"One of {', '.join(PRESETS)}; by default as `generate` takes it.")
]
WeightsFolder = Annotated[Path, typer.Option("--weights", help="Folder of converted weights, one folder a preset.")]
ImageFile = Annotated[Path, typer.Option("--image", help="Portrait.")]
AudioFile = Annotated[Path, typer.Option("--audio", help="Speech, cut or repeated to --seconds.")]
Seconds = Annotated[float, typer.Option("--seconds", min=0.5, max=600, help="Length of the clip.")]
Times = Annotated[int, typer.Option("--times", min=1, help="Clips that are timed, after a fifth as many to warm up.")]
ColdStarts = Annotated[int, typer.Option("--cold-starts", min=0, help="New processes timed to their first frame.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder of the report; made if absent.", file_okay=False)]
DeviceName = Annotated[Device, typer.Option("--device", help="auto takes a GPU where there is one.")]


@app.command()
def bench(
    compare: Compared = None,
    preset: PresetName = None,
    weights: WeightsFolder = Path("weights"),
    image: ImageFile = _SAMPLES / "man.png",
    audio: AudioFile = _SAMPLES / "man.wav",
    seconds: Seconds = 1.6,
    times: Times = 5,
    cold_starts: ColdStarts = 1,
    out: OutFolder = Path("out/bench"),
    device: DeviceName = Device.AUTO,
) -> None:
    """Measure rendering by stage, memory, cold start and the share of this machine's matrix ceiling."""
    page = work("bench.page")
    if compare is not None:
        typer.echo("\n".join(page.comparison(*map(page.read_report, compare))))
        return
    check_device(device)
    devices, run_module = work("commands.devices"), work("bench.run")
    place = devices.place_of(device)
    chosen = _preset(preset) if preset else default_preset(weights)
    setting = work("bench.setting").Setting(chosen, weights, place, devices.video_dtype(place), image, audio)
    effort = run_module.Effort(seconds, times, max(1, times // 5), cold_starts)
    report = run_module.bench(setting, effort, lambda next_one: typer.echo(f"measuring {next_one}", err=True))
    numbers = report.write(out)
    told = page.read_report(numbers)
    paths = page.write_page(told, out)
    typer.echo("\n".join(page.table(told)), err=True)
    for path in (numbers, *paths):
        typer.echo(path)


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments[1:], "mmgt bench")


def _preset(name: str) -> object:
    try:
        return find_preset(name)
    except WeightsError as error:
        raise typer.BadParameter(str(error)) from error
