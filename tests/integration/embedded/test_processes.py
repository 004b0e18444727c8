import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jobs.processes import MAX_START_ATTEMPTS, Child, Times, spawn

SUPERVISE = """
import json, os, pathlib, sys
import structlog
from jobs.processes import Child, Supervisor, Times
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
tiers = [
    [
        Child(
            name, (sys.executable, "-c", script, name), dict(os.environ),
            ready=pathlib.Path(waits_for).exists if waits_for else None, stop_s=stop_s,
            gives_up=frozenset({9}),
        )
        for name, script, waits_for, stop_s in tier
    ]
    for tier in json.loads(sys.argv[1])
]
times = Times(ready_s=float(sys.argv[2]), first_restart_s=0.02, max_restart_s=0.1, steady_s=0.01)
over = pathlib.Path(sys.argv[3])
sys.exit(Supervisor(tiers, times, sys.stdout.buffer).run(lambda: print("READY", flush=True), over.exists))
"""
SLEEPER = """
import os, signal, sys
def stop(number, frame):
    print("stopped", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("pid", os.getpid(), flush=True)
while True:
    signal.pause()
"""
STUBBORN = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
while True:
    signal.pause()
"""
PARENT_OF_A_STUBBORN = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
{SLEEPER}
"""
FAILING = "import sys; print('no luck'); sys.exit(7)"
GIVING_UP = "import sys; print('no use'); sys.exit(9)"
WAIT_S = 60


class Running:
    """A supervisor in a process of its own, its output line by line."""

    def __init__(self, *tiers, ready_s=WAIT_S, over="/nowhere"):
        command = [sys.executable, "-c", SUPERVISE, json.dumps(tiers), str(ready_s), str(over)]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},  # as in containers: its stream may write a part only
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines = []

    def __enter__(self):
        self._watchdog = threading.Timer(WAIT_S, self.process.kill)
        self._watchdog.start()
        return self

    def __exit__(self, *_):
        self._watchdog.cancel()
        self.process.kill()
        self.process.communicate()

    def read_until(self, text):
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if text in line:
                return line.strip()
        pytest.fail(f"ended without {text!r}: {self.lines}")

    def pids(self, *names):
        """The next process of each name, in whatever order they tell theirs."""
        told = {}
        while len(told) < len(names):
            line = self.read_until(" | pid ")
            name = line.split(" | ")[0]
            free = [k for k, wanted in enumerate(names) if wanted == name and k not in told]
            told.update({free[0]: int(line.split()[-1])} if free else {})
        return [told[k] for k in range(len(names))]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.lines += self.process.communicate(timeout=WAIT_S)[0].split("\n")
        return self.process.returncode


def sleeper(name, script=SLEEPER, waits_for=None, stop_s=10.0):
    return name, script, waits_for, stop_s


def wait_for_the_end_of(pid):
    """Of a process that is not our child."""
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([end], [], [], WAIT_S)
    os.close(end)
    assert ended, f"process {pid} lives on"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_every_child_softly_and_exits_0(number):
    with Running([sleeper("a"), sleeper("b")]) as running:
        pids = running.pids("a", "b")

        status = running.stop(number)

    assert status == 0
    assert {"a | stopped", "b | stopped"} <= set(running.lines)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_what_is_over_stops_as_if_asked_to(tmp_path):
    over = tmp_path / "over"
    with Running([sleeper("a")], over=over) as running:
        (pid,) = running.pids("a")
        over.touch()
        running.read_until("a | stopped")

        assert running.process.wait(WAIT_S) == 0
        assert not Path(f"/proc/{pid}").exists()


def test_a_killed_child_is_restarted_and_its_siblings_go_on():
    with Running([sleeper("a"), sleeper("b")]) as running:
        first, sibling = running.pids("a", "b")
        os.kill(first, signal.SIGKILL)

        (second,) = running.pids("a")

        assert second != first
        os.kill(sibling, 0)
        assert running.stop() == 0


def test_what_a_killed_child_leaves_in_its_group_is_killed_too():
    with Running([sleeper("a", PARENT_OF_A_STUBBORN)]) as running:
        pids = running.pids("a", "a")  # the child's and the grandchild's
        parent = next(pid for pid in pids if os.getpgid(pid) == pid)
        os.kill(parent, signal.SIGKILL)

        running.pids("a")

        wait_for_the_end_of(next(pid for pid in pids if pid != parent))


