"""Laws of reading provenance: asked of the preflight worker, answered or 503, and nothing is left behind."""

import json
import threading
from collections.abc import Iterator

import httpx
import pytest
from kombu import Connection

from jobs.queue import PREFLIGHT_QUEUE
from jobs.settings import StoreSettings
from jobs.storage import ObjectStorage
from jobs.verbs.registry import WorkerRecord
from tests.integration.api.scripted_worker import ScriptedWorker

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(2000)
DETAILS = {
    "is_present": True, "is_valid": True, "is_trusted": False, "signer": "MMGT", "generator": "mmgt",
    "created_at": "2026-11-25T00:00:00+00:00", "is_ai_generated": True, "problems": [],
}  # fmt: skip
REPORT = {"verdict": "valid", "details": DETAILS}


class ScriptedReader:
    """Takes one message from the real broker's preflight queue, looks at the stored file, and answers."""

    def __init__(self, store: StoreSettings, worker: ScriptedWorker, answer: dict[str, object]) -> None:
        self._worker, self._answer = worker, answer
        self._broker = Connection(store.celery_url)
        self._queue = self._broker.SimpleQueue(PREFLIGHT_QUEUE)
        self._queue.clear()
        self.saw: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)

    def start(self) -> None:
        """Show a sign of life and wait for a message."""
        self._worker.store.heartbeat(WorkerRecord("small", (PREFLIGHT_QUEUE,), True))
        self._thread.start()

    def _serve(self) -> None:
        message = self._queue.get(timeout=20)
        message.ack()
        asked = self._worker.store.take_question(1, 10.0)
        assert asked is not None
        self.saw.append(b"".join(self._worker.storage.stream(asked.about["video"])))
        self._worker.store.put_preflight_answer(asked.request_id, json.dumps(self._answer))

    def stop(self) -> None:
        """Let the broker go."""
        self._thread.join(20)
        self._queue.close()
        self._broker.release()


@pytest.fixture
def reader(
    store_settings: StoreSettings, worker: ScriptedWorker, request: pytest.FixtureRequest
) -> Iterator[ScriptedReader]:
    scripted = ScriptedReader(store_settings, worker, getattr(request, "param", REPORT))
    scripted.start()
    yield scripted
    scripted.stop()


def test_the_mark_is_read_by_the_preflight_worker_and_the_upload_is_gone(
    alice: httpx.Client, reader: ScriptedReader, storage: ObjectStorage
) -> None:
    answer = alice.post("/v1/verify", files={"video": ("../x.mp4", MP4)})

    assert (answer.status_code, answer.json()) == (200, {"object": "verification", **REPORT})
    assert reader.saw == [MP4]
    assert list(storage.list("")) == []


@pytest.mark.parametrize("reader", [{"error": "the MP4 is cut off"}], indirect=True)
def test_a_file_that_cannot_be_read_is_a_422(alice: httpx.Client, reader: ScriptedReader) -> None:
    answer = alice.post("/v1/verify", files={"video": MP4})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "video")


def test_without_a_preflight_worker_it_is_a_503_that_says_when(alice: httpx.Client) -> None:
    answer = alice.post("/v1/verify", files={"video": MP4})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "preflight_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_only_an_mp4_is_taken(alice: httpx.Client) -> None:
    image = alice.post("/v1/verify", files={"video": b"\x89PNG\r\n\x1a\n" + bytes(600)})
    nothing = alice.post("/v1/verify", files={"movie": MP4})

    assert image.status_code == 415
    assert nothing.status_code == 422
