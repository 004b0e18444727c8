"""Laws of a worker's hearing: when it counts as deaf."""

from worker.health import DeafnessWatch, Silence


def test_looks_that_find_no_new_beat_are_counted_until_one_comes() -> None:
    silence = Silence()
    counts = []

    for beaten_at_s in (1.0, 1.0, 1.0, 2.0, 2.0):
        silence.look(beaten_at_s)
        counts.append(silence.num_looks)

    assert counts == [0, 1, 2, 0, 1]


def test_a_worker_that_was_suspended_as_a_whole_is_not_silent() -> None:
    silence = Silence()
    silence.look(beaten_at_s=1.0)

    silence.look(beaten_at_s=1.0)  # the first look after an hour's sleep

    assert silence.num_looks == 1


def test_messages_that_wait_beside_an_idle_worker_make_it_deaf() -> None:
    watch = DeafnessWatch(deaf_after_s=10.0)
    watch.is_deaf(0.0, is_idle=True, num_waiting=1)

    assert not watch.is_deaf(10.0, is_idle=True, num_waiting=1)
    assert watch.is_deaf(10.1, is_idle=True, num_waiting=1)


def test_a_worker_at_work_is_not_deaf() -> None:
    watch = DeafnessWatch(deaf_after_s=10.0)
    watch.is_deaf(0.0, is_idle=True, num_waiting=1)
    watch.is_deaf(9.0, is_idle=False, num_waiting=1)

    assert not watch.is_deaf(11.0, is_idle=True, num_waiting=1)