def test_what_a_stopped_child_leaves_in_its_group_is_killed_too():
    with Running([sleeper("a", PARENT_OF_A_STUBBORN)]) as running:
        pids = running.pids("a", "a")

        assert running.stop() == 0

    for pid in pids:
        wait_for_the_end_of(pid)


def test_no_child_outlives_a_killed_supervisor():
    with Running([sleeper("a")], [sleeper("b")]) as running:
        pids = running.pids("a", "b")
        running.process.kill()

        for pid in pids:
            wait_for_the_end_of(pid)


def test_a_child_that_will_not_stop_is_killed_when_its_time_is_over():
    with Running([sleeper("a", STUBBORN, stop_s=0.2)]) as running:
        running.pids("a")

        assert running.stop() == 0


def test_a_tier_starts_when_the_one_before_is_ready_and_stops_before_it(tmp_path):
    mark = tmp_path / "ready"
    looks = f"import os; print('mark', os.path.exists({str(mark)!r}), flush=True)\n{SLEEPER}"
    with Running([sleeper("first", waits_for=str(mark))], [sleeper("second", looks)]) as running:
        running.pids("first")
        mark.touch()
        running.pids("second")

        running.stop()

    assert "second | mark True" in running.lines
    assert [line for line in running.lines if line][-2:] == ["second | stopped", "first | stopped"]


def test_a_stop_before_all_are_ready_exits_0(tmp_path):
    with Running([sleeper("a")], [sleeper("b", waits_for=str(tmp_path / "never"))]) as running:
        running.pids("a", "b")

        assert running.stop() == 0

    assert "READY" not in running.lines


def test_a_child_that_cannot_start_ends_everything_with_status_1_however_long_it_tries(tmp_path):
    with Running([sleeper("a")], [sleeper("b", FAILING, str(tmp_path / "never"))]) as running:
        running.read_until("a | stopped")

        assert running.process.wait(WAIT_S) == 1

    assert running.lines.count("b | no luck") == MAX_START_ATTEMPTS


def test_a_child_that_gives_up_before_it_was_ready_is_not_tried_again(tmp_path):
    with Running([sleeper("a")], [sleeper("b", GIVING_UP, str(tmp_path / "never"))]) as running:
        running.read_until("a | stopped")

        assert running.process.wait(WAIT_S) == 1

    assert running.lines.count("b | no use") == 1


def test_a_child_that_is_not_ready_in_time_ends_everything_with_status_1(tmp_path):
    with Running([sleeper("a", waits_for=str(tmp_path / "never"))], ready_s=0.3) as running:
        running.read_until("a | stopped")

        assert running.process.wait(WAIT_S) == 1


def test_restarts_become_slower_up_to_a_bound():
    times = Times(first_restart_s=0.5, max_restart_s=3.0)

    assert [times.restart_s(losses) for losses in (0, 1, 2, 3, 10_000)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_the_last_words_of_a_child_are_passed_on_without_an_end_of_line(tmp_path):
    shouts = "import sys; sys.stdout.write('x' * 100_000 + 'end')"
    with Running([sleeper("a", shouts, str(tmp_path / "never"))]) as running:
        lines = running.process.communicate(timeout=WAIT_S)[0].splitlines()

    words = "".join(line.removeprefix("a | ") for line in lines)
    assert words == ("x" * 100_000 + "end") * MAX_START_ATTEMPTS


def test_a_child_gets_exactly_the_environment_it_was_given():
    child = Child(
        "a", (sys.executable, "-c", "import os; print(sorted(os.environ))"), {"ONLY": "this", "LC_CTYPE": "C"}
    )

    printed = spawn(child).communicate(timeout=WAIT_S)[0]

    assert printed.decode().strip() == "['LC_CTYPE', 'ONLY']"


def test_children_are_started_from_the_main_thread_only():
    errors = []

    def start():
        try:
            spawn(Child("a", ("true",), {}))
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert errors == ["a must be started from the main thread"]
