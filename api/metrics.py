"""What Prometheus reads, on its own port: requests and refusals of this process, queue and webhooks from the store."""

import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.errors import StoreUnavailable
from jobs.logging import logger
from jobs.ports import check_free
from jobs.settings import MetricsSettings
from jobs.store import JobStore

log = logger(__name__)

# Seconds; from a cached read to a long poll.
REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The counters of this process; each app has its own, so that two in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._request_seconds = Histogram(
            "mmgt_request_seconds",
            "Seconds from a request's first byte to its answer's last",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "mmgt_create_refusals", "Creates that made no job, by error code", ("code",), registry=self.registry
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request.

        Args:
            route: the path's template, never the path: ids would make a series each.
        """
        self._request_seconds.labels(method, route, str(status)).observe(seconds)

    def count_refusal(self, code: str) -> None:
        """Count one create that was refused."""
        self._refusals.labels(code).inc()


class StoreCollector(Collector):
    """Asks the store at each scrape, in the scraper's thread; a store that is away tells `mmgt_store_up 0`."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield what the store knows."""
        try:
            families = [*self._jobs(), *self._queues(), *self._webhooks()]
        except StoreUnavailable as error:
            log.warning("metrics_found_no_store", error=str(error))
            families = []
        yield from families
        yield GaugeMetricFamily("mmgt_store_up", "1 when the store answered this scrape", value=float(bool(families)))

    def _jobs(self) -> Iterator[Metric]:
        records = GaugeMetricFamily("mmgt_jobs", "Job records by status", labels=("status",))
        for status, number in self._store.status_counts().items():
            records.add_metric((status,), number)
        yield records

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("mmgt_queue_waiting", "Jobs that wait", labels=("queue_class", "priority"))
        running = GaugeMetricFamily("mmgt_queue_running", "Jobs in progress", labels=("queue_class",))
        workers = GaugeMetricFamily("mmgt_queue_workers", "Live render workers", labels=("queue_class",))
        for name in self._store.queue_classes():
            queue = self._store.queue_state(name)
            waiting.add_metric((name, "interactive"), queue.waiting_interactive)
            waiting.add_metric((name, "batch"), queue.waiting_batch)
            running.add_metric((name,), queue.running)
            workers.add_metric((name,), queue.workers)
        yield from (waiting, running, workers)

    def _webhooks(self) -> Iterator[Metric]:
        due = self._store.deliveries_due()
        yield GaugeMetricFamily("mmgt_webhooks_due", "Webhook deliveries due and not yet sent", value=due)
        tries = CounterMetricFamily("mmgt_webhook_tries", "Webhook tries by outcome", labels=("outcome",))
        for outcome, number in self._store.delivery_outcomes().items():
            tries.add_metric((outcome,), number)
        yield tries


class MetricsServer:
    """The port, served by a thread of prometheus_client."""

    def __init__(self, settings: MetricsSettings, metrics: Metrics, store: JobStore) -> None:
        self._store = store
        self._server: WSGIServer
        self._thread: threading.Thread
        check_free(settings.host, settings.port or 0, "MMGT_METRICS__PORT")
        metrics.registry.register(StoreCollector(store))
        self._server, self._thread = start_http_server(settings.port or 0, settings.host, metrics.registry)
        log.info("metrics_served", host=settings.host, port=self.port)

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self._server.server_port)

    def stop(self) -> None:
        """Stop serving and close the store's connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._store.close()
