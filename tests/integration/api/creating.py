"""What tests of the create road send, and where they look for what it must not leave behind."""

from pathlib import Path

import httpx

from jobs.job import Job
from jobs.settings import Settings
from jobs.store import JobStore

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20  # the API never decodes it
WAV = b"RIFF\0\0\0\0WAVEfmt " + bytes(range(256)) * 40
MP4 = b"\0\0\0\x20ftypisom" + bytes(2000)
FILES = {"image": ("portrait.png", PNG, "image/png"), "audio": ("speech.wav", WAV, "audio/wav")}


def create(client: httpx.Client, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    """Post a create with both files."""
    return client.post("/v1/videos", files=FILES, data=fields, headers=headers)


def stored(store: JobStore, answer: httpx.Response) -> Job:
    """Return the job that a create or a remix made."""
    assert answer.status_code == 202, answer.text
    job = store.get(answer.json()["id"])
    assert job is not None
    return job


def files_under(folder: Path) -> list[str]:
    """Return every file under a folder, relative."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def num_jobs(store: JobStore) -> int:
    """Return how many records the store has."""
    return sum(store.status_counts().values())


def nothing_is_left(settings: Settings, store: JobStore) -> bool:
    """True when there is neither a spooled file, nor an object, nor a job."""
    folders = (settings.objects_folder, settings.scratch_folder)
    return not any(files_under(folder) for folder in folders) and num_jobs(store) == 0
