"""Laws of `/docs`: it is whole without an internet, under a policy that lets nothing in, and its key field works."""

import re

import httpx
import pytest
from playwright.sync_api import Page

from api.routes.documentation import FILES
from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp
from tests.integration.browser import Witness, chromium, needs_chromium

SHOWN_WITHIN_MS = 60_000


@pytest.fixture
def anybody(served: ServedApp) -> httpx.Client:
    return served.client(None)


def test_all_that_the_page_names_comes_from_this_server(anybody: httpx.Client) -> None:
    page = anybody.get("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"].startswith("text/html")
    assert {f"docs/{name}" for name in FILES} <= set(named)
    assert [anybody.get(f"/{name}").status_code for name in named] == [200] * len(named)


def test_nothing_but_this_server_is_in_the_pages_policy(anybody: httpx.Client) -> None:
    policy = dict(
        directive.split(" ", 1) for directive in anybody.get("/docs").headers["content-security-policy"].split("; ")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert {source for sources in policy.values() for source in sources.split()} <= {
        "'none'",
        "'self'",
        "data:",
        "blob:",
    }


def test_a_file_that_the_page_has_not_is_a_404(anybody: httpx.Client) -> None:
    for name in ("__init__.py", "main.py", "index.html", "..%2fapp.py", "..%2f..%2fpyproject.toml"):
        assert anybody.get(f"/docs/{name}").status_code == 404


@needs_chromium
def test_a_browser_shows_every_route_and_asks_no_other_host(served: ServedApp, anybody: httpx.Client) -> None:
    operations = [
        operation for methods in anybody.get("/openapi.json").json()["paths"].values() for operation in methods.values()
    ]
    with chromium() as browser:
        page = browser.new_page()
        witness = Witness.of(page, served.url)
        page.goto(f"{served.url}/docs")
        page.locator(".opblock").first.wait_for(timeout=SHOWN_WITHIN_MS)
        shown = page.locator(".opblock").count()

    assert shown == len(operations)
    assert (witness.complaints, witness.foreign) == ([], [])


def authorise(page: Page, key: str) -> None:
    page.locator(".authorize").first.click(timeout=SHOWN_WITHIN_MS)
    page.locator(".auth-container input").fill(key)
    page.locator(".auth-container button.authorize").click()
    page.locator(".auth-container button.btn-done").click()


@needs_chromium
def test_two_files_are_all_that_the_form_of_a_create_needs(served: ServedApp, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    with chromium() as browser:
        page = browser.new_page()
        witness = Witness.of(page, served.url)
        page.goto(f"{served.url}/docs")
        authorise(page, KEYS["alice"])
        create = page.locator(".opblock-post", has=page.locator('[data-path="/v1/videos"]'))
        create.locator(".opblock-summary-control").click()
        for place, kind, content in ((0, "image/png", PNG), (1, "audio/wav", WAV)):  # as the schema has them
            file = create.locator("input[type=file]").nth(place)
            file.set_input_files({"name": "file", "mimeType": kind, "buffer": content})
        with page.expect_response("**/v1/videos") as answered:
            create.locator("button.execute").click()
        status, answer = answered.value.status, answered.value.json()

    assert (status, answer.get("status")) == (202, "queued"), answer
    assert (witness.complaints, witness.foreign) == ([], [])


@needs_chromium
def test_a_key_that_is_entered_signs_what_is_tried_out(served: ServedApp, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    with chromium() as browser:
        page = browser.new_page()
        witness = Witness.of(page, served.url)
        page.goto(f"{served.url}/docs")
        authorise(page, KEYS["alice"])
        limits = page.locator(".opblock", has_text="/v1/limits")
        limits.locator(".opblock-summary-control").click()
        with page.expect_response("**/v1/limits") as answered:
            limits.locator("button.execute").click()
        answer = answered.value.json()
        limits.locator(".live-responses-table").wait_for(timeout=SHOWN_WITHIN_MS)

    assert (answer["tenant"], answer["scope"]) == ("alice", "user")
    assert (witness.complaints, witness.foreign) == ([], [])
