"""The machine's own Chromium for tests of pages, and a record of all that a page did wrong while it was looked at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu"] if os.geteuid() == 0 else ["--disable-gpu"]  # root has no sandbox
needs_chromium = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium on this machine: apt-get install chromium")


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Run Chromium without a window, until the block is left: before, no other may run, nor an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=[*OPTIONS, *options])
        yield browser
        browser.close()


@dataclass
class Witness:
    """What a page asked for and what it complained of.

    Attributes:
        host: of the server that the page comes from.
        complaints: errors and warnings of the console, which names what the policy refused, and uncaught errors.
        foreign: every address on another host that was asked for.
    """

    host: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @staticmethod
    def of(page: Page, url: str) -> "Witness":
        """Watch a page from now on."""
        witness = Witness(urlsplit(url).netloc)
        page.on("console", lambda said: said.type in ("error", "warning") and witness.complaints.append(said.text))
        page.on("pageerror", lambda error: witness.complaints.append(str(error)))
        page.on("request", lambda request: witness._note(request.url))
        return witness

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.foreign.append(url)
