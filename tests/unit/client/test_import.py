"""Laws of `import mmgt`: it brings neither the method nor the service along, and what it offers is there."""

import json
import subprocess
import sys
from pathlib import Path

import mmgt

ROOT = Path(__file__).parents[3]
HEAVY = {"torch", "numpy", "pydantic", "fastapi", "redis", "celery", "diffusers", "transformers"}
OURS = {"api", "worker", "jobs", "deploy", "mmgt_core", "formats"}
LISTED = "import json, sys; import mmgt; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def test_it_imports_neither_torch_nor_numpy_nor_any_part_of_the_service() -> None:
    shown = subprocess.run([sys.executable, "-c", LISTED], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    modules = set(json.loads(shown))

    assert {"mmgt", "httpx"} <= modules
    assert modules & (HEAVY | OURS) == set()


def test_everything_that_it_names_is_there() -> None:
    assert [name for name in mmgt.__all__ if not hasattr(mmgt, name)] == []
