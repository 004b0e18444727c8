"""Laws of a worker's metrics: what a child posts on the board can be read in the metrics' text."""

from prometheus_client import generate_latest

from worker.metrics import WorkerMetrics
from worker.noticeboard import NoticeBoard


def test_what_a_child_posts_is_in_the_text() -> None:
    board, metrics = NoticeBoard(), WorkerMetrics()
    board.post(memory_bytes=5_000)
    board.post(outcome="completed")
    board.post(outcome="retry")
    board.post(outcome="completed")

    for notice in board.read():
        metrics.take(notice)

    lines = generate_latest(metrics.registry).decode().splitlines()
    assert "mmgt_gpu_memory_bytes 5000.0" in lines
    assert 'mmgt_job_attempts_total{outcome="completed"} 2.0' in lines
    assert 'mmgt_job_attempts_total{outcome="retry"} 1.0' in lines
