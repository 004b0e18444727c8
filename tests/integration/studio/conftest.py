"""The studio in a real browser, before a real service: one for all tests here, with the scripted pipeline and two keys.

Chromium is the system's own: no package registry has one, and installing it needs root. Where it is missing, or the
studio was not built, these tests say so and are skipped.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from api.studio.files import BUILT
from jobs.queue import PREFLIGHT_QUEUE
from tests.integration.browser import EXECUTABLE, chromium
from tests.waiting import comes_true

ROOT = Path(__file__).parents[3]
MMGT = (sys.executable, "-m", "deploy")
PRESENTERS = ROOT / "samples" / "presenters"
SCRIPTED = {"MMGT_WORKER__SCRIPTED_PIPELINE": "tests.integration.scripted_pipeline"}
MADE_WITHIN_MS = 60_000


@pytest.fixture(scope="session", autouse=True)
def _possible() -> None:
    expect.set_options(timeout=MADE_WITHIN_MS)
    if EXECUTABLE is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    if not (BUILT / "index.html").is_file():
        pytest.skip("the studio is not built: `make studio` needs Node 20")


@pytest.fixture(scope="package")
def browser(_possible: None) -> Iterator[Browser]:
    """The machine's Chromium with a camera and a microphone; gone after these tests, for others have their own."""
    with chromium("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as browser:
        yield browser


@contextmanager
def serving(data: Path, **environment: str) -> Iterator[str]:
    """A service of its own, and its address."""
    command = [*MMGT, "serve", "--port", "0", "--data", str(data)]
    with (data.parent / "serve.log").open("ab") as log:
        server = psutil.Popen(
            command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env={**os.environ, **environment}, text=True
        )
    try:
        word, _, url = server.stdout.readline().partition(" ")
        assert word == "ready", (data.parent / "serve.log").read_text()[-3000:]
        yield url.strip()
    finally:
        server.terminate()
        server.wait(60)


@dataclass(frozen=True)
class Studio:
    """A service under test. keys: by tenant."""

    url: str
    keys: dict[str, str]

    def client(self, tenant: str) -> httpx.Client:
        """A caller beside the browser."""
        headers = {"Authorization": f"Bearer {self.keys[tenant]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30.0)

    def start_video(self, tenant: str, **fields: str) -> str:
        """Make a video beside the browser; the scripted pipeline takes a tenth of a second for each step."""
        with self.client(tenant) as client:
            answer = client.post("/v1/videos", files=files_of_a_sample(), data=fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def is_looked_at(self) -> bool:
        """Whether somebody looks at inputs already: the preflight worker may be the last to start."""
        with self.client("operator") as client:
            workers = client.get("/v1/queue").json()["workers"]
        return any(PREFLIGHT_QUEUE in worker["queues"] for worker in workers)

    def make_video(self, tenant: str, **fields: str) -> str:
        """Make a video, and wait until it is there."""
        video_id = self.start_video(tenant, **fields)
        with self.client(tenant) as client:
            for _ in range(10):
                video = client.get(f"/v1/videos/{video_id}", headers={"Prefer": "wait=20"}).json()
                if video["status"] not in ("queued", "in_progress"):
                    break
        assert video["status"] == "completed", video
        return video_id


def files_of_a_sample() -> dict[str, bytes]:
    return {"image": (PRESENTERS / "man.png").read_bytes(), "audio": (PRESENTERS / "man.wav").read_bytes()}


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    data = tmp_path_factory.mktemp("studio") / "data"
    with serving(data, **SCRIPTED) as url:
        scopes = {"alice": "user", "bob": "user", "operator": "operator"}
        studio = Studio(url, {tenant: make_key(data, tenant, scope) for tenant, scope in scopes.items()})
        assert comes_true(studio.is_looked_at, within_s=60.0)
        yield studio


def make_key(data: Path, tenant: str, scope: str) -> str:
    command = [*MMGT, "keys", "create", "--tenant", tenant, "--scope", scope, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


@dataclass
class Visit:
    """A person's browser, and what went wrong in it. refusals: statuses of answers that the test provokes."""

    page: Page
    home: str
    refusals: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    has_been_offline: bool = False

    def open(self, path: str = "/") -> Page:
        """Go there."""
        self.page.goto(self.home + path)
        return self.page

    def hear(self, message: ConsoleMessage) -> None:
        """Note an error; a refusal by the policy is one too."""
        provoked = [f"status of {status}" for status in self.refusals]
        provoked += ["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK"] * self.has_been_offline
        if message.type == "error" and not any(words in message.text for words in provoked):
            self.errors.append(message.text)

    def note(self, request: Request) -> None:
        """Note a request to another host."""
        if not request.url.startswith((self.home, "blob:", "data:")):
            self.foreign.append(request.url)

    def cut_off(self, is_offline: bool) -> None:
        """Take the network away, or give it back."""
        self.has_been_offline |= is_offline
        self.page.context.set_offline(is_offline)


Visitor = Callable[..., Visit]


@pytest.fixture
def visitor(browser: Browser, studio: Studio) -> Iterator[Visitor]:
    """Opens browsers, with a tenant's key or without; at the end nothing may have gone wrong in any of them."""
    visits: list[Visit] = []

    def come(tenant: str | None = "alice", url: str = studio.url, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        if tenant is not None:
            context.add_init_script(f"sessionStorage.setItem('mmgt-key', '{studio.keys[tenant]}')")
        visit = Visit(context.new_page(), url)
        visit.page.set_default_timeout(MADE_WITHIN_MS)
        visit.page.on("console", visit.hear)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", visit.note)
        visits.append(visit)
        return visit

    yield come
    for visit in visits:
        visit.page.context.close()
    assert [visit.errors for visit in visits] == [[]] * len(visits)
    assert [visit.foreign for visit in visits] == [[]] * len(visits)
