"""Laws of takes: poses that are sent, poses alone, and several videos of one request."""

import httpx
import pytest

from api.preflight import question_about
from jobs.errors import StorageUnavailable
from jobs.local_storage import LocalStorage
from jobs.settings import Settings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from tests.integration.api.creating import FILES, MP4, files_under, nothing_is_left, num_jobs, stored
from tests.integration.api.scripted_worker import KEYPOINTS, ScriptedWorker

NPY = b"\x93NUMPY\x01\0v\0" + bytes(500)
VARIANTS = ("video", "pose", "keypoints", "manifest", "preview")
KEY = {"Idempotency-Key": "takes-1"}
DRIVEN = {**FILES, "driving_keypoints": ("poses.npy", NPY)}


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


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


def test_poses_alone_are_a_job_of_its_own_size_and_say_which_variants_there_are(
    alice: httpx.Client, store: JobStore, worker: ScriptedWorker
) -> None:
    answer = alice.post("/v1/videos", files=FILES, data={"until": "poses", "framing": "photo"})
    worker.finish(worker.claim())

    job_id = answer.json()["id"]
    done = alice.get(f"/v1/videos/{job_id}").json()
    content = {variant: alice.get(f"/v1/videos/{job_id}/content", params={"variant": variant}) for variant in VARIANTS}
    assert (answer.status_code, answer.json()["size"]) == (202, "512x512")
    assert (done["status"], done["progress"], done["size"]) == ("completed", 100, "512x512")
    assert content["keypoints"].content == KEYPOINTS
    assert content["keypoints"].headers["content-type"] == "application/octet-stream"
    assert (content["pose"].status_code, content["manifest"].status_code) == (200, 200)
    assert (content["video"].status_code, content["video"].json()["error"]["code"]) == (404, "variant_not_found")
    assert all(word in content["video"].json()["detail"] for word in ("until=poses", "pose, ", "keypoints", "manifest"))
    assert (content["preview"].status_code, content["preview"].json()["error"]["code"]) == (
        404,
        "preview_not_available",
    )
    assert "until=poses" in content["preview"].json()["detail"]


