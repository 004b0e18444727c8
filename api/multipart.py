"""The multipart parser's callbacks: parts become text and spooled files; bounds are checked before a byte is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.content_kinds import ContentKind, kind_of
from api.errors import RequestRefused
from formats.signatures import head_of, is_enough
from jobs.settings import LimitSettings

WRITE_BYTES = 1_000_000  # so much is gathered before a thread hashes and writes it
MAX_NAME_CHARS = 256


@dataclass(frozen=True)
class FilePart:
    """A part of the body that is a file: which kinds it may be, and how long."""

    kinds: tuple[ContentKind, ...]
    max_bytes: int


@dataclass(frozen=True)
class SpooledFile:
    """An uploaded file on local disk. `sha256` in hex is that of its bytes."""

    path: Path
    kind: ContentKind
    num_bytes: int
    sha256: str


@dataclass(frozen=True)
class Upload:
    """A body that came whole: text fields in their order, and files by field name."""

    fields: tuple[tuple[str, str], ...]
    files: Mapping[str, SpooledFile]


class Spool:
    """A file part while it comes: capped and judged at once, hashed and written by a thread."""

    def __init__(self, name: str, part: FilePart, path: Path) -> None:
        self.name, self._part, self._path = name, part, path
        self._head = b""
        self._kind: ContentKind | None = None
        self._num_bytes = 0
        self._hash = sha256()
        self._pending: list[bytes] = []
        path.touch()

    def take(self, piece: bytes) -> None:
        """Keep a piece of the file.

        Raises:
            RequestRefused: 413 or 415.
        """
        self._num_bytes += len(piece)
        if self._num_bytes > self._part.max_bytes:
            detail = f"{self.name} is longer than {self._part.max_bytes} bytes"
            raise RequestRefused("payload_too_large", detail, param=self.name)
        if self._kind is None:
            self._head = head_of(self._head + piece)
            if is_enough(self._head, [kind.signature for kind in self._part.kinds]):
                self._judge()
        self._pending.append(piece)

    def _judge(self) -> ContentKind:
        self._kind = kind_of(self._head, self._part.kinds)
        if self._kind is None and not self._head:
            raise RequestRefused("unsupported_media_type", f"{self.name} is empty: 0 bytes", param=self.name)
        if self._kind is None:
            names = ", ".join(kind.name for kind in self._part.kinds)
            raise RequestRefused("unsupported_media_type", f"{self.name} is none of: {names}", param=self.name)
        return self._kind

    def write(self) -> None:
        """Hash and write what is pending; blocks."""
        with self._path.open("ab") as file:
            for piece in self._pending:
                self._hash.update(piece)
                file.write(piece)
        self._pending.clear()

    def finish(self) -> SpooledFile:
        """Return the whole file, after the last `write`.

        Raises:
            RequestRefused: 415.
        """
        return SpooledFile(self._path, self._kind or self._judge(), self._num_bytes, self._hash.hexdigest())


class Receiver:
    """Takes a body in, chunk by chunk; `write` is to be called in a thread whenever `is_worth_writing`."""

    def __init__(self, boundary: bytes, parts: Mapping[str, FilePart], limits: LimitSettings, folder: Path) -> None:
        self._parts, self._limits, self._folder = parts, limits, folder
        self._fields: list[tuple[str, str]] = []
        self._spools: dict[str, Spool] = {}
        self._num_parts, self._pending_bytes, self._is_complete = 0, 0, False
        self._header_name, self._header_value, self._disposition = b"", b"", b""
        # Of the part that comes: its spool is there from its first byte on.
        self._name, self._file_name, self._text = "", b"", bytearray()
        self._is_file, self._spool = False, None  # type: bool, Spool | None
        self._parser = MultipartParser(boundary, {
            "on_part_begin": self._begin_part, "on_header_field": self._take_header_name,
            "on_header_value": self._take_header_value, "on_header_end": self._end_header,
            "on_headers_finished": self._open_part, "on_part_data": self._take, "on_part_end": self._end_part,
            "on_end": self._end,
        })  # fmt: skip

    @property
    def is_worth_writing(self) -> bool:
        """True when enough is pending."""
        return self._pending_bytes >= WRITE_BYTES

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk.

        Raises:
            RequestRefused: 400, 413, 415, 422.
        """
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise RequestRefused("malformed_request", f"the multipart body is malformed: {error}") from error

    def write(self) -> None:
        """Hash and write what is pending; blocks."""
        for spool in self._spools.values():
            spool.write()
        self._pending_bytes = 0

    def upload(self) -> Upload:
        """Return all that came, after the last `write`.

        Raises:
            RequestRefused: 400 when the last boundary is missing; 415.
        """
        if not self._is_complete:
            raise RequestRefused("malformed_request", "the multipart body ends before its last boundary")
        return Upload(tuple(self._fields), {name: spool.finish() for name, spool in self._spools.items()})

    def _begin_part(self) -> None:
        self._num_parts += 1
        if self._num_parts > self._limits.max_fields:
            raise RequestRefused("malformed_request", f"the body has more than {self._limits.max_fields} parts")
        self._disposition, self._text, self._spool = b"", bytearray(), None

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name, self._header_value = b"", b""

    def _open_part(self) -> None:
        kind, options = parse_options_header(self._disposition)
        self._name = decoded(options.get(b"name", b""))
        if kind != b"form-data" or not 0 < len(self._name) <= MAX_NAME_CHARS:
            detail = f"each part needs Content-Disposition: form-data with a name of 1 to {MAX_NAME_CHARS} characters"
            raise RequestRefused("malformed_request", detail)
        self._file_name = options.get(b"filename", b"")
        self._is_file = self._name in self._parts or b"filename" in options

    def _begin_file(self) -> Spool:
        if self._name not in self._parts:
            detail = f"{self._name} is no file of this request; files are {', '.join(self._parts)}"
            raise RequestRefused("unknown_field", detail, param=self._name)
        if self._name in self._spools:
            raise RequestRefused("duplicate_field", f"{self._name} was sent twice", param=self._name)
        path = self._folder / f"part{self._num_parts}"  # never the client's name
        self._spool = self._spools[self._name] = Spool(self._name, self._parts[self._name], path)
        return self._spool

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            (self._spool or self._begin_file()).take(data[start:end])
            self._pending_bytes += end - start
            return
        if len(self._text) + end - start > self._limits.max_field_bytes:
            detail = f"{self._name} is longer than {self._limits.max_field_bytes} bytes"
            raise RequestRefused("payload_too_large", detail, param=self._name)
        self._text += data[start:end]

    def _end_part(self) -> None:
        """Keep the part, unless it is an input of an HTML form that was left empty."""
        if not self._is_file and self._text:
            self._fields.append((self._name, decoded(bytes(self._text))))
        elif self._is_file and self._spool is None and self._file_name:
            self._begin_file()  # a file, but without a byte

    def _end(self) -> None:
        self._is_complete = True


def decoded(text: bytes) -> str:
    """Return text that must be UTF-8.

    Raises:
        RequestRefused: 400.
    """
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise RequestRefused("malformed_request", "names and fields must be UTF-8") from error
