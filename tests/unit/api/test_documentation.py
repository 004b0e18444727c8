"""Laws of docs/http-api.md: it tells every route and every error code that there is, and its Python is Python."""

import re
from pathlib import Path

import pytest

from api.app import create_app
from api.error_handlers import PROBLEMS
from api.fields import CreateFields
from jobs.events import EventType
from jobs.job import ErrorCode
from jobs.settings import Settings

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "http-api.md").read_text()
SOURCES = "\n".join(path.read_text() for package in ("mmgt_core", "worker") for path in (ROOT / package).rglob("*.py"))
WARNINGS = sorted(set(re.findall(r'InputWarning\(\s*"(\w+)"', SOURCES)))
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("word", sorted({*PROBLEMS, *ErrorCode, *CreateFields.model_fields, *EventType}))
def test_every_code_field_and_event_stands_in_the_page(word: str) -> None:
    assert f"`{word}`" in TEXT


@pytest.mark.parametrize("code", WARNINGS)
def test_every_warning_stands_in_the_page(code: str) -> None:
    assert f"| `{code}` |" in TEXT


def test_every_route_stands_in_the_page() -> None:
    paths = create_app(Settings()).openapi()["paths"]
    told = TEXT.replace("{id}", "{video_id}").replace(
        "…/{delivery_id}", "/v1/videos/{video_id}/deliveries/{delivery_id}"
    )

    assert [path for path in paths if path not in told] == []


@pytest.mark.parametrize("source", PYTHON)
def test_every_python_example_is_python(source: str) -> None:
    compile(source, "http-api.md", "exec")
