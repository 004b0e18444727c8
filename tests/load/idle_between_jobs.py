"""How long a device is idle between queued jobs: `python -m tests.load.idle_between_jobs [JOBS [RENDER_S]]`.

Not a test: it measures, and prints one JSON object. A real worker with the scripted pipeline; its inputs take a second
to prepare, its results are signed and stored as always. Idle is the share of the time from the first render's begin to
the last one's end in which none renders.
"""

import json
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from jobs.job import JobStatus
from tests.integration.valkey import ValkeyServer
from tests.integration.worker.service import running_service
from tests.load.timed_pipeline import PREPARE_S

PIPELINE = "tests.load.timed_pipeline"


def main() -> None:
    jobs, render_s = int(sys.argv[1]) if len(sys.argv) > 1 else 5, float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "valkey").mkdir()
        valkey = ValkeyServer(Path(folder) / "valkey")
        valkey.start()
        try:
            renders = measure(Path(folder) / "data", valkey.url, jobs, render_s)
        finally:
            valkey.stop()
    whole_s = renders[-1][1] - renders[0][0]
    gaps_s = [later[0] - earlier[1] for earlier, later in pairwise(renders)]
    found = {
        "jobs": jobs, "render_s": render_s, "prepare_s": PREPARE_S, "gaps_s": [round(gap, 3) for gap in gaps_s],
        "idle_share": round(sum(gaps_s) / whole_s, 4),
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")


def measure(data: Path, store_url: str, jobs: int, render_s: float) -> list[list[float]]:
    """Begin and end of each render."""
    with running_service(data, store_url, MMGT_WORKER__SCRIPTED_PIPELINE=PIPELINE) as service:
        service.start_worker()
        ids = [service.create({"steps": 10, "step_s": render_s / 10}).id for _ in range(jobs)]
        for job_id in ids:
            assert service.until_ended(job_id, 60 + 2 * jobs * render_s).status is JobStatus.COMPLETED
    return sorted(json.loads(line) for line in (data / "renders.jsonl").read_text().splitlines())


if __name__ == "__main__":
    main()
