"""Laws of what docs name: every file, module, function, metric and environment variable is there by that name."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("mmgt", "api", "worker", "jobs", "deploy", "mmgt_core", "formats")
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "mmgt_core/demo_weights/MODEL_CARD.md",
    *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "clients").glob("*/README.md")),
]  # fmt: skip
SOURCES = {path: (ROOT / path).read_text() for path in TRACKED if path.startswith(PACKAGES) and path.endswith(".py")}
SETTINGS = (ROOT / "docs" / "settings.md").read_text()  # itself compared with the code by a test
DEPLOYMENT = [*SOURCES.values(), *((ROOT / name).read_text() for name in ("docker-compose.yml", "Makefile"))]
THE_READERS_OWN = {"MMGT_WEBHOOK_SECRET"}  # of an example's receiver

FILE = re.compile(r"`([\w./-]+\.(?:py|sh|toml|yaml|yml|lua|lock))`")
FOLDER = re.compile(r"`((?:api|worker|jobs|deploy|mmgt_core|formats|tests|docs|clients)/[\w./-]*/?)`")
MODULE = re.compile(r"(?:-m |`)((?:mmgt_core|deploy|worker|jobs|tests)(?:\.[a-z_0-9]+)+)")
FUNCTIONS = re.compile(r"`([a-z_0-9/]+\.py)`((?:,? `[A-Za-z_.]+`)+)")
METRIC = re.compile(r"mmgt_[a-z_]+")


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_file_folder_and_module_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text()
    files = {
        name for name in FILE.findall(text) if not any(path == name or path.endswith(f"/{name}") for path in TRACKED)
    }
    folders = {name for name in FOLDER.findall(text) if not any(path.startswith(name.rstrip("/")) for path in TRACKED)}
    modules = {name for name in MODULE.findall(text) if not is_importable(name)}

    assert (files, folders, modules) == (set(), set(), set())


def is_importable(name: str) -> bool:
    """True where it is a module, or something that a module holds."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        path, inside = "/".join(parts[:length]), parts[length:]
        if f"{path}.py" in TRACKED:
            return not inside or inside[0] in (ROOT / f"{path}.py").read_text()
    return f"{'/'.join(parts)}/__init__.py" in TRACKED


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_variable_that_a_page_names_is_read(page: Path) -> None:
    named = set(re.findall(r"MMGT_[A-Z0-9_]*[A-Z0-9]", page.read_text())) - THE_READERS_OWN

    assert [name for name in named if name not in SETTINGS and not any(name in text for text in DEPLOYMENT)] == []


def test_every_equation_stands_where_the_page_says() -> None:
    rows = FUNCTIONS.findall((ROOT / "docs" / "models.md").read_text())
    absent = [
        (file, name)
        for file, told in rows
        for name in re.findall(r"`([A-Za-z_.]+)`", told)
        if not set(name.split(".")) <= set(re.findall(r"\w+", SOURCES[f"mmgt_core/{file}"]))
    ]

    assert len(rows) > 25
    assert absent == []


def test_every_metric_is_told_and_every_metric_that_is_told_is_there() -> None:
    told = {name.removesuffix("_total") for name in METRIC.findall((ROOT / "docs" / "hosting.md").read_text())}
    made = {name for text in SOURCES.values() for name in re.findall(r'"(mmgt_[a-z_]+)"', text)} - {"mmgt_core"}

    assert told == {name.removesuffix("_total") for name in made}
