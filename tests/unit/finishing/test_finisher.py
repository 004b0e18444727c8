"""Of a preset that ends no frames."""

import numpy as np
import pytest

from mmgt_core.finishing.finisher import as_decoded


def test_frames_without_an_end_of_their_own_are_those_decoded_and_no_pose_is_kept_for_them() -> None:
    decoded = [np.full((2, 2, 3), level, np.uint8) for level in range(3)]

    found = list(as_decoded(iter(decoded), lambda: pytest.fail("poses were called for")))

    assert all(one is other for one, other in zip(found, decoded, strict=True))
