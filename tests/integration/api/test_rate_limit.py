"""Laws of rate limits: told on every answer to a create, counted by tenant, and 429 with the time to wait."""

import re
from pathlib import Path

import httpx
import pytest

from jobs.settings import Settings, StoreSettings
from tests.integration.api.creating import create
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import settings_for


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path, rate_limits={"creates": "2/minute", "validations": "1/minute"})


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def test_every_answer_to_a_create_tells_what_is_left(alice: httpx.Client) -> None:
    good, bad, over = create(alice), create(alice, seed="x"), create(alice)

    assert [answer.status_code for answer in (good, bad, over)] == [202, 422, 429]
    for answer, left in ((good, 1), (bad, 0), (over, 0)):
        assert answer.headers["ratelimit-policy"] == '"creates";q=2;w=60'
        told = re.fullmatch(r'"creates";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
        assert told is not None
        assert int(told[1]) == left
        assert 0 <= int(told[2]) <= 61


def test_one_too_many_is_a_429_that_says_when_to_come_again(alice: httpx.Client) -> None:
    answers = [create(alice) for _ in range(3)]

    assert answers[2].json()["error"]["type"] == "rate_limit_error"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 61


def test_a_tenant_is_not_counted_for_another_and_a_window_not_for_another(
    alice: httpx.Client, bob: httpx.Client
) -> None:
    for _ in range(3):
        create(alice)

    assert create(bob).status_code == 202
    assert alice.get("/v1/limits").status_code == 200