def test_who_wants_to_watch_poses_is_told_at_once_that_there_will_be_nothing(alice: httpx.Client) -> None:
    job_id = alice.post("/v1/videos", files=FILES, data={"until": "poses"}).json()["id"]

    answer = alice.get(f"/v1/videos/{job_id}/content", params={"variant": "preview"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "preview_not_available")


def test_the_time_of_poses_is_reckoned_by_that_of_other_poses(alice: httpx.Client, worker: ScriptedWorker) -> None:
    alice.post("/v1/videos", files=FILES, data={"until": "poses"})
    worker.finish(worker.claim())

    first = alice.post("/v1/videos", files=FILES, data={"until": "poses"}).json()
    video = alice.post("/v1/videos", files=FILES).json()

    assert (first["progress_detail"]["eta_seconds"], video["progress_detail"]["eta_seconds"]) == (None, None)


def made_poses(alice: httpx.Client, worker: ScriptedWorker, **fields: str) -> str:
    """A job that has come to its poses."""
    job_id: str = alice.post("/v1/videos", files=FILES, data={"until": "poses", "seed": "7", **fields}).json()["id"]
    worker.finish(worker.claim())
    return job_id


def test_a_remix_until_video_takes_the_poses_over_and_so_does_its_own_remix(
    alice: httpx.Client, store: JobStore, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    source = made_poses(alice, worker, gesture_strength="0.5", loop="true")

    video = alice.post(f"/v1/videos/{source}/remix", json={"until": "video", "framing": "photo"})
    again = alice.post(f"/v1/videos/{video.json()['id']}/remix", json={"seed": 8})
    anew = alice.post(f"/v1/videos/{video.json()['id']}/remix", json={"until": "poses", "gesture_strength": 1})

    for answer in (video, again):
        request = stored(store, answer).request
        assert set(request.inputs) == {"image", "audio", "poses"}
        assert b"".join(storage.stream(request.inputs["poses"])) == KEYPOINTS
        assert (request.options.until, request.options.gesture_strength, request.options.loop) == ("video", 0.5, True)
    assert stored(store, video).request.options.seed == 7
    assert set(stored(store, anew).request.inputs) == {"image", "audio"}


def test_a_remix_of_poses_stays_with_poses_and_makes_them_anew(
    alice: httpx.Client, store: JobStore, worker: ScriptedWorker
) -> None:
    source = made_poses(alice, worker)

    answer = alice.post(f"/v1/videos/{source}/remix", json={"smoothing": 0.5})

    request = stored(store, answer).request
    assert (request.options.until, set(request.inputs)) == ("poses", {"image", "audio"})


def test_what_would_have_made_other_poses_is_refused_all_together(
    alice: httpx.Client, store: JobStore, worker: ScriptedWorker
) -> None:
    source = made_poses(alice, worker, head_strength="0.5")
    changes = {"until": "video", "gesture_strength": "0.5", "head_strength": "0.5", "crop": "none"}

    answer = alice.post(f"/v1/videos/{source}/remix", data=changes, files={"image": FILES["image"]})

    assert (answer.status_code, {row["pointer"] for row in answer.json()["errors"]}) == (
        422, {"/gesture_strength", "/crop", "/image"},
    )  # fmt: skip
    assert "until=poses" in answer.json()["errors"][0]["detail"]
    assert num_jobs(store) == 1


def test_poses_that_are_not_made_cannot_be_rendered_and_nothing_is_left_of_the_try(
    alice: httpx.Client, store: JobStore, settings: Settings
) -> None:
    source = alice.post("/v1/videos", files=FILES, data={"until": "poses"}).json()["id"]
    before = files_under(settings.objects_folder)

    answer = alice.post(f"/v1/videos/{source}/remix", json={"until": "video"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "poses_not_ready")
    assert (num_jobs(store), files_under(settings.objects_folder)) == (1, before)


def test_poses_cannot_be_sent_as_if_they_were_made(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    answer = alice.post("/v1/videos", files={**FILES, "poses": ("poses.npy", NPY)})

    assert answer.status_code == 422
    assert nothing_is_left(settings, store)


def ids_of(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["object"], body["has_more"]) == ("list", False)
    ids = [video["id"] for video in body["data"]]
    assert (body["first_id"], body["last_id"]) == (ids[0], ids[-1])
    return ids


@pytest.mark.parametrize("number", [1, 4])
def test_takes_are_a_list_of_videos_with_seeds_that_follow_one_another_and_inputs_of_their_own(
    alice: httpx.Client, store: JobStore, settings: Settings, number: int
) -> None:
    sent = {"n": str(number), "seed": "7", "metadata[scene]": "intro", "webhook_url": "https://example.com/h"}

    ids = ids_of(alice.post("/v1/videos", files=FILES, data=sent))

    jobs = [store.get(job_id) for job_id in ids]
    assert [job and job.request.options.seed for job in jobs] == list(range(7, 7 + number))
    assert {job.request.webhook_url for job in jobs if job} == {"https://example.com/h"}
    stored = files_under(settings.objects_folder)
    assert stored == sorted(f"videos/{i}/inputs/{name}" for i in ids for name in ("audio.wav", "image.png"))
    assert {(settings.objects_folder / path).read_bytes() for path in stored} == {FILES["image"][1], FILES["audio"][1]}


def test_one_of_several_can_be_deleted_and_the_others_keep_their_inputs(
    alice: httpx.Client, worker: ScriptedWorker, settings: Settings
) -> None:
    first, second = ids_of(alice.post("/v1/videos", files=FILES, data={"n": "2"}))

    alice.delete(f"/v1/videos/{first}")
    worker.housekeep()

    assert files_under(settings.objects_folder / f"videos/{second}") == ["inputs/audio.wav", "inputs/image.png"]
    assert worker.claim().id == second


@pytest.mark.parametrize(("value", "told"), [("0", "greater"), ("5", "less"), ("two", "n"), ("1.5", "n")])
def test_a_number_of_takes_outside_its_range_is_refused(
    alice: httpx.Client, settings: Settings, store: JobStore, value: str, told: str
) -> None:
    answer = alice.post("/v1/videos", files=FILES, data={"n": value})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "n")
    assert told in answer.json()["detail"]
    assert nothing_is_left(settings, store)


def test_the_last_seed_must_still_be_a_seed(alice: httpx.Client, store: JobStore) -> None:
    last = {"seed": str(2**53 - 2), "n": "3"}

    refused = alice.post("/v1/videos", files=FILES, data=last)
    taken = alice.post("/v1/videos", files=FILES, data=last | {"n": "2"})

    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "seed")
    assert f"0 to {2**53 - 3}" in refused.json()["detail"]
    assert [video["seed"] for video in taken.json()["data"]] == [2**53 - 2, 2**53 - 1]


def test_a_key_replays_all_takes_and_stands_for_that_number_alone(
    alice: httpx.Client, store: JobStore, settings: Settings
) -> None:
    first = alice.post("/v1/videos", files=FILES, data={"n": "3"}, headers=KEY)
    again = alice.post("/v1/videos", files=FILES, data={"n": "3"}, headers=KEY)
    other = alice.post("/v1/videos", files=FILES, data={"n": "2"}, headers=KEY)

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert ids_of(again) == ids_of(first)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert (num_jobs(store), len(files_under(settings.objects_folder))) == (3, 6)


def test_takes_that_pass_the_quota_leave_nothing_and_the_key_is_free(
    alice: httpx.Client, store: JobStore, settings: Settings
) -> None:
    store.set_quota("alice", 2)

    refused = alice.post("/v1/videos", files=FILES, data={"n": "3"}, headers=KEY)
    made = alice.post("/v1/videos", files=FILES, data={"n": "2"}, headers=KEY)

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "quota_exceeded")
    assert "3 more are wanted; the limit is 2" in refused.json()["detail"]
    assert (len(ids_of(made)), num_jobs(store), len(files_under(settings.objects_folder))) == (2, 2, 4)


def test_a_storage_that_fails_at_a_later_take_leaves_nothing_of_the_first(
    alice: httpx.Client, store: JobStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file, stored = LocalStorage.put_file, []

    def fail_at_the_fourth(self: LocalStorage, key: str, *rest: object) -> None:
        stored.append(key)
        if len(stored) == 4:
            raise StorageUnavailable("full")
        put_file(self, key, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalStorage, "put_file", fail_at_the_fourth)

    answer = alice.post("/v1/videos", files=FILES, data={"n": "3"})

    assert (answer.status_code, len(stored)) == (503, 4)
    assert nothing_is_left(settings, store)


def test_a_remix_makes_takes_as_well(alice: httpx.Client, store: JobStore, worker: ScriptedWorker) -> None:
    source = made_poses(alice, worker)

    ids = ids_of(alice.post(f"/v1/videos/{source}/remix", json={"until": "video", "n": 2}))

    jobs = [job for job in map(store.get, ids) if job]
    assert [(job.request.options.seed, set(job.request.inputs)) for job in jobs] == [
        (7, {"image", "audio", "poses"}), (8, {"image", "audio", "poses"}),
    ]  # fmt: skip
    assert {job.request.remixed_from_video_id for job in jobs} == {source}
    assert len({job.request.inputs["poses"] for job in jobs}) == 2


def test_who_asks_for_several_and_waits_is_answered_at_once(alice: httpx.Client) -> None:
    answer = alice.post("/v1/videos", files=FILES, data={"n": "2"}, headers={"Prefer": "wait=30"})

    assert len(ids_of(answer)) == 2
    assert "preference-applied" not in answer.headers
