"""Law of the launcher: published weights that come later are served, though nobody restarts it by hand."""

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.worker.conftest import Make
from tests.integration.worker.service import ROOT
from worker.launch import PUBLISHED_PRESET, WEIGHTS_INDEX


def test_a_launcher_ends_softly_when_published_weights_have_come(make_service: Make, tmp_path: Path) -> None:
    service = make_service(MMGT_WORKER__WEIGHTS_FOLDER=str(tmp_path), MMGT_GPUS="cpu")
    launcher = subprocess.Popen(
        [sys.executable, "-m", "worker.launch"], cwd=ROOT, env={**os.environ, **service.env, "PYTHONPATH": str(ROOT)}
    )
    service.workers.append(launcher)
    service.until(lambda: any(each.is_ready for each in service.store.workers()))
    index = tmp_path / PUBLISHED_PRESET / WEIGHTS_INDEX
    index.parent.mkdir()
    index.write_text("{}")

    assert launcher.wait(60) == 0
    assert service.store.workers() == ()
