"""The preflight worker's side, played by a script: real messages from the real broker, an answer that tests choose."""

import json
import threading
from typing import Any

from kombu import Connection
from kombu.exceptions import OperationalError

from jobs.queue import PREFLIGHT_QUEUE, PREFLIGHT_TASK
from jobs.settings import Settings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from jobs.verbs.registry import WorkerRecord

POLL_S = 0.05
ENOUGH = 100
NO_INPUTS = ("request_id", "crop", "framing", "allow_silence", "lips", "unspoken_s", "looks", "captions", "transcript")


class ScriptedPreflight:
    """Serves the preflight queue in a thread until `stop`; `asked` has the arguments of each question."""

    def __init__(
        self, settings: Settings, store: JobStore, storage: ObjectStorage, answer: dict[str, Any] | None
    ) -> None:
        self._store, self._storage, self._answer = store, storage, answer
        self._connection = Connection(settings.store.celery_url)
        self._queue = self._connection.SimpleQueue(PREFLIGHT_QUEUE)
        self._queue.clear()  # questions of other tests
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.asked: list[dict[str, str]] = []
        self.found_inputs: list[bool] = []

    def start(self) -> None:
        """Tell that it lives, and serve."""
        self._store.heartbeat(WorkerRecord("preflight", (PREFLIGHT_QUEUE,), True))
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._is_ending.set()
        self._thread.join(10.0)
        self._queue.close()
        self._connection.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while not self._is_ending.is_set():
            try:
                message = self._queue.get(timeout=POLL_S)
            except (self._queue.Empty, OperationalError):
                continue
            message.ack()
            assert message.headers["task"] == PREFLIGHT_TASK
            asked = self._store.take_question(ENOUGH, POLL_S)
            if asked is None:
                continue
            question = {"request_id": asked.request_id, **asked.about}
            self.found_inputs.append(
                all(self._storage.head(key) is not None for name, key in question.items() if name not in NO_INPUTS)
            )
            self.asked.append(question)
            if self._answer is not None:
                self._store.put_preflight_answer(question["request_id"], json.dumps(self._answer))
