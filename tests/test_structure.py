"""Laws about the tree itself: sizes, words, and what may not stand in the code."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("mmgt", "api", "worker", "jobs", "deploy", "mmgt_core", "formats")
MAX_FILE_LINES, MAX_FUNCTION_LINES, USUAL_FUNCTION_LINES = 400, 80, 45
MAX_TREE_BYTES = 60_000_000


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def num_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def imported(tree: ast.AST) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_no_file_is_longer_than_400_lines() -> None:
    tests = list((ROOT / "tests").rglob("*.py"))
    long = {
        str(path): count for path in [*sources(), *tests] if (count := path.read_text().count("\n")) > MAX_FILE_LINES
    }

    assert long == {}


def test_no_function_is_longer_than_80_lines_and_few_than_45() -> None:
    sizes = {f"{path.name}:{node.name}": num_lines(node) for path in sources() for node in functions(path)}
    usual = sum(size <= USUAL_FUNCTION_LINES for size in sizes.values())

    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}
    assert usual >= 0.97 * len(sizes)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_what_it_is_and_neither_prints_nor_leaves_work_undone(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}

    assert ast.get_docstring(tree)
    assert "print" not in calls
    assert not any(mark in text for mark in ("TODO", "FIXME", "XXX", "NotImplementedError", "pragma: no cover"))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "mmgt_core").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_core_never_reads_the_environment(path: Path) -> None:
    text = path.read_text()

    assert "os.environ" not in text
    assert "getenv" not in text
    assert "envvar" not in text


def test_imports_are_absolute_and_at_the_top() -> None:
    late = [
        f"{path.name}:{node.lineno}"
        for path in sources()
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    relative = [
        str(path) for path in sources() for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]  # fmt: skip

    assert late == []
    assert relative == []


def test_the_api_package_imports_neither_torch_nor_the_core() -> None:
    found = {
        name.split(".")[0] for path in (ROOT / "api").rglob("*.py") for name in imported(ast.parse(path.read_text()))
    }

    assert found.isdisjoint({"torch", "mmgt_core", "worker"})


def test_the_tracked_tree_stays_under_60_megabytes() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    sizes = {name: (ROOT / name).stat().st_size for name in listed.split("\0") if name and (ROOT / name).is_file()}

    assert sizes
    assert sum(sizes.values()) < MAX_TREE_BYTES


def test_torch_is_not_pinned_by_the_project_but_by_the_makefile() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    torch = next(item for item in project["dependencies"] if item.startswith("torch"))

    assert "==" not in torch
    assert "TORCH ?= torch==" in (ROOT / "Makefile").read_text()


def test_the_lock_pins_by_hash_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    assert "--hash=sha256:" in lock
    assert "\ntorch==" not in lock


def test_upstream_names_live_only_in_the_key_maps() -> None:
    words = ("attn2_0", "zero_conv_full", "seqTransDecoder", "body_mask", "audioproj.")
    allowed = {"key_maps.py", "layout.py"}
    strays = [
        path.name for path in sources() if path.name not in allowed and any(word in path.read_text() for word in words)
    ]

    assert strays == []


def test_every_finding_is_short_and_told_in_the_list() -> None:
    findings = ROOT / "findings"
    told = (findings / "README.md").read_text()
    scripts = sorted(findings.glob("*.sh"))

    assert scripts
    assert [script.name for script in scripts if f"| `{script.name}` |" not in told] == []
    assert [script.name for script in scripts if script.read_text().count("\n") >= 80] == []
