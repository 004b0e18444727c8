"""Laws of making data once."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from mmgt_core.training.machinery.making import alone_in, each_done


def note(folder: Path, number: int) -> None:
    """Leave a file; the first one fails."""
    if number == 0:
        raise ValueError("the first one")
    time.sleep(0.2)
    (folder / str(number)).touch()


@pytest.mark.parametrize("num_processes", [0, 1])
def test_every_job_is_done(tmp_path: Path, num_processes: int) -> None:
    done = list(each_done([partial(note, tmp_path, number) for number in (1, 2)], num_processes))

    assert len(done) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]


def test_an_error_cancels_what_has_not_begun(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the first one"):
        list(each_done([partial(note, tmp_path, number) for number in range(40)], num_processes=1))

    assert len(list(tmp_path.iterdir())) < 10


def test_whoever_comes_second_waits(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from mmgt_core.training.machinery.making import alone_in\n"
        "print('waiting', flush=True)\n"
        "with alone_in(pathlib.Path(sys.argv[1])): print('in')"
    )
    with alone_in(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert other.stdout is not None
        assert other.stdout.readline() == b"waiting\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
    said, _ = other.communicate(timeout=60)

    assert said == b"in\n"
