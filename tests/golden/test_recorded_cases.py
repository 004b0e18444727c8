"""Every recorded case is reproduced by the production code."""

import pytest

from mmgt_core.parity.runner import RUNNERS, run_case
from tests.golden.conftest import BESIDE, IN_REPOSITORY, names

ONLY_BESIDE = sorted(RUNNERS.keys() - set(names(IN_REPOSITORY)))


@pytest.mark.golden
@pytest.mark.parametrize("name", names(IN_REPOSITORY))
def test_a_recorded_case_of_this_repository_is_reproduced(name):
    report = run_case(IN_REPOSITORY, name)

    assert report.is_ok, report.line()


@pytest.mark.golden
@pytest.mark.parametrize("name", ONLY_BESIDE)
def test_a_recorded_case_beside_the_repository_is_reproduced(name):
    if not (BESIDE / f"{name}.json").exists():
        pytest.skip(f"the recorded case {name} is too large for this repository and does not lie beside it")

    report = run_case(BESIDE, name)

    assert report.is_ok, report.line()


def test_every_known_case_is_run_by_one_of_the_tests_above():
    assert set(names(IN_REPOSITORY)) | set(ONLY_BESIDE) == RUNNERS.keys()
    assert not BESIDE.exists() or set(names(BESIDE)) == RUNNERS.keys()
