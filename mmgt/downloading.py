"""A video's files: complete or absent, resumed where a connection broke, compared with the digest that was told."""

import base64
import hashlib
import io
from os import PathLike
from pathlib import Path
from typing import IO

import httpx

from mmgt.answers import Variant
from mmgt.errors import DownloadCorrupt, MmgtError
from mmgt.paths import video_path
from mmgt.patience import Patience, answered, unreachable
from mmgt.steps import Call, Chunk, Open, Sleep, Steps

_DIGEST = "sha-256"


def download(patience: Patience, video_id: str, out: str | PathLike[str], variant: Variant = "video") -> Steps[Path]:
    """Write one of a video's files; returns its path. It lies there whole, or not at all.

    Raises:
        DownloadCorrupt: what came is not what the service has.
        NotFound: no such video, not completed yet, or it has no such file.
        MmgtError: refused, or nobody answers any more.
        OSError: it cannot be written.
    """
    path = Path(out)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w+b") as file:
            yield from _fetch(patience, video_id, variant, file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def content(patience: Patience, video_id: str, variant: Variant = "video") -> Steps[bytes]:
    """The bytes of one of a video's files.

    Raises:
        MmgtError: as `download`.
    """
    file = io.BytesIO()
    yield from _fetch(patience, video_id, variant, file)
    return file.getvalue()


def _fetch(patience: Patience, video_id: str, variant: str, file: IO[bytes]) -> Steps[None]:
    failures, etag = 0, None
    while True:
        headers = {"Accept-Encoding": "identity"}
        if etag is not None and file.tell():
            headers |= {"Range": f"bytes={file.tell()}-", "If-Range": etag}
        call = Call("GET", video_path(video_id, "content"), {"variant": variant}, headers)
        try:
            response = answered((yield Open(call)))
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                file.seek(0)
                file.truncate()
            etag = response.headers.get("etag")
            while (chunk := (yield Chunk())) is not None:
                file.write(chunk)
                failures = 0 if etag is not None else failures  # without one it begins anew: that is no progress
            return _check(response, file)
        except httpx.RequestError as error:
            failure: MmgtError = unreachable(call, error)
        except MmgtError as error:
            failure = error
        failures += 1
        yield Sleep(patience.pause_s(failures, failure))


def _check(response: httpx.Response, file: IO[bytes]) -> None:
    """Raises: DownloadCorrupt: the file is not the one that `Repr-Digest` tells."""
    kind, _, told = response.headers.get("repr-digest", "").partition("=")
    if kind != _DIGEST:
        return
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]
    if base64.b64encode(found).decode() != told.strip(":"):
        raise DownloadCorrupt(f"SHA-256 is {base64.b64encode(found).decode()}; {told.strip(':')} was told")
