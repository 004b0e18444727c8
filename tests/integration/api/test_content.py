"""Laws of downloads: whole, in ranges, by digest, and only while there is something to give."""

import base64
import hashlib

import httpx
import pytest

from jobs.job import Job
from tests.integration.api.scripted_worker import THUMBNAIL, VIDEO, ScriptedWorker


@pytest.fixture
def done(worker: ScriptedWorker) -> Job:
    return worker.complete_one()


def path_of(job: Job, query: str = "") -> str:
    return f"/v1/videos/{job.id}/content{query}"


def test_a_download_is_the_stored_file_with_its_digest(alice: httpx.Client, done: Job) -> None:
    answer = alice.get(path_of(done))

    digest = base64.b64encode(hashlib.sha256(VIDEO).digest()).decode()
    assert (answer.status_code, answer.content) == (200, VIDEO)
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(VIDEO))
    assert answer.headers["accept-ranges"] == "bytes"
    assert f"{done.id}-video.mp4" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("variant", "content", "media_type"),
    [("thumbnail", THUMBNAIL, "image/jpeg"), ("manifest", None, "application/json")],
)
def test_other_variants_have_their_own_content(
    variant: str, content: bytes | None, media_type: str, alice: httpx.Client, done: Job
) -> None:
    answer = alice.get(path_of(done, f"?variant={variant}"))

    assert answer.headers["content-type"] == media_type
    assert content is None or answer.content == content


def test_a_variant_that_was_not_made_is_404_and_one_that_does_not_exist_422(alice: httpx.Client, done: Job) -> None:
    missing, unknown = alice.get(path_of(done, "?variant=masks")), alice.get(path_of(done, "?variant=sound"))

    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "variant_not_found")
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (422, "variant")


def test_a_range_gives_exactly_its_bytes(alice: httpx.Client, done: Job) -> None:
    answer = alice.get(path_of(done), headers={"Range": "bytes=1000-1999"})

    assert (answer.status_code, answer.content) == (206, VIDEO[1000:2000])
    assert answer.headers["content-range"] == f"bytes 1000-1999/{len(VIDEO)}"


def test_pieces_by_range_make_the_whole(alice: httpx.Client, done: Job) -> None:
    etag = alice.head(path_of(done)).headers["etag"]
    pieces = [
        alice.get(path_of(done), headers={"Range": f"bytes={first}-{first + 4095}", "If-Range": etag}).content
        for first in range(0, len(VIDEO), 4096)
    ]

    assert b"".join(pieces) == VIDEO


def test_a_range_behind_the_end_is_416_with_the_size(alice: httpx.Client, done: Job) -> None:
    answer = alice.get(path_of(done), headers={"Range": f"bytes={len(VIDEO)}-"})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(VIDEO)}"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_range_of_an_older_file_gives_the_whole(alice: httpx.Client, done: Job) -> None:
    answer = alice.get(path_of(done), headers={"Range": "bytes=0-9", "If-Range": '"older"'})

    assert (answer.status_code, answer.content) == (200, VIDEO)


def test_a_known_etag_is_304(alice: httpx.Client, done: Job) -> None:
    etag = alice.get(path_of(done)).headers["etag"]

    answer = alice.get(path_of(done), headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_head_tells_the_same_headers_without_the_bytes(alice: httpx.Client, done: Job) -> None:
    got, head = alice.get(path_of(done)), alice.head(path_of(done))

    names = ("content-length", "content-type", "etag", "repr-digest", "accept-ranges")
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in names] == [got.headers[name] for name in names]


def test_a_store_that_cannot_sign_streams_instead_of_redirecting(alice: httpx.Client, done: Job) -> None:
    answer = alice.get(path_of(done, "?redirect=1"))

    assert (answer.status_code, answer.content) == (200, VIDEO)


def test_content_before_completion_is_404_not_ready(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()
    queued = alice.get(path_of(job))
    worker.claim()
    running = alice.get(path_of(job))

    assert [each.status_code for each in (queued, running)] == [404, 404]
    assert queued.json()["error"]["code"] == "content_not_ready"


def test_expired_content_is_410_and_completed_becomes_expired(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one(expires_after_s=0)

    ended = worker.store.expire()
    video = alice.get(f"/v1/videos/{job.id}").json()
    answer = alice.get(path_of(job))

    assert ended.results == (job.id,)
    assert (video["status"], video["error"]) == ("expired", None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "content_expired")


def test_no_result_of_a_loser_is_ever_given(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    first = worker.claim()
    worker.store.release(first.id, first.attempt)
    second = worker.claim()

    worker.finish(second, b"of the winner")
    late = worker.finish(first, b"of the loser")

    assert late.is_lost
    assert alice.get(path_of(second)).content == b"of the winner"
