"""Laws of backdrops in the API: what is stored, what excludes what, and what a remix keeps of them."""

import httpx
import pytest

from jobs.job import Job
from jobs.settings import Settings
from jobs.store import JobStore
from tests.integration.api.creating import FILES, PNG, nothing_is_left, stored
from tests.integration.api.scripted_worker import ScriptedWorker

WITH_PICTURE = {**FILES, "backdrop_image": ("beach.exe", PNG, "text/plain")}


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def remix(alice: httpx.Client, source: Job, **sent: object) -> httpx.Response:
    return alice.post(f"/v1/videos/{source.id}/remix", **sent)  # type: ignore[arg-type]


@pytest.mark.parametrize("backdrop", ["keep", "#2e6f95", "transparent"])
def test_a_backdrop_is_in_the_job_and_a_remix_keeps_it(alice: httpx.Client, store: JobStore, backdrop: str) -> None:
    first = stored(store, alice.post("/v1/videos", files=FILES, data={"backdrop": backdrop}))

    second = stored(store, remix(alice, first, json={"seed": 5}))

    assert (first.request.options.backdrop, second.request.options.backdrop) == (backdrop, backdrop)


def test_a_picture_is_stored_by_its_content_and_a_remix_keeps_it(alice: httpx.Client, store: JobStore) -> None:
    first = stored(store, alice.post("/v1/videos", files=WITH_PICTURE))

    second = stored(store, remix(alice, first))

    for job in (first, second):
        assert job.request.inputs["backdrop_image"].endswith(f"{job.id}/inputs/backdrop_image.png")
        assert job.request.options.backdrop == "keep"


@pytest.mark.parametrize("backdrop", ["keep", "#2e6f95"])
def test_a_remix_that_names_a_backdrop_has_the_picture_no_more(
    alice: httpx.Client, store: JobStore, backdrop: str
) -> None:
    first = stored(store, alice.post("/v1/videos", files=WITH_PICTURE))

    second = stored(store, remix(alice, first, json={"backdrop": backdrop}))

    assert set(second.request.inputs) == {"image", "audio"}
    assert second.request.options.backdrop == backdrop


def test_a_remix_that_brings_a_picture_has_the_colour_no_more(alice: httpx.Client, store: JobStore) -> None:
    first = stored(store, alice.post("/v1/videos", files=FILES, data={"backdrop": "#2e6f95"}))

    second = stored(store, remix(alice, first, files={"backdrop_image": ("a.png", PNG)}))

    assert set(second.request.inputs) == {"image", "audio", "backdrop_image"}
    assert second.request.options.backdrop == "keep"


def test_what_excludes_a_backdrop_is_told_together(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    sent = {"backdrop": "transparent", "framing": "photo", "seed": "x"}

    answer = alice.post("/v1/videos", files=WITH_PICTURE, data=sent)

    told = [(row["pointer"], row["detail"]) for row in answer.json()["errors"]]
    assert (answer.status_code, [pointer for pointer, _ in told]) == (422, ["/seed", "/backdrop", "/backdrop"])
    assert "backdrop is transparent; send it or backdrop_image, not both" in told[1]
    assert "backdrop is transparent; it is for framing=square, not photo" in told[2]
    assert nothing_is_left(settings, store)


@pytest.mark.parametrize("backdrop", ["green", "#12345", "Transparent"])
def test_a_backdrop_outside_its_range_is_a_422_that_names_it(
    alice: httpx.Client, settings: Settings, store: JobStore, backdrop: str
) -> None:
    answer = alice.post("/v1/videos", files=FILES, data={"backdrop": backdrop})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "backdrop")
    assert nothing_is_left(settings, store)


def test_what_is_no_picture_is_refused_as_backdrop_by_its_content(
    alice: httpx.Client, settings: Settings, store: JobStore
) -> None:
    answer = alice.post("/v1/videos", files={**FILES, "backdrop_image": ("a.png", b"no picture")})

    assert (answer.status_code, answer.json()["error"]["param"]) == (415, "backdrop_image")
    assert nothing_is_left(settings, store)
