"""What `mmgt data prepare` wrote is what `mmgt train` learns from: all three processes, one after the other."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.commands.train import run
from mmgt_core.config import MMGT_DEMO
from mmgt_core.training.preparation.run import prepare_videos
from mmgt_core.training.preparation.settings import Tools
from mmgt_core.training.preparation.tools import load_speech_encoders
from tests.unit.training.preparation.films import SETTINGS, HeadDetector, write_film

CONFIGURATION = """
base = "demo-{process}"
[loop]
steps = 2
batch_size = 1
"""
SMGA = "[smga]\nsynthetic_clips = 0\n"
STAGE_2 = """
process = "{process}"
[loop]
steps = 2
batch_size = 1
learning_rate = 1e-4
optimiser = "adamw"
[{process}]
preset = "mmgt-demo"
{start}
[{process}.training]
reference = "random"
{training}
[{process}.training.denoising]
noise_schedule = "linear"
noise_offset = 0.0
snr_gamma = 5.0
face_hands_weight = 2.0
lips_weight = 8.0
drop_image = 0.05
drop_pose = 0.05
drop_audio = 0.05
drop_masks = 0.05
"""
IMAGE = "targets_per_reference = 2\nis_encoder_trained = true"
VIDEO = """
window_frames = 3
trained = "all"
background = "one_plus_lips"
mask_motion = "moving"
hears_audio = true
region_weights = {background = 1.0, face_hands = 1.0, lips = 1.0}
"""


def demo_tools() -> Tools:
    return Tools(HeadDetector(), load_speech_encoders(Path("absent"), MMGT_DEMO, torch.device("cpu")))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    videos, out = tmp_path_factory.mktemp("videos"), tmp_path_factory.mktemp("prepared")
    for number, name in enumerate(("anna/hello", "anna/again", "ben/hello")):  # one for each split
        (videos / name).parent.mkdir(exist_ok=True)
        write_film(videos / f"{name}.mp4", x=100 + 5 * number)
    prepare_videos(videos, out, SETTINGS, demo_tools)
    torch.manual_seed(0)
    save_file(build_vae(MMGT_DEMO.vae).state_dict(), out / "vae.safetensors")
    return out


def train(process: str, configuration: str, prepared: Path, out: Path) -> dict[str, object]:
    """Run `mmgt train` and give its report."""
    path = out.with_suffix(".toml")
    path.write_text(configuration)
    with pytest.raises(SystemExit) as ended:
        run(["train", process, "--config", str(path), "--data", str(prepared), "--out", str(out), "--device", "cpu"])
    assert not ended.value.code
    return json.loads((out / "report.json").read_text())


def test_all_three_processes_learn_from_prepared_videos(prepared: Path, tmp_path: Path) -> None:
    stage_1 = train("smga", CONFIGURATION.format(process="smga") + SMGA, prepared, tmp_path / "smga")
    image = STAGE_2.format(process="image", start="", training=IMAGE)
    process_1 = train("image", image, prepared, tmp_path / "image")
    (tmp_path / "image" / "vae.safetensors").write_bytes((prepared / "vae.safetensors").read_bytes())
    start = f'start = "{tmp_path / "image"}"'
    process_2 = train(
        "video", STAGE_2.format(process="video", start=start, training=VIDEO), prepared, tmp_path / "video"
    )

    assert [report["steps"] for report in (stage_1, process_1, process_2)] == [2, 2, 2]
    assert {path.suffix for path in (tmp_path / "smga" / "samples").iterdir()} == {".mp4", ".npy", ".json"}
    assert [path.name for path in (tmp_path / "video" / "samples").iterdir()] == ["0000002.png"]
