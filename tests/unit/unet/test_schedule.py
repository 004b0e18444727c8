"""Stage 2's timetable: as many entries as steps, falling, each a time at which there is noise."""

from itertools import pairwise

import pytest

from mmgt_core.unet.schedule import inference_scheduler

ALL_THAT_MAY_BE_ASKED_FOR = range(1, 101)
WITH_AN_ENTRY_TOO_MANY = (61, 103, 121, 122, 201)
"""Of the library's own timetable."""


@pytest.mark.parametrize("num_steps", [*ALL_THAT_MAY_BE_ASKED_FOR, *WITH_AN_ENTRY_TOO_MANY[1:]])
def test_a_timetable_has_as_many_entries_as_steps_and_falls_from_the_noisiest(num_steps: int) -> None:
    times = inference_scheduler(num_steps).timesteps.tolist()

    assert len(times) == num_steps
    assert times[0] == 999
    assert all(later < earlier for earlier, later in pairwise(times))
    assert times[-1] >= 0
