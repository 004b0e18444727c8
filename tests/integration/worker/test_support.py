"""Laws of preflight, verification, delivery and housekeeping, each served by a worker of its own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis
from standardwebhooks.webhooks import Webhook

from jobs.job import JobStatus, new_job_id
from jobs.queue import ring_housekeeping, ring_preflight
from jobs.verbs.deliveries import DeliveryState
from mmgt_core.media.provenance import GenerationFacts, sign_video
from mmgt_core.media.signing_identity import ensure_identity
from tests.integration.scripted_pipeline import VIDEO
from tests.integration.worker.conftest import Make
from tests.integration.worker.service import ROOT, Service
from tests.unit.worker.receivers import is_silent, receiving
from worker.launch import SUPPORT_PROCESSES

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SAMPLES = ROOT / "samples"
MORE_THAN_ARE_SENT_AT_ONCE = 20
ANSWER_S = 60.0  # the first answer waits for the decoders to be imported


@pytest.fixture(scope="module")
def service(make_service: Make) -> Service:
    service = make_service(
        MMGT_WEBHOOKS__SECRET=SECRET,
        MMGT_WEBHOOKS__ALLOW_LOOPBACK="true",
        MMGT_WEBHOOKS__SCHEDULE_S="[0.0, 0.2, 0.2]",
        MMGT_WORKER__PREFLIGHT_TIMEOUT_S="30",
        MMGT_RETENTION__ORPHAN_UPLOAD_S="1",
    )
    for queue, processes in SUPPORT_PROCESSES.items():
        service.start_worker(queue, queue=queue, processes=processes, wait=False)
    service.top_up(4)
    service.until(lambda: any("preflight" in worker.queues for worker in service.store.workers()), ANSWER_S)
    return service


class Receiver:
    """A client's receiver: answers with the statuses it was given, the last one for ever."""

    def __init__(self, *statuses: int, **headers: str) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = statuses[min(len(receiver.calls), len(statuses) - 1)]
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    started: list[Receiver] = []
    yield started
    for receiver in started:
        receiver.close()


def ask(service: Service, about: dict[str, str], tenant: str = "default") -> dict[str, Any]:
    """The answer that the API would wait for."""
    request_id = new_job_id()
    service.store.ask_preflight(request_id, tenant, about, ANSWER_S)
    ring_preflight(service.send)
    with redis.Redis.from_url(service.settings.store.url.get_secret_value()) as client:
        found = client.blpop([f"{service.settings.store.key_prefix}preflight:{request_id}"], ANSWER_S)
    assert found is not None
    answer: dict[str, Any] = json.loads(found[1])
    return answer


def put(service: Service, name: str, content: bytes) -> str:
    key = f"videos/{new_job_id()}/inputs/{name}"
    service.storage.put_bytes(key, content, "application/octet-stream")
    return key


def test_preflight_of_a_portrait_and_speech_tells_crop_pose_and_length(service: Service) -> None:
    keys = {
        "image": put(service, "image.png", (SAMPLES / "portrait.png").read_bytes()),
        "audio": put(service, "audio.wav", (SAMPLES / "speech.wav").read_bytes()),
    }

    answer = ask(service, keys | {"crop": "auto"})

    assert answer["findings"] == []
    assert "photograph" in [warning["code"] for warning in answer["warnings"]]
    assert len(answer["crop"].split(",")) == 4
    assert len(answer["keypoints"]) == 134
    assert answer["num_frames"] == round(answer["seconds"] * 25) > 0
    assert answer["segments"] >= 1


def test_preflight_takes_an_estimate_for_speech_that_is_still_to_be_made_of_a_text(service: Service) -> None:
    image = put(service, "image.png", (SAMPLES / "portrait.png").read_bytes())

    answer = ask(service, {"image": image, "crop": "auto", "framing": "square", "unspoken_s": "4.8"})

    assert (answer["findings"], answer["seconds"], answer["num_frames"]) == ([], 4.8, 120)


