"""Prometheus metrics of one worker, on a port of its own; the pool child tells its numbers over the notice board."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from jobs.logging import logger
from jobs.ports import check_free
from jobs.settings import MetricsSettings

log = logger(__name__)

_STAGE_BUCKETS_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class WorkerMetrics:
    """What is measured; `take` reads it out of the children's notices."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stages = Histogram(
            "mmgt_stage_seconds", "Seconds that a stage of one job took.", ["stage"],
            buckets=_STAGE_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._memory = Gauge("mmgt_gpu_memory_bytes", "Most device memory used at once.", registry=self.registry)
        self._ready = Gauge("mmgt_worker_ready", "1 when the canary has passed.", registry=self.registry)
        self._busy = Gauge("mmgt_worker_busy", "1 while a job is rendered.", registry=self.registry)
        self._attempts = Counter(
            "mmgt_job_attempts", "Attempts by how they ended.", ["outcome"], registry=self.registry
        )
        self._tries = Counter("mmgt_webhook_tries", "Webhook tries by outcome.", ["outcome"], registry=self.registry)

    def serve(self, settings: MetricsSettings) -> None:
        """Serve them, if a port is set.

        Raises:
            PortUnusable
        """
        if settings.port is not None:
            check_free(settings.host, settings.port, "MMGT_METRICS__PORT")
            start_http_server(settings.port, settings.host, self.registry)
            log.info("metrics_served", host=settings.host, port=settings.port)

    def take(self, notice: dict[str, Any]) -> None:
        """Count what a child tells."""
        for stage, seconds in notice.get("stage_seconds", {}).items():
            self._stages.labels(stage).observe(seconds)
        if "memory_bytes" in notice:
            self._memory.set(notice["memory_bytes"])
        if "is_ready" in notice:
            self._ready.set(notice["is_ready"])
        if "job_id" in notice:
            self._busy.set(notice["job_id"] is not None)
        if "outcome" in notice:
            self._attempts.labels(notice["outcome"]).inc()
        if "webhook_outcome" in notice:
            self._tries.labels(notice["webhook_outcome"]).inc()
