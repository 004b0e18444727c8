"""Laws of the launcher: which GPUs there are, and what a worker's command line names."""

from pathlib import Path

import pytest

from worker.launch import celery_argv, find_gpus


def test_auto_counts_what_the_driver_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()

    assert find_gpus("auto", tmp_path) == ("0", "1")
    assert find_gpus("auto", tmp_path / "absent") == ()


@pytest.mark.parametrize(("visible", "gpus"), [("3,5", ("3", "5")), ("", ()), ("-1", ())])
def test_auto_takes_only_what_is_visible(
    visible: str, gpus: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert find_gpus("auto", tmp_path) == gpus


def test_numbers_are_taken_as_they_are_and_cpu_is_none() -> None:
    assert find_gpus("0, 2") == ("0", "2")
    assert find_gpus("cpu") == ()


def test_a_command_line_contains_its_queues() -> None:
    assert "video.mmgt-512" in celery_argv("render-gpu0", ("video.mmgt-512",))
