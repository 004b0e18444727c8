"""Laws of an object store that fails: nothing is complete without its objects, and a download outlives a restart."""

import random
import threading
from contextlib import closing
from pathlib import Path

import pytest

from jobs.job import JobStatus
from jobs.s3_storage import S3Storage
from jobs.settings import StorageSettings, StoreSettings
from jobs.store import JobStore
from tests.fault.conftest import Make
from tests.fault.fault_service import END_S, busy, pause
from tests.fault.faulty_proxy import FaultyProxy
from tests.fault.figures import Figures, spread
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.s3_servers import ACCESS_KEY, SECRET_KEY, rclone_s3, running_rclone_s3
from tests.integration.valkey import ValkeyServer

LONG_VIDEO_BYTES = 30_000_000  # more than the buffers on its way hold
RIDDEN_OUT_S = 9.0


def test_no_job_is_complete_without_its_objects_and_uploads_resume(
    make_service: Make, tmp_path: Path, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    with rclone_s3(tmp_path) as settings:
        real = S3Storage(settings)
        proxy = FaultyProxy(str(settings.endpoint_url), chance)
        service = make_service(
            MMGT_STORAGE__KIND="s3", MMGT_STORAGE__ENDPOINT_URL=proxy.url, MMGT_STORAGE__BUCKET=settings.bucket,
            MMGT_STORAGE__ACCESS_KEY=ACCESS_KEY, MMGT_STORAGE__SECRET_KEY=SECRET_KEY, MMGT_STORAGE__PATIENCE_S="0.5",
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


@pytest.mark.usefixtures("only_at_length")
def test_a_download_goes_on_when_its_store_is_restarted(
    valkey: ValkeyServer, tmp_path: Path, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    url = valkey.url.removesuffix("/0") + "/13"
    store_settings = StoreSettings.model_validate({"url": url, "key_prefix": "restarted:"})
    video = chance.randbytes(LONG_VIDEO_BYTES)
    with running_rclone_s3(tmp_path) as server, closing(JobStore(store_settings)) as store:
        storage = server.settings.model_copy(update={"patience_s": StorageSettings().patience_s})
        served = ServedApp(settings_for(store_settings, tmp_path / "data", storage=storage))
        served.start()
        worker = ScriptedWorker(store, S3Storage(storage))
        job = worker.submit()
        worker.finish(worker.claim(), video)
        pauses_s = []
        for _ in range(fault_count):
            with served.client().stream("GET", f"/v1/videos/{job.id}/content") as answer:
                parts = answer.iter_bytes()
                read = [next(parts)]
                server.kill()
                away_s = chance.uniform(1.0, RIDDEN_OUT_S)
                comes_back = threading.Timer(away_s, server.start)
                comes_back.start()
                read += parts
                comes_back.join()
            assert b"".join(read) == video
            pauses_s.append(away_s)
        served.stop()
    figures.record("object store restarted during a download", fault_count, broken=0, away_s=spread(pauses_s))