def test_preflight_reads_driving_keypoints_and_names_what_is_wrong_with_them(service: Service) -> None:
    keys = {
        "image": put(service, "image.png", (SAMPLES / "portrait.png").read_bytes()),
        "audio": put(service, "audio.wav", (SAMPLES / "speech.wav").read_bytes()),
    }
    pose = ask(service, keys)["keypoints"]
    poses, shares = [pose] * 20, [[[x / 512, y / 512, sure] for x, y, sure in pose]]

    taken = ask(
        service, keys | {"driving_keypoints": put(service, "p.json", json.dumps(poses).encode()), "lips": "driving"}
    )
    dubbed = ask(service, keys | {"driving_keypoints": put(service, "p.json", json.dumps(poses).encode())})
    refused = ask(service, keys | {"driving_keypoints": put(service, "p.json", json.dumps(shares).encode())})

    assert (taken["findings"], taken["num_frames"], taken["segments"]) == ([], 20, 0)
    assert (dubbed["findings"], dubbed["segments"]) == ([], 1)
    (finding,) = refused["findings"]
    assert (finding["code"], finding["param"]) == ("driving_keypoints_invalid", "driving_keypoints")
    assert "as shares" in finding["message"]


@pytest.mark.parametrize(
    ("captions", "wishes", "code", "told"),
    [
        (b"WEBVTT\n\n00:00,100 --> 00:01,000\nHi\n", {}, "captions_file_unreadable", "line 3: '00:00,100' is no time"),
        (b"1\n00:00:20,000 --> 00:00:21,000\nLate\n", {}, "captions_file_unreadable", "'Late' begins at 20.000 s"),
        (None, {"transcript": "so " * 500}, "transcript_too_long", "500 words in 11.0 s"),
        (None, {"transcript": "And so, my fellow Americans."}, None, ""),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", {}, None, ""),
    ],
)
def test_preflight_reads_captions_and_names_what_is_wrong_with_their_line(
    service: Service, captions: bytes | None, wishes: dict[str, str], code: str | None, told: str
) -> None:
    keys = {
        "image": put(service, "image.png", (SAMPLES / "portrait.png").read_bytes()),
        "audio": put(service, "audio.wav", (SAMPLES / "speech.wav").read_bytes()),
    }
    if captions is not None:
        keys["captions_file"] = put(service, "captions.srt", captions)

    answer = ask(service, keys | {"captions": "vtt"} | wishes)

    assert [(each["code"], each["param"]) for each in answer["findings"]] == (
        [(code, code.rsplit("_", 1 if captions else 2)[0])] if code else []
    )
    assert all(told in each["message"] for each in answer["findings"])


@pytest.mark.parametrize(
    ("image", "audio", "code", "param"),
    [
        (b"no picture at all", None, "image_unreadable", "image"),
        (None, b"no sound at all", "audio_unreadable", "audio"),
        (None, b"#EXTM3U\nhttp://127.0.0.1/x.ts\n", "audio_unreadable", "audio"),
    ],
)
def test_preflight_names_the_input_that_cannot_be_used(
    service: Service, image: bytes | None, audio: bytes | None, code: str, param: str
) -> None:
    keys = {
        "image": put(service, "image.png", image or (SAMPLES / "portrait.png").read_bytes()),
        "audio": put(service, "audio.wav", audio or (SAMPLES / "speech.wav").read_bytes()),
    }

    answer = ask(service, keys | {"crop": "auto"})

    assert [(each["code"], each["param"]) for each in answer["findings"]] == [(code, param)]
    assert answer["keypoints"] is None


