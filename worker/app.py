"""Celery's edge: `python -m celery -A worker.app worker -Q QUEUES -c 1`; what a process is depends on its queues.

The parent consumes messages and beats the pulse; its pool children do the work. Settings are read here, once.
"""

import ctypes
import os
import signal
import sys
import threading
import time
import warnings
from importlib import import_module
from typing import Any

from celery import Celery, bootsteps, signals  # type: ignore[import-untyped]
from celery.platforms import SecurityWarning  # type: ignore[import-untyped]
from celery.worker import state  # type: ignore[import-untyped]
from kombu.exceptions import OperationalError

from jobs.errors import JobsError
from jobs.logging import configure_logging, logger
from jobs.queue import DELIVERY_QUEUE, HOUSEKEEPING_QUEUE, PREFLIGHT_QUEUE, RETRY_POLICY, video_queue
from jobs.settings import Settings
from mmgt_core.errors import MMGTError
from worker.errors import GpuNotOpened
from worker.health import EXIT_DEAF, Ears, Pulse
from worker.metrics import WorkerMetrics
from worker.noticeboard import NoticeBoard
from worker.sandbox import Bounds, Sandbox, most_packed_bytes
from worker.workplace import Workplace, here, move_in

log = logger(__name__)

SUPPORT_QUEUES = (PREFLIGHT_QUEUE, DELIVERY_QUEUE, HOUSEKEEPING_QUEUE)
RENDER_MODULE = "worker.render"
_PR_SET_PDEATHSIG = 1
_DRAIN_POLL_S = 0.2

warnings.filterwarnings("ignore", category=SecurityWarning)  # of root and pickled messages, which we do not accept

settings = Settings()
board = NoticeBoard()
app = Celery("mmgt", broker=settings.store.celery_url, include=["worker.tasks"])
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=1,
    worker_proc_alive_timeout=max(300, settings.worker.start_timeout_s),
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": settings.store.broker_visibility_timeout_s,
        "socket_connect_timeout": settings.store.timeout_s,
        "socket_timeout": settings.store.timeout_s,
        "socket_keepalive": True,
    },
)


def send(task: str, queue: str, arguments: dict[str, str], expires_s: float | None) -> None:
    """Send a message; one that is lost is made again by the sweeper."""
    try:
        app.send_task(
            task, kwargs=arguments, queue=queue, expires=expires_s, ignore_result=True, retry_policy=RETRY_POLICY
        )
    except OperationalError as error:
        log.warning("doorbell_failed", queue=queue, error=str(error))


class PulseStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Beats the pulse in the consumer's event loop."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    pulse: Pulse

    def __init__(self, consumer: Any, **options: Any) -> None:  # noqa: ANN401
        self._beats: Any = None

    def start(self, consumer: Any) -> None:  # noqa: ANN401
        """Called at every connection to the broker."""
        self._beat(consumer)
        self._beats = consumer.timer.call_repeatedly(settings.worker.heartbeat_s, self._beat, (consumer,))
        consumer.hub.add_reader(board.descriptor, self._hear, consumer)

    def stop(self, consumer: Any) -> None:  # noqa: ANN401
        """Called when the connection is lost or the worker stops."""
        if self._beats is not None:
            self._beats.cancel()
            consumer.hub.remove_reader(board.descriptor)

    def _hear(self, consumer: Any) -> None:  # noqa: ANN401
        """A worker that became ready, or cannot, is told at once."""
        if self.pulse.hear():
            self._beat(consumer)

    def _beat(self, consumer: Any) -> None:  # noqa: ANN401
        ears = Ears(
            is_idle=lambda: not state.reserved_requests and not state.active_requests,
            num_waiting=lambda: _num_waiting(consumer),
        )
        self.pulse.beat(ears)
        if self.pulse.failure is not None:
            log.error("worker_ended", reason=self.pulse.failure)
            state.should_terminate = EXIT_DEAF


app.steps["consumer"].add(PulseStep)


def _set_up_logging(**_: Any) -> None:  # noqa: ANN401
    configure_logging(settings.log)


