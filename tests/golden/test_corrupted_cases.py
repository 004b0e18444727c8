"""A case that is wrong in any way fails and names the culprit: a parity that cannot fail proves nothing."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from mmgt_core.cli import app
from mmgt_core.parity.runner import run_case
from tests.golden.conftest import IN_REPOSITORY


def copied(folder: Path, *cases: str) -> Path:
    for case in cases:
        for path in IN_REPOSITORY.glob(f"{case}*"):
            shutil.copy(path, folder)
    return folder


def change(folder: Path, case: str, key: str) -> None:
    """Move the middle value of one tensor."""
    path = folder / f"{case}.safetensors"
    tensors = load_file(path)
    flat = tensors[key].flatten()
    flat[flat.numel() // 2] += 2
    tensors[key] = flat.view(tensors[key].shape)
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("audio_proj", "out/y"),
        ("stage2_train_loss", "out/weights"),
        ("ddim_tables", "betas"),
        ("wavlm", "mid/conv_out"),
        ("masks", "out/lip_mask_3"),
        ("masks", "out/boxes_face_lips_hand92_hand113_xyxy"),
        ("smga_decoder", "mid/rotary_of_cond"),
    ],
)
def test_a_changed_result_is_named(tmp_path, case, key):
    change(copied(tmp_path, case), case, key)

    report = run_case(tmp_path, case)

    assert not report.is_ok
    assert key in report.line()


def test_a_changed_weight_shows(tmp_path):
    copied(tmp_path, "audio_proj")
    key = next(key for key in load_file(tmp_path / "audio_proj.safetensors") if key.startswith("w/"))
    change(tmp_path, "audio_proj", key)

    assert not run_case(tmp_path, "audio_proj").is_ok


def test_a_missing_weight_is_named(tmp_path):
    path = copied(tmp_path, "audio_proj") / "audio_proj.safetensors"
    tensors = load_file(path)
    lost = next(key for key in tensors if key.startswith("w/"))
    save_file({key: value for key, value in tensors.items() if key != lost}, path)

    report = run_case(tmp_path, "audio_proj")

    assert "missing" in report.line()
    assert lost.removeprefix("w/") in report.line()


def test_an_unknown_weight_is_named(tmp_path):
    path = copied(tmp_path, "audio_proj") / "audio_proj.safetensors"
    save_file({**load_file(path), "w/stranger.weight": torch.zeros(1)}, path)

    assert "stranger.weight" in run_case(tmp_path, "audio_proj").line()


def test_a_value_that_is_no_number_fails(tmp_path):
    path = copied(tmp_path, "audio_proj") / "audio_proj.safetensors"
    tensors = load_file(path)
    key = next(key for key in tensors if key.startswith("out/"))
    tensors[key].view(-1)[0] = float("nan")
    save_file(tensors, path)

    report = run_case(tmp_path, "audio_proj")

    assert not report.is_ok
    assert key in report.line()


def test_a_tensor_that_nothing_computes_is_named(tmp_path):
    path = copied(tmp_path, "stage2_train_loss") / "stage2_train_loss.safetensors"
    save_file({**load_file(path), "out/stranger": torch.zeros(1)}, path)

    assert "out/stranger" in run_case(tmp_path, "stage2_train_loss").line()


def test_a_cut_file_fails(tmp_path):
    path = copied(tmp_path, "ddim_tables") / "ddim_tables.safetensors"
    path.write_bytes(path.read_bytes()[:-100])

    assert "ddim_tables.safetensors cannot be read" in run_case(tmp_path, "ddim_tables").line()


def test_a_drawn_pixel_that_differs_is_named_by_its_frame(tmp_path):
    copied(tmp_path, "masks")
    change_pixel(tmp_path / "masks_frames.npz", "pose_rgb_as_stored", frame=5)

    assert "pose_rgb_as_stored: drawn pixels differ in frames [5]" in run_case(tmp_path, "masks").line()


def change_pixel(path: Path, name: str, frame: int) -> None:
    with np.load(path) as recorded:
        frames = {key: recorded[key] for key in recorded.files}
    frames[name] = frames[name].copy()
    frames[name][frame, 3, 3] ^= 1
    np.savez_compressed(path, **frames)


def test_the_command_prints_a_line_a_case_and_fails_where_one_does(tmp_path):
    copied(tmp_path, "audio_proj", "ddim_tables")
    good = CliRunner().invoke(app, ["parity", str(tmp_path)])
    (tmp_path / "riddle.json").write_text(json.dumps({}))

    result = CliRunner().invoke(app, ["parity", str(tmp_path)])

    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["audio_proj", "ddim_tables", "riddle"]
    assert [line.split()[-1] == "ok" for line in lines] == [True, True, False]
    assert "this case is not known" in lines[2]
    assert result.exit_code == 1
    assert good.exit_code == 0
