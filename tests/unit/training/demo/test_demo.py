"""Laws of `make demo-weights`: a training runs in several processes, and once."""

import json
from pathlib import Path

import pytest

from mmgt_core.checkpoints.packaged import PACKAGED_WEIGHTS
from mmgt_core.errors import MMGTError
from mmgt_core.training.demo import steps
from mmgt_core.training.demo.steps import STEPS, main, train
from mmgt_core.training.machinery.configuration import packaged_names

SHORT = """
base = "demo-vae"
[loop]
steps = {steps}
batch_size = 2
[vae.presenters]
num_clips = 10
frames_per_clip = 1
"""


def test_a_training_runs_in_two_processes_once_and_leaves_its_weights(tmp_path: Path) -> None:
    configuration = tmp_path / "demo-short.toml"
    configuration.write_text(SHORT.format(steps=2))
    train(str(configuration), tmp_path)
    report = tmp_path / "short" / "report.json"
    finished = report.stat()

    train(str(configuration), tmp_path)

    assert json.loads(report.read_text())["num_processes"] == 2
    assert (tmp_path / "short" / "vae.safetensors").is_file()
    assert report.stat().st_mtime_ns == finished.st_mtime_ns

    report.unlink()
    configuration.write_text(SHORT.format(steps=2).replace("batch_size = 2", "batch_size = 4"))
    with pytest.raises(MMGTError, match=r"training .* ended with"):
        train(str(configuration), tmp_path)


def test_ablations_start_from_the_folders_process_1_or_else_from_the_packages_and_learn_from_presenters_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Path, int]] = []
    encoded: list[Path] = []
    monkeypatch.setattr(steps, "presenters", lambda folder, _, config, *__: drawn.append((folder, config.num_clips)))
    monkeypatch.setattr(steps, "adopt_vae", lambda path, folder, *_: encoded.append(folder))
    prepared: list[tuple[Path, str, Path]] = []

    def note(name: str, out: Path) -> None:
        configuration = steps._configuration(name, out)
        prepared.append(
            (steps._data_folder(configuration, out), name, Path(configuration.options.get("start", "none")))
        )

    monkeypatch.setattr(steps, "train", note)
    names = [name for name in packaged_names() if name.startswith("ablation-")]
    packaged, own = tmp_path / "image-of-package", tmp_path / "image"

    main([str(tmp_path), "ablations"])
    alone = list(prepared)
    own.mkdir()
    (own / "denoising_unet.safetensors").touch()
    prepared.clear()
    main([str(tmp_path), "ablations"])

    assert [name for _, name, _ in alone] == [name for _, name, _ in prepared] == names
    assert {data for data, *_ in alone} == {tmp_path / "ablation-clips", tmp_path / "poses"}
    assert {start for data, _, start in alone if data.name == "ablation-clips"} == {packaged}
    assert {start for data, _, start in prepared if data.name == "ablation-clips"} == {own}
    assert set(drawn) == {(tmp_path / "ablation-clips", 400)}
    assert set(encoded) == {tmp_path / "ablation-clips"}
    assert len(list(packaged.glob("*.safetensors"))) == 4


def test_the_demos_own_process_2_never_starts_from_the_package(tmp_path: Path) -> None:
    (tmp_path / "image-of-package").mkdir()

    assert steps._configuration("demo-video", tmp_path).options["start"] == str(tmp_path / "image")


def test_the_end_of_stage_2_learns_from_what_the_folders_networks_draw_or_else_the_packages(tmp_path: Path) -> None:
    def sources() -> tuple[str, str]:
        options = steps._configuration("demo-details", tmp_path).options
        return options["start"], options["vae"]

    packages = (str(PACKAGED_WEIGHTS), str(PACKAGED_WEIGHTS / "vae.safetensors"))
    alone = sources()
    later_vae, own = tmp_path / "vae" / "standardised", tmp_path / "speech"
    for path in (later_vae, own, tmp_path / "video"):
        path.mkdir(parents=True)
    (later_vae / "vae.safetensors").touch()
    (tmp_path / "video" / "denoising_unet.safetensors").touch()
    with_an_autoencoder_of_its_own = sources()
    (own / "denoising_unet.safetensors").touch()

    assert alone == with_an_autoencoder_of_its_own == packages
    assert sources() == (str(own), str(tmp_path / "clips" / "vae.safetensors"))  # which they learned with


def test_speech_goes_on_with_the_folders_process_2_or_else_the_packages(tmp_path: Path) -> None:
    def start() -> str:
        return str(steps._configuration("demo-speech", tmp_path).options["start"])

    alone = start()
    (tmp_path / "video").mkdir()
    (tmp_path / "video" / "denoising_unet.safetensors").touch()

    assert (alone, start()) == (str(PACKAGED_WEIGHTS), str(tmp_path / "video"))


def test_steps_of_the_demo_are_known_by_name(tmp_path: Path) -> None:
    with pytest.raises(MMGTError, match=f"no step paint; there are {', '.join(STEPS)}"):
        main([str(tmp_path), "paint"])