def _begin_parent(sender: str, instance: Any, **_: Any) -> None:  # noqa: ANN401
    """Celery logs what is raised here and goes on, with a worker that lacks half its parts; so this ends it."""
    try:
        _set_up_parent(sender, instance)
    except JobsError as error:
        sys.exit(f"{sender}: {error}")
    except Exception:
        log.exception("worker_not_started", worker=sender)
        sys.exit(1)


def _set_up_parent(sender: str, instance: Any) -> None:  # noqa: ANN401
    queues = set(instance.app.amqp.queues.consume_from)
    if not queues or not all(queue in SUPPORT_QUEUES or queue.startswith(video_queue("")) for queue in queues):
        sys.exit(f"-Q names {sorted(queues)}; it takes video.PRESET, or any of {', '.join(SUPPORT_QUEUES)}")
    preset = next((queue.removeprefix(video_queue("")) for queue in queues if queue not in SUPPORT_QUEUES), "")
    move_in(Workplace(settings, sender, preset, send, board, _sandbox_of(queues, preset)))
    metrics = WorkerMetrics()
    metrics.serve(settings.metrics)
    PulseStep.pulse = Pulse(here(), queues, metrics)
    PulseStep.pulse.watch()


def _sandbox_of(queues: set[str], preset: str) -> Sandbox | None:
    """Whoever decodes strangers' files does it in one: a first look is short, a render's goes on with its film."""
    worker = settings.worker
    if PREFLIGHT_QUEUE in queues:
        return Sandbox(Bounds(worker.preflight_timeout_s, worker.preflight_timeout_s, worker.preflight_memory_bytes))
    if preset and not worker.scripted_pipeline:
        whole_s, file_bytes = settings.leases.min_hard_limit_s, most_packed_bytes(settings.limits.max_seconds)
        return Sandbox(Bounds(whole_s, worker.decode_silence_s, worker.preflight_memory_bytes, file_bytes))
    return None


def _drain(**_: Any) -> None:  # noqa: ANN401
    board.ask_to_drain()


def _end_parent(**_: Any) -> None:  # noqa: ANN401
    if hasattr(PulseStep, "pulse"):  # not of a worker that was never set up
        PulseStep.pulse.stop()


def _end_child(**_: Any) -> None:  # noqa: ANN401
    place = here()
    if place.preset:
        place.ahead.end()
        place.behind.wait()


def _begin_child(**_: Any) -> None:  # noqa: ANN401
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    place = here()
    if not place.preset:
        return
    board.post(is_ready=False, job_id=None)
    is_loaded = threading.Event()
    threading.Thread(target=_end_if_drained, args=(is_loaded,), daemon=True).start()
    try:
        log.info("identity_tried", signer=place.identity.signer)  # before the first render, not after it
        pipeline = place.host.pipeline
        import_module(RENDER_MODULE)  # before the first job, not with it
    except Exception as error:
        is_expected = isinstance(error, GpuNotOpened | MMGTError)
        log.error("pipeline_not_loaded", preset=place.preset, problem=str(error), exc_info=not is_expected)
        board.post(failure=f"{place.preset} could not be loaded: {error}"[:1000])
        time.sleep(settings.worker.deaf_after_s)  # the parent ends this process; else the pool would try again at once
        os._exit(1)
    is_loaded.set()
    board.post(is_ready=True, models=[dict(pipeline.model)], device=pipeline.device)


def _end_if_drained(is_loaded: threading.Event) -> None:
    """Loading may take minutes; a worker that is asked to stop meanwhile does so at once."""
    while not is_loaded.wait(_DRAIN_POLL_S):
        if board.is_draining:
            os._exit(0)


def _num_waiting(consumer: Any) -> int:  # noqa: ANN401
    channel = consumer.connection.default_channel
    return sum(channel._size(queue) for queue in consumer.app.amqp.queues.consume_from)


signals.setup_logging.connect(_set_up_logging)
signals.celeryd_after_setup.connect(_begin_parent)
signals.worker_shutting_down.connect(_drain)
signals.worker_shutdown.connect(_end_parent)
signals.worker_process_init.connect(_begin_child)
signals.worker_process_shutdown.connect(_end_child)
