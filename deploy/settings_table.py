"""Every setting of the service as a page: `python -m deploy.settings_table > docs/settings.md`; a test compares."""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from jobs.settings import Settings

PREFIX = "MMGT_"

_INTRODUCTION = """# Settings

Read from the environment once, at the start of each process. Units stand in the names: `_s` seconds, `_ms`
milliseconds, `_bytes`, `_px` pixels. Secrets have no default. `mmgt serve` sets store, storage and data folder itself;
compose sets what its file says. This page is written by `python -m deploy.settings_table`.
"""


def settings_page() -> str:
    """The page as Markdown."""
    sections = [_INTRODUCTION, _table("The whole", _rows(Settings, PREFIX))]
    for name, field in Settings.model_fields.items():
        if group := _group(field):
            title = (group.__doc__ or name).strip().splitlines()[0].rstrip(".")
            sections.append(_table(title, _rows(group, f"{PREFIX}{name.upper()}__")))
    return "\n".join(sections)


def _group(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a field that is a group of settings."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        if _group(field) is None:
            yield prefix + name.upper(), _shown(field.default), meanings(model)[name]


@cache
def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What each setting of a group means: the comment that ends its line, else the comment line above it."""
    lines = inspect.getsource(model).splitlines()
    (group,) = ast.parse("\n".join(lines)).body
    assert isinstance(group, ast.ClassDef)
    fields = [node for node in group.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    found = {}
    for field in fields:
        assert isinstance(field.target, ast.Name)
        beside = lines[(field.end_lineno or field.lineno) - 1].partition("  # ")[2]
        above = lines[field.lineno - 2].strip()
        found[field.target.id] = beside or (above.removeprefix("# ") if above.startswith("#") else "")
    return found


def _shown(value: Any) -> str:  # noqa: ANN401 - any setting's default
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, SecretStr):
        return f"`{value.get_secret_value()}`"
    if isinstance(value, tuple):
        return "`" + ", ".join(str(item) for item in value) + "`"
    return f"`{value}`"


def _table(title: str, rows: Iterator[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in rows]
    return "\n".join([f"## {title}", "", "| variable | default | means |", "|---|---|---|", *lines, ""])


if __name__ == "__main__":
    sys.stdout.write(settings_page())
