"""What a caller may give as a file."""

from os import PathLike
from typing import IO, TypeAlias

FileInput: TypeAlias = str | PathLike[str] | bytes | IO[bytes]
"""A path, the bytes themselves, or an open file, which is sent whole, from its beginning."""
