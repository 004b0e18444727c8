"""Laws of the page at `/` as it is served: at each of its addresses, without a key, cached by content, and small."""

import gzip
import re

import httpx
import pytest

from api.studio.files import BUILT
from tests.integration.api.served import ServedApp

MAX_SCRIPT_BYTES = 120_000  # gzipped

pytestmark = pytest.mark.skipif(
    not (BUILT / "index.html").is_file(), reason="the studio is not built: `make studio` needs Node 20"
)


@pytest.fixture
def anybody(served: ServedApp) -> httpx.Client:
    return served.client(None)


def script_of(page: str) -> str:
    found = re.search(r'src="(/studio/[^"]+\.js)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", ["/", "/library", "/compare?a=x&b=y", "/videos/video_1"])
def test_the_page_is_there_at_each_of_its_addresses_and_never_kept(anybody: httpx.Client, path: str) -> None:
    answer = anybody.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_its_files_are_kept_for_good_and_packed_for_who_takes_them_so(anybody: httpx.Client) -> None:
    path = script_of(anybody.get("/").text)

    packed = anybody.get(path, headers={"Accept-Encoding": "gzip"})
    plain = anybody.get(path, headers={"Accept-Encoding": "identity"})

    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


def test_everything_that_the_page_names_is_there(anybody: httpx.Client) -> None:
    named = re.findall(r'(?:src|href)="(/[^"]+)"', anybody.get("/").text)

    assert len(named) == 3
    assert {path: anybody.get(path).status_code for path in named} == dict.fromkeys(named, 200)


def test_the_script_is_small(anybody: httpx.Client) -> None:
    script = anybody.get(script_of(anybody.get("/").text)).content

    assert len(gzip.compress(script, 9)) <= MAX_SCRIPT_BYTES


def test_a_file_that_is_not_there_is_a_problem(anybody: httpx.Client) -> None:
    answer = anybody.get("/studio/studio-0.js")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
