"""A client that reads a preview in a thread while a test makes it grow."""

import threading
from queue import Queue

import httpx

from jobs.job import Job

END_S = 30.0


def path_of(job: Job) -> str:
    """Where a job's preview is."""
    return f"/v1/videos/{job.id}/content?variant=preview"


class Reader:
    """A client that reads a preview in a thread."""

    def __init__(self, client: httpx.Client, job: Job, **headers: str) -> None:
        self.status, self.headers, self.error = 0, httpx.Headers(), ""
        self._pieces: Queue[bytes] = Queue()
        self._seen = b""
        self._request = client.build_request("GET", path_of(job), headers=headers)
        self._client = client
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def has_read(self, content: bytes) -> bool:
        """Wait until so much is there; then it must begin like this."""
        while len(self._seen) < len(content):
            self._seen += self._pieces.get(timeout=END_S)
        return self._seen.startswith(content)

    def end(self) -> bytes:
        """All that came, when the answer has ended, well or not."""
        self._thread.join(END_S)
        assert not self._thread.is_alive()
        while not self._pieces.empty():
            self._seen += self._pieces.get()
        return self._seen

    def _read(self) -> None:
        answer = self._client.send(self._request, stream=True)
        self.status, self.headers = answer.status_code, answer.headers
        try:
            for piece in answer.iter_raw():
                self._pieces.put(piece)
        except httpx.RemoteProtocolError as error:
            self.error = str(error)
        finally:
            answer.close()
