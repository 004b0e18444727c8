"""Laws of a download, step by step: what is had is kept where the file is the same, and only what was told is taken."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from mmgt.downloading import content, download
from mmgt.errors import DownloadCorrupt, Unreachable
from mmgt.patience import Patience
from mmgt.steps import Chunk, Flow, Open, Sleep
from tests.unit.client.walking import BROKEN, call_of


def digest_of(file: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(file).digest()).decode()}:"


def opened(status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def beginning() -> tuple[Flow[Any], dict[str, str]]:
    flow = Flow(content(Patience(), "video_1"))
    return flow, dict(call_of(flow.next()).headers)


def test_a_whole_file_is_its_bytes() -> None:
    flow, asked = beginning()

    assert asked == {"Accept-Encoding": "identity"}  # ranges and digest are of the file as it is stored
    assert flow.next(opened(etag='"a"', repr_digest=digest_of(b"abcd"))) == Chunk()
    flow.next(b"ab")
    flow.next(b"cd")
    assert flow.next(None) is None
    assert flow.result == b"abcd"


def test_what_is_had_is_kept_where_the_file_is_the_same() -> None:
    flow, _ = beginning()
    flow.next(opened(etag='"a"', repr_digest=digest_of(b"abcd")))
    flow.next(b"ab")
    assert isinstance(flow.next(failure=BROKEN), Sleep)
    asked = call_of(flow.next()).headers
    flow.next(opened(206, etag='"a"', repr_digest=digest_of(b"abcd")))
    flow.next(b"cd")
    flow.next(None)

    assert (asked["Range"], asked["If-Range"]) == ("bytes=2-", '"a"')
    assert flow.result == b"abcd"


def test_another_file_is_begun_anew() -> None:
    flow, _ = beginning()
    flow.next(opened(etag='"a"'))
    flow.next(b"abcdef")
    flow.next(failure=BROKEN)
    flow.next()
    flow.next(opened(200, etag='"b"'))
    flow.next(b"xyz")
    flow.next(None)

    assert flow.result == b"xyz"


def test_a_file_that_is_not_the_one_that_was_told_is_no_file(tmp_path: Path) -> None:
    flow = Flow(download(Patience(), "video_1", tmp_path / "it"))
    flow.next()
    flow.next(opened(repr_digest=digest_of(b"other")))
    flow.next(b"abcd")

    with pytest.raises(DownloadCorrupt):
        flow.next(None)
    assert list(tmp_path.iterdir()) == []


def test_an_open_answer_that_is_cut_each_time_is_given_up() -> None:
    flow, _ = beginning()
    for _ in range(4):  # a preview has no ETag: each try begins anew, so bytes are no progress
        flow.next(opened())
        flow.next(b"ab")
        assert isinstance(flow.next(failure=BROKEN), Sleep)
        assert "Range" not in call_of(flow.next()).headers
    flow.next(opened())
    flow.next(b"ab")

    with pytest.raises(Unreachable):
        flow.next(failure=BROKEN)


def test_who_stops_a_download_leaves_nothing(tmp_path: Path) -> None:
    flow = Flow(download(Patience(), "video_1", tmp_path / "it"))
    assert isinstance(flow.next(), Open)
    flow.next(opened())
    flow.next(b"ab")
    assert [path.name for path in tmp_path.iterdir()] == ["it.part"]

    flow.close()

    assert list(tmp_path.iterdir()) == []
