"""Laws of the metrics port: it is its own, and tells requests, refusals, queue and webhooks."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from jobs.settings import Settings, StoreSettings
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.valkey import free_port


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path, metrics={"port": free_port()})


@pytest.fixture
def scraped(served: ServedApp, settings: Settings) -> "Scraper":
    return Scraper(f"http://127.0.0.1:{settings.metrics.port}/metrics")


class Scraper:
    """Reads the port as Prometheus does."""

    def __init__(self, url: str) -> None:
        self._url = url

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample's value; None if there is none with these labels."""
        for family in text_string_to_metric_families(httpx.get(self._url).text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return None


def test_the_queue_is_told_by_state(scraped: Scraper, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    for _ in range(3):
        worker.submit()
    worker.claim()

    assert scraped.value("mmgt_jobs", status="queued") == 2
    assert scraped.value("mmgt_queue_waiting", queue_class=MODEL, priority="interactive") == 2
    assert scraped.value("mmgt_queue_running", queue_class=MODEL) == 1
    assert scraped.value("mmgt_queue_workers", queue_class=MODEL) == 1
    assert scraped.value("mmgt_store_up") == 1


def test_requests_are_timed_by_route_not_by_path(scraped: Scraper, alice: httpx.Client, worker: ScriptedWorker) -> None:
    for _ in range(2):
        alice.get(f"/v1/videos/{worker.submit().id}")

    count = scraped.value("mmgt_request_seconds_count", method="GET", route="/v1/videos/{video_id}", status="200")
    assert count == 2


def test_refused_creates_are_counted_by_code(scraped: Scraper, alice: httpx.Client) -> None:
    answer = alice.post("/v1/videos", files={"image": b"not an image" * 100})

    code = answer.json()["error"]["code"]
    assert answer.status_code == 415
    assert scraped.value("mmgt_create_refusals_total", code=code) == 1


def test_webhook_tries_are_told_by_outcome(scraped: Scraper, worker: ScriptedWorker) -> None:
    for is_delivered in (True, False):
        worker.complete_one(webhook_url="https://example.com/hook")
        taken = worker.store.take_due_deliveries(1)[0].delivery
        worker.store.record_try(
            taken.id, taken.tries, is_delivered=is_delivered, status_code=200 if is_delivered else 500, error=None,
            duration_ms=5, retry_in_s=None if is_delivered else 60.0,
        )  # fmt: skip
    worker.complete_one(webhook_url="https://example.com/hook")

    assert scraped.value("mmgt_webhook_tries_total", outcome="delivered") == 1
    assert scraped.value("mmgt_webhook_tries_total", outcome="to_retry") == 1
    assert scraped.value("mmgt_webhooks_due") == 1


def test_the_api_port_has_no_metrics(alice: httpx.Client) -> None:
    assert alice.get("/metrics").status_code == 404
