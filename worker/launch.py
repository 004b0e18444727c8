"""`python -m worker.launch`: one render worker pinned to each GPU; `python -m worker.launch QUEUE`: one other worker.

The launcher finds the GPUs without touching them, restarts a worker that is lost, and stops all softly. It ends by
itself when another preset is to be served (published weights have come), so that whoever keeps it starts it anew.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from jobs.errors import StoreUnavailable
from jobs.logging import configure_logging, form_of, logger
from jobs.ports import PortUnusable, check_free
from jobs.processes import Child, Supervisor, Times
from jobs.queue import DELIVERY_QUEUE, HOUSEKEEPING_QUEUE, PREFLIGHT_QUEUE, video_queue
from jobs.settings import MetricsSettings, Settings
from jobs.store import JobStore
from worker.gpus import CPU, find_gpus

log = logger(__name__)

PUBLISHED_PRESET, DEMO_PRESET = "mmgt-512", "mmgt-demo"
WEIGHTS_INDEX = "weights.json"  # written last by the conversion
SUPPORT_PROCESSES = {PREFLIGHT_QUEUE: 2, DELIVERY_QUEUE: 1, HOUSEKEEPING_QUEUE: 1}
"""Each queue has a worker of its own, so that none waits for another; two looks at inputs go on at a time."""
STOP_S = 50.0  # a denoising step and the release; under compose's grace of 60 s
USAGE_ERROR = 2
GIVES_UP = frozenset({1, USAGE_ERROR})
"""The launcher's exit statuses after its own tries: a worker was never ready, a port is taken."""


def launcher_argv() -> tuple[str, ...]:
    """Return the command line that serves every GPU of this machine."""
    return (sys.executable, "-m", "worker.launch")


def support_argv(queue: str) -> tuple[str, ...]:
    """Return the command line of the worker for preflight, delivery or housekeeping."""
    return celery_argv(queue, (queue,), SUPPORT_PROCESSES[queue])


def celery_argv(name: str, queues: tuple[str, ...], num_processes: int = 1) -> tuple[str, ...]:
    """Return a worker's command line; it contains the names of its queues."""
    return (
        sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", "worker", "-Q", ",".join(queues),
        "-c", str(num_processes), "-n", f"{name}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat",
    )  # fmt: skip


def preset_to_serve(settings: Settings) -> str:
    """Return the preset that the settings name, else the published one where its weights are, else the small one."""
    if settings.worker.preset:
        return settings.worker.preset
    return PUBLISHED_PRESET if (settings.weights_folder / PUBLISHED_PRESET / WEIGHTS_INDEX).is_file() else DEMO_PRESET


def render_children(settings: Settings, env: Mapping[str, str], is_ready: Callable[[str], bool]) -> list[Child]:
    """Return one render worker for each GPU, or one for the CPU.

    Args:
        env: what they inherit; each is shown its own GPU only.
        is_ready: says of a worker's name whether its canary passed.
    """
    queue = video_queue(preset_to_serve(settings))
    gpus = find_gpus(settings.gpus)
    children = []
    for gpu in gpus or ("",):
        name = f"render-gpu{gpu}" if gpu else "render-cpu"
        own = {**env, "CUDA_VISIBLE_DEVICES": gpu, "MMGT_GPUS": gpu or CPU} | _thread_limit(gpu)
        if "NUMBA_CACHE_DIR" in env:  # two processes that compile into one folder spoil it for good
            own["NUMBA_CACHE_DIR"] = str(Path(env["NUMBA_CACHE_DIR"], name))
        ready = partial(is_ready, name)
        children.append(Child(name, celery_argv(name, (queue,)), own, ready, stop_s=STOP_S))
    return children


def with_metrics_ports(children: Sequence[Child], metrics: MetricsSettings) -> list[Child]:
    """Give each child a metrics port of its own: the setting's, and those after it in the children's order.

    Raises:
        PortUnusable: one of them is taken.
    """
    if metrics.port is None:
        return list(children)
    ports = {child.name: metrics.port + index for index, child in enumerate(children)}
    for name, port in ports.items():
        check_free(metrics.host, port, f"it would be for {name}'s metrics; MMGT_METRICS__PORT={metrics.port}")
    log.info("metrics_ports_given", **ports)
    return [replace(child, env={**child.env, "MMGT_METRICS__PORT": str(ports[child.name])}) for child in children]


def main(queue: str | None) -> int:
    """Serve the GPUs until a signal; or become the worker for the queue that is named."""
    if queue is not None and queue not in SUPPORT_PROCESSES:
        sys.exit(f"{queue!r} is no queue; it is one of {', '.join(SUPPORT_PROCESSES)}")
    if queue is not None:
        os.execv(sys.executable, support_argv(queue))
    settings = Settings()
    configure_logging(settings.log)
    store = JobStore(settings.store)
    children = render_children(settings, {**os.environ, **form_of(settings.log)}, partial(_is_ready, store))
    try:
        children = with_metrics_ports(children, settings.metrics)
    except PortUnusable as error:
        log.error("port_unusable", problem=str(error))
        return USAGE_ERROR
    preset = preset_to_serve(settings)
    log.info("workers_launched", workers=[child.name for child in children], preset=preset)
    supervisor = Supervisor([children], Times(ready_s=settings.worker.start_timeout_s))
    return supervisor.run(is_over=lambda: preset_to_serve(settings) != preset)


def _thread_limit(gpu: str) -> dict[str, str]:
    """A CPU worker leaves one core to the rest of the service."""
    return {} if gpu else {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) - 1))}


def _is_ready(store: JobStore, name: str) -> bool:
    try:
        return any(worker.is_ready and worker.name.startswith(f"{name}@") for worker in store.workers())
    except StoreUnavailable:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
