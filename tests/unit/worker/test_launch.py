"""Laws of the launcher: which GPUs there are, who is pinned to each, and what a worker's command line names."""

import os
import subprocess
import sys

import pytest

from jobs.processes import Child
from jobs.settings import MetricsSettings, Settings
from worker.launch import celery_argv, render_children, with_metrics_ports


def test_a_command_line_contains_its_queues() -> None:
    assert "video.mmgt-512" in celery_argv("render-gpu0", ("video.mmgt-512",))


def children(**settings: object) -> list[Child]:
    whole = Settings.model_validate({"worker": {"preset": "mmgt-512"}, **settings})
    return render_children(whole, {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0,1,2,3"}, lambda name: False)


def test_each_gpu_has_one_worker_that_sees_no_other() -> None:
    workers = children(gpus="0,3")

    assert [worker.name for worker in workers] == ["render-gpu0", "render-gpu3"]
    assert [worker.env["CUDA_VISIBLE_DEVICES"] for worker in workers] == ["0", "3"]
    assert all(worker.env["PATH"] == "/bin" for worker in workers)
    assert all("video.mmgt-512" in worker.argv for worker in workers)


def test_a_cpu_worker_sees_no_gpu_and_leaves_a_core_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)

    (worker,) = children(gpus="cpu")

    assert (worker.name, worker.env["CUDA_VISIBLE_DEVICES"], worker.env["OMP_NUM_THREADS"]) == ("render-cpu", "", "7")
    assert worker.env["MMGT_GPUS"] == "cpu"


def test_a_worker_that_is_given_a_gpu_is_told_so_and_must_open_it() -> None:
    assert [worker.env["MMGT_GPUS"] for worker in children(gpus="0,3")] == ["0", "3"]


def test_each_worker_has_a_metrics_port_of_its_own() -> None:
    workers = with_metrics_ports(children(gpus="0,1"), MetricsSettings(port=9400))

    assert [worker.env["MMGT_METRICS__PORT"] for worker in workers] == ["9400", "9401"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("auto", ["render-gpu5", "render-gpu6"]),
        ("0,1", ["render-gpu0", "render-gpu1"]),
        ("cpu", ["render-cpu"]),
        (None, ["render-gpu5", "render-gpu6"]),
    ],
)
def test_the_environment_says_which_gpus(wanted: str | None, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMGT_GPUS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6")
    if wanted is not None:
        monkeypatch.setenv("MMGT_GPUS", wanted)

    assert [child.name for child in render_children(Settings(), {}, lambda name: False)] == names


def test_workers_beside_each_other_compile_into_folders_of_their_own() -> None:
    settings = Settings.model_validate({"worker": {"preset": "mmgt-512"}, "gpus": "0,1"})

    workers = render_children(settings, {"NUMBA_CACHE_DIR": "/tmp/numba"}, lambda name: False)

    assert [worker.env["NUMBA_CACHE_DIR"] for worker in workers] == ["/tmp/numba/render-gpu0", "/tmp/numba/render-gpu1"]


def test_a_worker_s_parent_starts_without_torch() -> None:
    code = "import sys; import worker.app, worker.tasks; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
