"""A render worker whose certificate cannot sign ends at its start: no job is rendered first and lost then."""

from pathlib import Path

from jobs.job import JobStatus
from tests.integration.worker.conftest import Make
from tests.unit.media.identities import Recipe


def test_a_worker_whose_identity_cannot_sign_ends_before_it_takes_a_job(tmp_path: Path, make_service: Make) -> None:
    folder = Recipe(has_authority_id=False).write(tmp_path / "identity")
    service = make_service(
        MMGT_PROVENANCE__CERTIFICATE_CHAIN_FILE=str(folder / "chain.pem"),
        MMGT_PROVENANCE__PRIVATE_KEY_FILE=str(folder / "key.pem"),
    )
    job = service.create()

    service.start_worker(wait=False).wait(60)

    log = (service.settings.data / "workers.log").read_text()
    assert f"{folder / 'chain.pem'} and {folder / 'key.pem'}: the signer's certificate has no authority key" in log
    assert (service.job(job.id).status, service.job(job.id).attempt) == (JobStatus.QUEUED, 0)
