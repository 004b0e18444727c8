"""The tasks: what a message to each queue sets going. Each can be delivered twice and killed at any line."""

from jobs.queue import DELIVER_TASK, HOUSEKEEPING_TASK, PREFLIGHT_TASK, RENDER_TASK
from worker.app import app
from worker.housekeeping import keep_house
from worker.preflight import answer_questions
from worker.render import render_job
from worker.webhooks import deliver_due
from worker.workplace import here


@app.task(name=RENDER_TASK)  # type: ignore[untyped-decorator]
def render(queue_class: str) -> None:
    """Render the next waiting job of a class."""
    render_job(here(), queue_class)


@app.task(name=PREFLIGHT_TASK)  # type: ignore[untyped-decorator]
def preflight() -> None:
    """Answer what is asked about stored files."""
    answer_questions(here())


@app.task(name=DELIVER_TASK)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Send what is due in the webhook outbox."""
    deliver_due(here())


@app.task(name=HOUSEKEEPING_TASK)  # type: ignore[untyped-decorator]
def housekeeping() -> None:
    """Delete what must go."""
    keep_house(here())
