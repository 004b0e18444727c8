"""How a run tells where it is, and how it is stopped."""

import pytest

from mmgt_core.errors import Cancelled
from mmgt_core.pipelines.progress import Progress, RunControl, Stage


def test_a_stage_reports_its_beginning_and_each_step() -> None:
    told: list[Progress] = []
    control = RunControl(on_progress=told.append)

    with control.stage(Stage.DECODING, 2) as report:
        report(1)
        report(2)

    assert told == [Progress(Stage.DECODING, step, 2) for step in range(3)]
    assert control.stage_seconds[Stage.DECODING] >= 0


def test_a_cancelled_run_stops_at_the_next_step() -> None:
    answers = iter([False, True])
    control = RunControl(is_cancelled=lambda: next(answers))

    with pytest.raises(Cancelled), control.stage(Stage.POSE_DIFFUSION, 50) as report:
        report(1)
