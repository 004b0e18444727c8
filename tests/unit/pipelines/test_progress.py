"""How a run tells where it is, and how it is stopped."""

import pytest

from mmgt_core.errors import Cancelled, InputWarning
from mmgt_core.pipelines.progress import Progress, RunControl, Stage


def test_a_stage_reports_its_beginning_and_each_step() -> None:
    told: list[Progress] = []
    control = RunControl(on_progress=told.append)

    with control.stage(Stage.DECODING, 2) as report:
        report(1)
        report(2)

    assert told == [Progress(Stage.DECODING, step, 2) for step in range(3)]
    assert control.stage_seconds[Stage.DECODING] >= 0


def test_of_what_a_run_finds_the_last_word_counts_for_each_code() -> None:
    control = RunControl()

    control.warn("lost", "1 frame")
    control.warn("other", "something else")
    control.warn("lost", "2 frames")

    assert list(control.warnings.values()) == [
        InputWarning("lost", "2 frames"),
        InputWarning("other", "something else"),
    ]
    assert not RunControl().warnings


def test_a_cancelled_run_stops_at_the_next_step() -> None:
    answers = iter([False, True])
    control = RunControl(is_cancelled=lambda: next(answers))

    with pytest.raises(Cancelled), control.stage(Stage.POSE_DIFFUSION, 50) as report:
        report(1)