def test_verify_reads_a_mark_its_absence_and_a_file_that_is_no_video(service: Service, tmp_path: Path) -> None:
    marked = tmp_path / "marked.mp4"
    marked.write_bytes(VIDEO.read_bytes())
    sign_video(marked, ensure_identity(tmp_path / "identity"), GenerationFacts("mmgt-demo", False, 1))

    valid = ask(service, {"video": put(service, "video.mp4", marked.read_bytes())})
    absent = ask(service, {"video": put(service, "video.mp4", VIDEO.read_bytes())})
    broken = ask(service, {"video": put(service, "video.mp4", b"no video")})

    assert (valid["verdict"], valid["details"]["is_ai_generated"]) == ("valid", True)
    assert absent["verdict"] == "absent"
    assert set(broken) == {"error"}


def test_a_failed_delivery_is_tried_again_under_the_same_id_and_verifies(
    service: Service, receivers: list[Receiver]
) -> None:
    receiver = Receiver(500, 200)
    receivers.append(receiver)

    job = service.until_ended(service.create(webhook_url=receiver.url).id)
    service.until(lambda: len(receiver.calls) == 2)

    ids = {headers["webhook-id"] for headers, _ in receiver.calls}
    told = [Webhook(SECRET).verify(body, headers) for headers, body in receiver.calls]
    assert len(ids) == 1
    assert told[1]["type"] == "video.completed"
    assert told[1]["data"]["id"] == job.id
    service.until(lambda: deliveries(service, job.id) == [DeliveryState.DELIVERED])


def test_410_ends_the_deliveries_of_the_job_and_the_job_is_untouched(
    service: Service, receivers: list[Receiver]
) -> None:
    receiver = Receiver(410)
    receivers.append(receiver)

    job = service.until_ended(service.create(webhook_url=receiver.url, webhook_events=("video.completed",)).id)
    service.until(lambda: deliveries(service, job.id) == [DeliveryState.DROPPED])

    assert len(receiver.calls) == 1
    assert service.job(job.id).status is JobStatus.COMPLETED


def test_a_redirect_is_a_failure_that_is_never_followed_and_tries_end(
    service: Service, receivers: list[Receiver]
) -> None:
    elsewhere = Receiver(200)
    receiver = Receiver(302, location=elsewhere.url)
    receivers.extend((elsewhere, receiver))

    job = service.until_ended(service.create(webhook_url=receiver.url).id)
    service.until(lambda: deliveries(service, job.id) == [DeliveryState.EXHAUSTED])

    assert len(receiver.calls) == 3
    assert elsewhere.calls == []


def test_housekeeping_removes_a_deleted_job_s_objects_and_uploads_without_a_job(service: Service) -> None:
    orphan = put(service, "image.png", b"nobody's")
    job = service.until_ended(service.create().id)

    service.store.delete(job.id)
    service.until(lambda: not service.keys(job.id))

    def is_gone() -> bool:
        ring_housekeeping(service.send)
        return service.storage.head(orphan) is None

    service.until(is_gone)

    kept = service.until_ended(service.create().id)
    assert all(service.storage.head(key) for key in kept.results.values())


def test_receivers_that_hang_hold_up_neither_preflight_nor_housekeeping(service: Service) -> None:
    keys = {
        "image": put(service, "image.png", b"no picture at all"),
        "audio": put(service, "audio.wav", (SAMPLES / "speech.wav").read_bytes()),
    }
    with receiving(is_silent) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/hook"
        told = [service.until_ended(service.create(webhook_url=url).id) for _ in range(MORE_THAN_ARE_SENT_AT_ONCE)]
        service.until(lambda: receiver.num_connections >= service.settings.webhooks.share_per_tenant)
        doomed = service.until_ended(service.create().id)

        answer = ask(service, keys | {"crop": "auto"})
        service.store.delete(doomed.id)
        service.until(lambda: not service.keys(doomed.id))

        logs = [delivery.log for job in told for delivery in service.store.list_deliveries(job.id) or ()]
    assert [finding["code"] for finding in answer["findings"]] == ["image_unreadable"]
    assert logs == [()] * MORE_THAN_ARE_SENT_AT_ONCE  # none of them had given up by then


def deliveries(service: Service, job_id: str) -> list[DeliveryState]:
    return [delivery.state for delivery in service.store.list_deliveries(job_id) or ()]
