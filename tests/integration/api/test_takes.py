"""Laws of takes: poses that are sent, poses alone, and several videos of one request."""

import httpx
import pytest

from api.preflight import question_about
from jobs.job import Job
from jobs.settings import Settings
from jobs.store import JobStore
from tests.integration.api.creating import FILES, MP4, nothing_is_left
from tests.integration.api.scripted_worker import ScriptedWorker

NPY = b"\x93NUMPY\x01\0v\0" + bytes(500)
DRIVEN = {**FILES, "driving_keypoints": ("poses.npy", NPY)}


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def stored(store: JobStore, answer: httpx.Response) -> Job:
    job = store.get(answer.json()["id"])
    assert job is not None
    return job


def test_driving_keypoints_are_stored_by_their_content_and_a_remix_keeps_them(
    alice: httpx.Client, store: JobStore
) -> None:
    sent = {**FILES, "driving_keypoints": ("poses.exe", b" [[[0, 0, 1]]]", "text/plain")}

    made = alice.post("/v1/videos", files=sent)
    again = alice.post(f"/v1/videos/{made.json()['id']}/remix", json={"seed": 5})

    for answer in (made, again):
        inputs = stored(store, answer).request.inputs
        assert inputs["driving_keypoints"].endswith("/inputs/driving_keypoints.json")


def test_keypoints_have_no_sound_so_audio_is_asked_for(alice: httpx.Client) -> None:
    answer = alice.post("/v1/videos", files={name: DRIVEN[name] for name in ("image", "driving_keypoints")})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "audio")


def test_what_excludes_driving_keypoints_is_told_together(
    alice: httpx.Client, settings: Settings, store: JobStore
) -> None:
    both = {**DRIVEN, "driving_video": ("a.mp4", MP4)}

    answer = alice.post("/v1/videos", files=both, data={"loop": "true"})

    told = {row["pointer"]: row["detail"] for row in answer.json()["errors"]}
    assert (answer.status_code, set(told)) == (422, {"/driving_keypoints", "/loop"})
    assert "driving_video and driving_keypoints" in told["/loop"]
    assert nothing_is_left(settings, store)


def test_what_is_no_file_of_keypoints_is_a_415_that_names_it(
    alice: httpx.Client, settings: Settings, store: JobStore
) -> None:
    answer = alice.post("/v1/videos", files={**FILES, "driving_keypoints": ("poses.npy", b"1 2 3")})

    assert (answer.status_code, answer.json()["error"]["param"]) == (415, "driving_keypoints")
    assert "npy, JSON" in answer.json()["detail"]
    assert nothing_is_left(settings, store)


def test_lips_are_in_the_job_and_in_its_remix_and_are_asked_about(alice: httpx.Client, store: JobStore) -> None:
    made = alice.post("/v1/videos", files=DRIVEN, data={"lips": "driving"})
    again = alice.post(f"/v1/videos/{made.json()['id']}/remix", json={"seed": 5})
    other = alice.post(f"/v1/videos/{made.json()['id']}/remix", json={"lips": "audio"})

    options = [stored(store, answer).request.options for answer in (made, again, other)]
    assert [each.lips for each in options] == ["driving", "driving", "audio"]
    assert [question_about({}, each)["lips"] for each in options] == ["driving", "driving", "audio"]
    assert "lips" not in question_about({}, stored(store, alice.post("/v1/videos", files=DRIVEN)).request.options)


@pytest.mark.parametrize(
    ("files", "value", "told"), [(FILES, "audio", "driving_video or driving_keypoints"), (DRIVEN, "loud", "'audio' or")]
)
def test_lips_without_driving_poses_or_of_another_word_are_refused(
    alice: httpx.Client, settings: Settings, store: JobStore, files: dict[str, object], value: str, told: str
) -> None:
    answer = alice.post("/v1/videos", files=files, data={"lips": value})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "lips")
    assert told in answer.json()["detail"]
    assert nothing_is_left(settings, store)
