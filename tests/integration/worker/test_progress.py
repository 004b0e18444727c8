"""Laws of progress: it never falls, is not told more often than is useful, and is complete only with the job."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import pytest

from jobs.job import Job, JobOptions
from jobs.settings import LeaseSettings, StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from mmgt_core.pipelines.progress import Progress, Stage
from tests.integration.worker.alone import CLASS, create_job, settings_alone
from worker.errors import CancelRequested
from worker.lease import Lease
from worker.noticeboard import NoticeBoard
from worker.progress import ProgressReporter, share_done

PERIOD_S, STEP_S, STEPS = 0.5, 0.125, 10
AUDIO_DRIVEN = (Stage.POSE_DIFFUSION, Stage.CONDITIONS, Stage.VIDEO_DIFFUSION, Stage.DECODING)
POSE_DRIVEN = (Stage.DRIVING_POSES, *AUDIO_DRIVEN[1:])
GIVEN_POSES = AUDIO_DRIVEN[1:]


@dataclass
class Render:
    """A job in progress and the reporter that its pipeline calls; each step takes as long as it is told."""

    store: JobStore
    job: Job
    lease: Lease
    now_s: float = 1000.0

    def __post_init__(self) -> None:
        self.report = ProgressReporter(self.store, self.job, self.lease, PERIOD_S, lambda: self.now_s)

    def run(self, stages: tuple[Stage, ...], step_s: float) -> None:
        for progress in every_step(stages):
            self.report(progress)
            self.now_s += step_s

    def told(self) -> list[Job]:
        events = self.store.events_after(self.job.id, limit=1000)
        return [event.job for event in events if event.type == "video.progress"]


def every_step(stages: tuple[Stage, ...], num_turns: int = 1) -> Iterator[Progress]:
    """As a video of so many stretches tells its stages, which take turns; conditions come once."""
    for turn in range(num_turns):
        begin, end = STEPS * turn // num_turns, STEPS * (turn + 1) // num_turns
        for stage in stages:
            if stage not in (Stage.CONDITIONS, Stage.DRIVING_POSES):
                yield from (Progress(stage, step, STEPS) for step in range(begin + bool(turn), end + 1))
            elif not turn:
                yield from (Progress(stage, step, STEPS) for step in range(STEPS + 1))


@pytest.fixture
def render(store: JobStore, store_settings: StoreSettings, tmp_path: Path) -> Render:
    create_job(store, open_storage(settings_alone(store_settings, tmp_path)))
    job = store.claim_next(CLASS, "alone")
    assert job is not None
    return Render(store, job, Lease(store, job, LeaseSettings(), NoticeBoard()))


@pytest.mark.parametrize("stages", [AUDIO_DRIVEN, POSE_DRIVEN, GIVEN_POSES], ids=["audio", "pose", "given"])
@pytest.mark.parametrize("num_turns", [1, 2, 5])
def test_the_share_that_is_done_never_falls_and_leaves_room_for_storing(
    stages: tuple[Stage, ...], num_turns: int
) -> None:
    done: dict[Stage, float] = {}
    shares = []

    for progress in every_step(stages, num_turns):
        done[progress.stage] = progress.step / progress.steps
        shares.append(share_done(done))

    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.15
    assert 0.95 < shares[-1] < 1


@pytest.mark.parametrize(
    "stages", [(Stage.POSE_DIFFUSION,), (Stage.DRIVING_POSES,), (Stage.SPEAKING, Stage.POSE_DIFFUSION)]
)
def test_a_job_that_ends_with_its_poses_comes_as_far_by_these_alone(
    store: JobStore, store_settings: StoreSettings, tmp_path: Path, stages: tuple[Stage, ...]
) -> None:
    options = JobOptions(seed=1, until="poses")
    create_job(store, open_storage(settings_alone(store_settings, tmp_path)), options=options)
    job = store.claim_next(CLASS, "alone")
    assert job is not None
    render = Render(store, job, Lease(store, job, LeaseSettings(), NoticeBoard()))

    render.run(stages, step_s=PERIOD_S)

    percents = [told.percent for told in render.told()]
    assert percents == sorted(percents)
    assert percents[0] < 10
    assert 95 < percents[-1] < 100
    last = render.told()[-1].progress
    assert last is not None
    assert last.eta_seconds is not None
    assert last.eta_seconds < PERIOD_S


def test_after_half_of_the_stretches_half_is_done_whatever_the_stages_take(render: Render) -> None:
    for progress in every_step(AUDIO_DRIVEN, num_turns=4):
        if progress.stage is Stage.POSE_DIFFUSION and progress.step > STEPS // 2:
            break
        render.report(progress)
        render.now_s += PERIOD_S

    last = render.told()[-1]
    assert last.progress is not None
    assert 49 <= last.percent <= 51
    assert last.progress.eta_seconds == pytest.approx(render.now_s - 1000.0, rel=0.1)


@pytest.mark.parametrize("stages", [AUDIO_DRIVEN, POSE_DRIVEN], ids=["audio", "pose"])
def test_what_is_told_never_falls_and_stays_under_100(render: Render, stages: tuple[Stage, ...]) -> None:
    render.run(stages, step_s=PERIOD_S)

    percents = [job.percent for job in render.told()]
    assert len(percents) == len(stages) * (STEPS + 1)
    assert percents == sorted(percents)
    assert 90 < percents[-1] < 100


def test_quick_steps_are_told_once_in_a_period(render: Render) -> None:
    render.run(AUDIO_DRIVEN, step_s=STEP_S)

    every = round(PERIOD_S / STEP_S)
    steps = [(progress.stage, progress.step) for progress in every_step(AUDIO_DRIVEN)]
    assert [(job.progress.stage, job.progress.step) for job in render.told() if job.progress] == steps[::every]


def test_a_step_that_is_told_to_nobody_still_shows_that_the_render_goes_on(render: Render) -> None:
    def end(status: int) -> Never:
        raise AssertionError(f"ended with {status}")

    settings = LeaseSettings(stall_timeout_s=PERIOD_S)
    render.lease = Lease(render.store, render.job, settings, NoticeBoard(), lambda: render.now_s, end)
    render.report = ProgressReporter(render.store, render.job, render.lease, 1e9, lambda: render.now_s)

    render.run(AUDIO_DRIVEN, step_s=PERIOD_S)
    render.lease.keep()

    assert len(render.told()) == 1


def test_the_remaining_seconds_follow_from_those_that_were_spent(render: Render) -> None:
    render.now_s += 120.0
    render.report(Progress(Stage.VIDEO_DIFFUSION, 5, 10))

    (told,) = render.told()
    assert told.progress is not None
    assert (told.percent, told.progress.eta_seconds) == (50, 120.0)


def test_the_segment_of_stage_1_is_the_one_under_way(render: Render) -> None:
    render.report.num_segments = 2
    render.run((Stage.POSE_DIFFUSION,), step_s=PERIOD_S)

    segments = [job.progress.segment for job in render.told() if job.progress]
    assert segments == [1] * 5 + [2] * 6


def test_a_cancel_is_learnt_from_the_answer(render: Render) -> None:
    render.store.cancel(render.job.id)

    render.report(Progress(Stage.VIDEO_DIFFUSION, 1, STEPS))

    with pytest.raises(CancelRequested):
        render.lease.check()
