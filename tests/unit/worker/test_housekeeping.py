"""Laws of purges: each part takes what it names, and nothing of another job."""

from pathlib import Path

import pytest

from jobs.local_storage import LocalStorage
from jobs.verbs.upkeep import Purge, PurgePart
from worker.housekeeping import carry_out

INPUT, LOSER, WINNER = "videos/video_1/inputs/image.png", "videos/video_1/a1/video.mp4", "videos/video_1/a2/video.mp4"
ANOTHER_LOSER, NEIGHBOUR = "videos/video_1/a21/video.mp4", "videos/video_11/a1/video.mp4"


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (PurgePart.ALL, {NEIGHBOUR}),
        (PurgePart.INPUTS, {LOSER, WINNER, ANOTHER_LOSER, NEIGHBOUR}),
        (PurgePart.RESULTS, {INPUT, NEIGHBOUR}),
        (PurgePart.LOSERS, {INPUT, WINNER, NEIGHBOUR}),
    ],
)
def test_a_purge_takes_its_part_and_no_more(part: PurgePart, left: set[str], tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    for key in (INPUT, LOSER, WINNER, ANOTHER_LOSER, NEIGHBOUR):
        storage.put_bytes(key, b"x", "application/octet-stream")

    num_objects = carry_out(storage, Purge("ticket", "video_1", part, 2 if part is PurgePart.LOSERS else None))

    assert {item.key for item in storage.list("videos/")} == left
    assert num_objects == 5 - len(left)
