"""What the clients take and answer, written from our OpenAPI: `make clients`; a test compares.

`mmgt/answers.py` has every answer as a TypedDict, `mmgt/wishes.py` the keyword arguments of create and remix; the
schema itself goes to `out/openapi.json`, of which openapi-typescript makes the TypeScript client's.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.app import create_app
from jobs.settings import Settings

ROOT = Path(__file__).parents[1]
PYTHON, SCHEMA = ROOT / "mmgt", ROOT / "out" / "openapi.json"
FORM = "multipart/form-data"
WISHES = {"CreateWishes": "/v1/videos", "RemixWishes": "/v1/videos/{video_id}/remix"}
OPTIONS = (
    "--input-file-type", "openapi", "--output-model-type", "typing.TypedDict", "--target-python-version", "3.11",
    "--formatters", "builtin", "--use-schema-description", "--enum-field-as-literal", "all", "--disable-timestamp",
    "--use-standard-collections", "--use-union-operator",
)  # fmt: skip
ANSWERS_HEADER = '"""What the service answers, as it comes. Written by `make clients` from our OpenAPI; not by hand."""'
WISHES_HEADER = '"""What a create and a remix take. Written by `make clients` from our OpenAPI; not by hand."""'

LISTED = "n"  # its answer is a list: takes have calls of their own

Schema = dict[str, Any]


def openapi() -> Schema:
    """The service's schema, as `/openapi.json` tells it."""
    return create_app(Settings()).openapi()


def write_python(schema: Schema, folder: Path) -> None:
    """Write both files of the Python client."""
    forms = {
        name: schema["paths"][path]["post"]["requestBody"]["content"][FORM]["schema"] for name, path in WISHES.items()
    }
    wishes = {name: _with_files(form) for name, form in forms.items()}
    _generate(schema["components"]["schemas"], folder / "answers.py", ANSWERS_HEADER)
    _generate(wishes, folder / "wishes.py", WISHES_HEADER)
    names = sorted({name for form in forms.values() for name, field in form["properties"].items() if _is_file(field)})
    with (folder / "wishes.py").open("a") as file:
        file.write(f'\nFILES = frozenset({names})\n"""The fields that are files."""\n')
    for command in (("check", "--select", "D200,I", "--fix", "--unsafe-fixes"), ("format",)):
        paths = (folder / "answers.py", folder / "wishes.py")
        _run(sys.executable, "-m", "ruff", *command, "--quiet", "--config", ROOT / "pyproject.toml", *paths)


def _is_file(field: Mapping[str, Any]) -> bool:
    return field.get("format") == "binary"


def _with_files(form: Schema) -> Schema:
    """A form whose files are typed as whatever a caller may give as one."""
    a_file = {"customTypePath": "mmgt.files.FileInput"}
    fields = {name: field for name, field in form["properties"].items() if name != LISTED}
    properties = {name: a_file if _is_file(field) else field for name, field in fields.items()}
    required = form.get("required", [])
    text = "Fields and files, by their names."
    return {"type": "object", "properties": properties, "required": required, "description": text}


def _generate(schemas: Schema, path: Path, header: str) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "MMGT", "version": "1"}, "paths": {}}
    source = path.with_suffix(".json")
    source.write_text(json.dumps(document | {"components": {"schemas": schemas}}))
    command = (Path(sys.executable).with_name("datamodel-codegen"), *OPTIONS)
    _run(*command, "--custom-file-header", header, "--input", source, "--output", path)
    source.unlink()


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True)


if __name__ == "__main__":
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(json.dumps(openapi(), indent=1))
    write_python(openapi(), PYTHON)
