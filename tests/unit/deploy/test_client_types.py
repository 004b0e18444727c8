"""Laws of the files that `make clients` writes: they are what it writes now, of the schema that is served now."""

from pathlib import Path

from deploy.client_types import PYTHON, openapi, write_python


def test_the_python_clients_types_are_those_of_the_service(tmp_path: Path) -> None:
    write_python(openapi(), tmp_path)

    for name in ("answers.py", "wishes.py"):
        assert (PYTHON / name).read_text() == (tmp_path / name).read_text(), "run: make clients"
