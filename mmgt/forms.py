"""How a request's wishes become a form: text fields, and files that can be sent as often as it takes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any

from mmgt.files import FileInput
from mmgt.wishes import FILES


@dataclass(frozen=True)
class Form:
    """A request's fields as text, and its files by field name.

    Attributes:
        files: a path is opened for each try; anything else can be read again as it is.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path | bytes | IO[bytes]] = field(default_factory=dict)

    @contextmanager
    def opened(self) -> Iterator[dict[str, tuple[str, bytes | IO[bytes]]]]:
        """The files for one try, each with a name; those that were opened here are closed."""
        with ExitStack() as stack:
            yield {
                name: (file.name, stack.enter_context(file.open("rb"))) if isinstance(file, Path) else (name, file)
                for name, file in self.files.items()
            }


def form_of(wishes: Mapping[str, Any]) -> Form:
    """The form of a request; what is None is not sent.

    Raises:
        TypeError: a value that is neither a file nor JSON.
    """
    sent = {name: value for name, value in wishes.items() if value is not None}
    files = {name: _file(value) for name, value in sent.items() if name in FILES or _is_file(value)}
    fields = {name: value for name, value in sent.items() if name not in files}
    return Form({name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}, files)


def _is_file(value: object) -> bool:
    """True for what can be nothing but a file, as the value of a field that only a newer service has."""
    return isinstance(value, PathLike | bytes) or hasattr(value, "read")


def _file(value: FileInput) -> Path | bytes | IO[bytes]:
    if isinstance(value, str | PathLike):
        return Path(fspath(value))
    if isinstance(value, bytes) or value.seekable():
        return value
    return value.read()  # a pipe can be read once, and a try may have to be made again
