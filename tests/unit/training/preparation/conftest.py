"""One folder of films, prepared once without interruption."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from mmgt_core.training.preparation.report import PreparationReport
from mmgt_core.training.preparation.run import prepare_videos
from tests.unit.training.preparation.films import SETTINGS, head_tools, make_films


@dataclass(frozen=True)
class Prepared:
    videos: Path
    out: Path
    films: dict[str, str | None]
    report: PreparationReport

    @property
    def good(self) -> set[str]:
        return {source for source, reason in self.films.items() if reason is None}


@pytest.fixture(scope="package")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    videos, out = tmp_path_factory.mktemp("videos"), tmp_path_factory.mktemp("prepared")
    films = make_films(videos)
    return Prepared(videos, out, films, prepare_videos(videos, out, SETTINGS, head_tools))
