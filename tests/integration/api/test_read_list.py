"""Laws of the list: order, pages, filters, and nobody else's videos."""

import httpx
import pytest

from jobs.job import Job
from tests.integration.api.scripted_worker import ScriptedWorker


@pytest.fixture
def five(worker: ScriptedWorker) -> list[Job]:
    return [worker.submit(metadata={"number": str(number), "group": "a"}) for number in range(5)]


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [video["id"] for video in answer.json()["data"]]


def test_a_list_is_newest_first_with_first_and_last_id(alice: httpx.Client, five: list[Job]) -> None:
    body = alice.get("/v1/videos").json()

    assert [video["id"] for video in body["data"]] == [job.id for job in reversed(five)]
    assert (body["object"], body["has_more"]) == ("list", False)
    assert (body["first_id"], body["last_id"]) == (five[-1].id, five[0].id)


def test_ascending_order_is_oldest_first(alice: httpx.Client, five: list[Job]) -> None:
    assert ids(alice.get("/v1/videos", params={"order": "asc"})) == [job.id for job in five]


def test_pages_by_after_give_each_video_once(alice: httpx.Client, five: list[Job]) -> None:
    seen: list[str] = []
    params: dict[str, str | int] = {"limit": 2}
    while True:
        body = alice.get("/v1/videos", params=params).json()
        seen += [video["id"] for video in body["data"]]
        if not body["has_more"]:
            break
        params["after"] = body["last_id"]

    assert seen == [job.id for job in reversed(five)]


def test_before_gives_the_page_in_front(alice: httpx.Client, five: list[Job]) -> None:
    assert ids(alice.get("/v1/videos", params={"before": five[1].id, "limit": 2})) == [five[3].id, five[2].id]


def test_a_deleted_cursor_still_pages(alice: httpx.Client, five: list[Job]) -> None:
    alice.delete(f"/v1/videos/{five[2].id}")

    assert ids(alice.get("/v1/videos", params={"after": five[2].id})) == [five[1].id, five[0].id]


def test_status_and_metadata_filter(alice: httpx.Client, five: list[Job], worker: ScriptedWorker) -> None:
    claimed = worker.claim()

    assert ids(alice.get("/v1/videos", params={"status": "in_progress"})) == [claimed.id]
    assert ids(alice.get("/v1/videos", params={"metadata[number]": "3", "metadata[group]": "a"})) == [five[3].id]
    assert ids(alice.get("/v1/videos", params={"metadata[number]": "3", "metadata[group]": "b"})) == []


def test_an_empty_list_has_no_first_and_last_id(alice: httpx.Client) -> None:
    assert alice.get("/v1/videos").json() == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False,
    }  # fmt: skip


def test_another_tenants_videos_are_not_in_the_list(bob: httpx.Client, five: list[Job]) -> None:
    assert ids(bob.get("/v1/videos")) == []


@pytest.mark.parametrize("cursor", ["after", "before"])
def test_another_tenants_video_is_no_cursor(cursor: str, bob: httpx.Client, five: list[Job]) -> None:
    answer = bob.get("/v1/videos", params={cursor: five[0].id})

    assert answer.status_code == 404
    assert answer.json()["error"]["param"] == cursor


@pytest.mark.parametrize(
    ("params", "name"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"order": "up"}, "order"), ({"status": "done"}, "status"),
     ({"state": "queued"}, "state"), ({"limit": "x"}, "limit"), ({"limit": "1_0"}, "limit"),
     ({"limit": "+5"}, "limit"), ({"limit": " 5"}, "limit"), ({"limit": "٥"}, "limit")],
)  # fmt: skip
def test_a_wrong_parameter_is_a_422_that_names_it(params: dict[str, str], name: str, alice: httpx.Client) -> None:
    answer = alice.get("/v1/videos", params=params)

    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == name
