"""Laws of the job's own words: ids, keys, transitions."""

import re

import pytest

from jobs.job import (
    TRANSITIONS,
    JobStatus,
    attempt_prefix,
    input_key,
    inputs_prefix,
    job_prefix,
    new_job_id,
    result_key,
)


def test_ids_are_128_bits_that_nobody_guesses_and_none_comes_twice() -> None:
    ids = {new_job_id() for _ in range(2000)}

    assert len(ids) == 2000
    assert all(re.fullmatch("video_[0-7][0-9A-HJKMNP-TV-Z]{25}", job_id) for job_id in ids)


def test_ids_begin_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for at_ns in (10**18, 10**18 + 10**6, 2 * 10**18):
        monkeypatch.setattr("jobs.job.time.time_ns", lambda at_ns=at_ns: at_ns)
        made.append(new_job_id())

    assert made == sorted(made)


def test_a_terminal_status_never_changes_but_completed_to_expired() -> None:
    after = {status: TRANSITIONS[status] for status in JobStatus if status.is_terminal}

    assert after.pop(JobStatus.COMPLETED) == {JobStatus.EXPIRED}
    assert all(following == frozenset() for following in after.values())


def test_transitions_are_those_of_the_contract() -> None:
    assert TRANSITIONS.keys() == set(JobStatus)
    assert TRANSITIONS[JobStatus.QUEUED] == {"in_progress", "cancelled", "failed"}
    assert TRANSITIONS[JobStatus.IN_PROGRESS] == {"completed", "failed", "cancelled", "queued"}


def test_everything_of_a_job_lies_under_its_prefix_and_attempts_apart() -> None:
    keys = [input_key("video_1", "image", ".png"), result_key("video_1", 1, "video.mp4"), attempt_prefix("video_1", 11)]

    assert keys == ["videos/video_1/inputs/image.png", "videos/video_1/a1/video.mp4", "videos/video_1/a11/"]
    assert all(key.startswith(job_prefix("video_1")) for key in keys)
    assert keys[0].startswith(inputs_prefix("video_1"))
    assert not attempt_prefix("video_1", 11).startswith(attempt_prefix("video_1", 1))
