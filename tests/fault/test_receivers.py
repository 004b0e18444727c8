"""Laws of receivers that fail in every way: the job is untouched, and after recovery they are told, by the same id."""

import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs.job import JobStatus
from tests.fault.conftest import Make
from tests.fault.fault_service import END_S, busy
from tests.fault.figures import Figures
from tests.integration.valkey import free_port

FAULTS = {"500": 500, "302": 302, "410": 410}
FAILING_TRIES = 2


class Receiver(ThreadingHTTPServer):
    """Fails each path's first tries in the manner that the path names; keeps the ids that it was told."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        self.told: defaultdict[str, list[str]] = defaultdict(list)
        self.is_ending = threading.Event()
        super().__init__(("127.0.0.1", port), Answering)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.is_ending.set()
        self.shutdown()
        self.server_close()


class Answering(BaseHTTPRequestHandler):
    """One request."""

    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        told = self.server.told[self.path]
        told.append(self.headers["webhook-id"])
        fault = self.path.split("/")[1]
        is_failing = len(told) <= (1 if fault == "410" else FAILING_TRIES)
        if is_failing and fault == "hangs":
            self.server.is_ending.wait(30)
        elif is_failing and fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.send_response(FAULTS.get(fault, 200) if is_failing else 200)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Tests read no log of it."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


def test_a_receiver_that_fails_is_told_after_it_recovers_with_the_same_id(
    make_service: Make, receiver: Receiver, fault_count: int, figures: Figures
) -> None:
    service = make_service(
        MMGT_WEBHOOKS__ALLOW_LOOPBACK="true", MMGT_WEBHOOKS__TIMEOUT_S="0.5",
        MMGT_WEBHOOKS__SCHEDULE_S="[0,0.3,0.3,0.5,1,2,4,8,8,8]",
    )  # fmt: skip
    service.keep_crew(1)
    service.start_worker("delivery", wait=False, queue="delivery")
    down_port = free_port()
    ports = {**dict.fromkeys(("500", "hangs", "302", "410", "reset"), receiver.server_port), "down": down_port}
    paths = {}
    for fault, port in ports.items():
        for index in range(fault_count):
            path = f"/{fault}/{index}"
            paths[service.create(busy(1), webhook_url=f"http://127.0.0.1:{port}{path}").id] = path

    versions = {job_id: service.until_ended(job_id, 2 * END_S).version for job_id in paths}
    down = [job_id for job_id, path in paths.items() if path.startswith("/down")]
    service.until(lambda: all(service.store.list_deliveries(job_id)[0].log for job_id in down), END_S)
    recovered = Receiver(down_port)
    gone = [job_id for job_id, path in paths.items() if path.startswith("/410")]
    service.until(lambda: all(service.store.list_deliveries(job_id)[0].state == "dropped" for job_id in gone), END_S)
    for job_id in gone:  # it asked for no more; only its owner can want it again
        service.store.redeliver(job_id, service.store.list_deliveries(job_id)[0].id)
    service.until(
        lambda: all(service.store.list_deliveries(job_id)[0].state == "delivered" for job_id in paths), 2 * END_S
    )

    for job_id, path in paths.items():
        told = (recovered if path.startswith("/down") else receiver).told[path]
        assert set(told) == {service.store.list_deliveries(job_id)[0].id}
        assert service.assert_legal(job_id).status is JobStatus.COMPLETED
        assert service.job(job_id).version == versions[job_id]
    assert "/elsewhere" not in receiver.told
    recovered.close()
    figures.record("receiver down, 500, hangs, 302, 410, reset", len(paths), delivered=len(paths), jobs_touched=0)
