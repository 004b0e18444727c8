"""The tasks: what a message to each queue sets going. Each can be delivered twice and killed at any line.

What a task does is imported by whoever first does it: a worker that sends webhooks starts without media libraries.
"""

from importlib import import_module

from jobs.queue import DELIVER_TASK, HOUSEKEEPING_TASK, PREFLIGHT_TASK, RENDER_TASK
from worker.app import app
from worker.workplace import here


@app.task(name=RENDER_TASK)  # type: ignore[untyped-decorator]
def render(queue_class: str) -> None:
    """Render the next waiting job of a class."""
    import_module("worker.render").render_job(here(), queue_class)


@app.task(name=PREFLIGHT_TASK)  # type: ignore[untyped-decorator]
def preflight() -> None:
    """Answer what is asked about stored files."""
    import_module("worker.preflight").answer_questions(here())


@app.task(name=DELIVER_TASK)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Send what is due in the webhook outbox."""
    import_module("worker.webhooks").deliver_due(here())


@app.task(name=HOUSEKEEPING_TASK)  # type: ignore[untyped-decorator]
def housekeeping() -> None:
    """Delete what must go."""
    import_module("worker.housekeeping").keep_house(here())
