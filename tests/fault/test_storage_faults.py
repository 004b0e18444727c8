"""Laws of an object store that fails while results are uploaded: nothing is complete without its objects."""

import random
from pathlib import Path

from jobs.job import JobStatus
from jobs.s3_storage import S3Storage
from tests.fault.conftest import Make
from tests.fault.fault_service import END_S, busy, pause
from tests.fault.faulty_proxy import FaultyProxy
from tests.fault.figures import Figures
from tests.integration.s3_servers import ACCESS_KEY, SECRET_KEY, rclone_s3


def test_no_job_is_complete_without_its_objects_and_uploads_resume(
    make_service: Make, tmp_path: Path, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    with rclone_s3(tmp_path) as settings:
        real = S3Storage(settings)
        proxy = FaultyProxy(str(settings.endpoint_url), chance)
        service = make_service(
            MMGT_STORAGE__KIND="s3", MMGT_STORAGE__ENDPOINT_URL=proxy.url, MMGT_STORAGE__BUCKET=settings.bucket,
            MMGT_STORAGE__ACCESS_KEY=ACCESS_KEY, MMGT_STORAGE__SECRET_KEY=SECRET_KEY, MMGT_STORAGE__ATTEMPTS="2",
            MMGT_STORAGE__READ_TIMEOUT_S="3",
        )  # fmt: skip
        service.keep_crew(1)
        for fault in ("down", "5xx", "slow", "full"):
            refused_before, attempts = proxy.num_refused, []
            for _ in range(fault_count):
                job = service.until_running(service.create(busy(3)).id)

                proxy.fault = fault
                pause(chance.uniform(0.6, 2.0))
                during = service.job(job.id)
                assert during.status is not JobStatus.COMPLETED or all(
                    real.head(key) for key in during.results.values()
                )
                proxy.fault = ""
                done = service.until_ended(job.id, END_S)

                assert done.status is JobStatus.COMPLETED
                assert done.results
                assert all(real.head(key) for key in done.results.values())
                service.assert_legal(job.id)
                attempts.append(done.attempt)
            refused = proxy.num_refused - refused_before
            assert fault not in ("down", "full") or refused > 0  # else the fault met nobody
            figures.record(f"object store {fault}", fault_count, refused=refused, max_attempts=max(attempts))
        proxy.close()
