"""Each command that README and docs show is run by a test that is named here, or says `not run` where it stands."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = {"make", "mmgt", "python", "torchrun", "docker", "curl", "export", "for", "bash", "pip", "npm"}
MARK = "not run"
WIDE = {"COLUMNS": "300", "TERMINAL_WIDTH": "300"}

RUN_BY = {
    "make clients": "tests/integration/api/client/test_typescript.py",
    "make demo": "tests/integration/serve/test_make_demo.py",
    "make setup": ".ci/run",
    "make test": ".ci/run",
    "mmgt serve": "tests/integration/serve/test_serve.py",
    "mmgt doctor": "tests/integration/doctor/test_doctor.py",
    "mmgt submit --audio --image --out": "tests/integration/serve/test_make_demo.py",
    "mmgt generate --audio --image --out": "tests/integration/generate/test_results.py",
    "mmgt generate --audio --captions --image --out --transcript": "tests/integration/generate/test_captions.py",
    "mmgt generate --image --out --text": "tests/integration/generate/test_text.py",
    "mmgt generate --driving-video --image --out": "tests/integration/generate/test_pose_driven.py",
    "mmgt generate --audio --driving-keypoints --image --out": "tests/integration/generate/test_pose_driven.py",
    "mmgt weights convert": "tests/unit/checkpoints/test_convert.py",
    "mmgt verify": "tests/integration/serve/test_make_demo.py",
    "mmgt synthesize --out --seconds --seed": "tests/unit/synthetic/test_synthesize_command.py",
    "mmgt data prepare --out": "tests/unit/commands/test_data.py",
    "mmgt data prepare --out --preset --workers": "tests/unit/commands/test_data.py",
    "mmgt evaluate --generated --out --truth": "tests/unit/metrics/test_evaluation.py",
    "mmgt evaluate presenters --clips --first-seed --out --preset --seconds --workers": (
        "tests/unit/commands/test_evaluate_presenters.py"
    ),
    "mmgt evaluate ablations --out --runs --workers": "tests/unit/metrics/ablations/test_measuring.py",
    "mmgt bench --out --preset --seconds --times": "tests/unit/bench/test_bench_command.py",
    "mmgt bench --compare": "tests/unit/bench/test_bench_command.py",
    "mmgt train --config --data --device --out --steps --workers": "tests/unit/commands/test_train.py",
    "curl": "tests/integration/api/test_curl_examples.py",
    "export": "tests/integration/api/test_curl_examples.py",
}


def shown_commands() -> list[tuple[str, str]]:
    """Each command in an indented block or a shell fence: page and line."""
    found = []
    for page in PAGES:
        text = re.sub(r"^```(?!sh|bash|console).*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        text = text.replace("\\\n", " ")
        for line in text.splitlines():
            words = line.split()
            if line.startswith("    ") and words and program(words) in PROGRAMS:
                found.append((page.name, line.strip()))
    return found


def program(words: list[str]) -> str:
    """The program that a line starts, past variables and folders."""
    word = next((word for word in words if not re.fullmatch(r"[A-Z_]+=\S*", word)), "")
    return word.removeprefix(".venv/bin/")


def essence(line: str) -> str:
    """A command without values: program, subcommands, sorted option names."""
    words = shlex.split(re.sub(r"\s#.*", "", line).replace("[", "").replace("]", "").replace("|", "_"))
    name = program(words)
    if name in ("curl", "export"):
        return name
    rest = words[next(k for k, word in enumerate(words) if word.endswith(name)) + 1 :]
    options = sorted(word for word in rest if word.startswith("--"))
    first_option = next((k for k, word in enumerate(rest) if word.startswith("-")), len(rest))
    subcommands = [word for word in rest[:first_option] if re.fullmatch(r"[a-z][a-z-]*", word)]
    return " ".join([name, *subcommands, *options])


@cache
def help_of(*words: str) -> str:
    command = [sys.executable, "-m", "deploy", *words, "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=WIDE).stdout


def test_every_command_is_run_by_a_test_or_says_that_it_is_not() -> None:
    unmarked = [(page, line) for page, line in shown_commands() if MARK not in line]

    assert len(unmarked) > 20
    assert [f"{page}: {line}" for page, line in unmarked if essence(line) not in RUN_BY] == []


@pytest.mark.parametrize("file", sorted(set(RUN_BY.values())))
def test_the_named_test_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_every_named_command_is_shown() -> None:
    shown = {essence(line) for _, line in shown_commands() if MARK not in line}

    assert set(RUN_BY) - shown == set()


def test_every_option_that_is_shown_exists() -> None:
    unknown = []
    for page, line in shown_commands():
        name, *words = essence(line).split()
        if name == "mmgt":
            subcommands = [word for word in words if not word.startswith("--")]
            text = help_of(*subcommands)
            unknown += [f"{page}: {line}: {word}" for word in words if word.startswith("--") and word not in text]

    assert unknown == []
