"""What `/openapi.json` promises is kept: Schemathesis asks every operation, and no answer breaks the schema."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from jobs.settings import Settings, StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for
from tests.integration.valkey import ValkeyServer

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
NEEDS_PREFLIGHT = {"/v1/videos/validate", "/v1/verify"}  # nobody answers here: 503 is what the contract asks for
IMAGE, AUDIO = b"\x89PNG\r\n\x1a\n" + bytes(600), b"RIFF\x00\x00\x00\x00WAVE" + bytes(600)
FILES = {"image": IMAGE, "input_reference": IMAGE, "audio": AUDIO, "video": b"\x00\x00\x00\x18ftypmp42" + bytes(600)}

schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi())
bounded = hypothesis_settings(
    max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def contract_settings(valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    store = StoreSettings.model_validate({"url": valkey.url, "key_prefix": "contract:"})
    rates = {"creates": "100000/minute", "reads": "100000/minute", "validations": "100000/minute"}
    # No wait: a long poll of a minute is a law elsewhere.
    return settings_for(store, tmp_path_factory.mktemp("contract"), rate_limits=rates, limits={"max_wait_s": 0})


@pytest.fixture(scope="module")
def contract_app(contract_settings: Settings) -> Iterator[ServedApp]:
    app = ServedApp(contract_settings)
    app.start()
    yield app
    app.stop()


@pytest.fixture(scope="module")
def contract_worker(contract_settings: Settings) -> Iterator[ScriptedWorker]:
    store = JobStore(contract_settings.store)
    worker = ScriptedWorker(store, open_storage(contract_settings))
    worker.heartbeat()
    yield worker
    store.close()


def ask(case: schemathesis.Case, app: ServedApp) -> None:
    headers = {"Authorization": f"Bearer {KEYS['alice']}"}
    excluded = [not_a_server_error] if case.operation.path in NEEDS_PREFLIGHT else []
    answer = case.call_and_validate(app.url, headers=headers, checks=CHECKS, excluded_checks=excluded)
    assert answer.status_code != 500


@schema.parametrize()
@bounded
def test_any_request_is_answered_as_the_schema_says(
    case: schemathesis.Case, contract_app: ServedApp, contract_worker: ScriptedWorker
) -> None:
    ask(case, contract_app)


@schema.include(path_regex=r"\{video_id\}").parametrize()
@bounded
def test_any_request_about_a_real_video_is_answered_as_the_schema_says(
    case: schemathesis.Case, contract_app: ServedApp, contract_worker: ScriptedWorker
) -> None:
    case.path_parameters["video_id"] = finished_video(contract_worker)
    ask(case, contract_app)


@schema.include(method="POST", path_regex=r"^/v1/(videos|videos/validate|verify)$").parametrize()
@bounded
def test_any_fields_beside_real_files_are_answered_as_the_schema_says(
    case: schemathesis.Case, contract_app: ServedApp, contract_worker: ScriptedWorker
) -> None:
    contract_worker.heartbeat()
    if isinstance(case.body, dict):
        case.body = {name: FILES.get(name, value) for name, value in case.body.items()}
    ask(case, contract_app)


def finished_video(worker: ScriptedWorker) -> str:
    """Return the id of a new completed video, whose event stream therefore ends."""
    made = worker.submit()
    claimed = worker.claim()
    while claimed.id != made.id:  # remixes and creates of earlier examples wait before it
        worker.finish(claimed)
        claimed = worker.claim()
    worker.finish(claimed)
    return made.id
