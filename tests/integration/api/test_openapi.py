"""Laws of `/openapi.json`: it is valid, and what generators make of it talks to a real server."""

import importlib
import io
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from openapi_spec_validator import validate

from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp

BIN = Path(sys.executable).parent
ENDS_WITHIN_S = 120.0


@pytest.fixture
def schema_file(served: ServedApp, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_bytes(served.client(None).get("/openapi.json").content)
    return path


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which code is imported."""
    folder = tmp_path / "generated"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def generate(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, timeout=ENDS_WITHIN_S, env={"PATH": str(BIN)})


def test_the_schema_is_valid(served: ServedApp) -> None:
    validate(served.client(None).get("/openapi.json").json())


def test_every_refusal_in_the_schema_is_a_problem(served: ServedApp) -> None:
    paths = served.client(None).get("/openapi.json").json()["paths"]
    refusals = {
        (path, method, status): list(answer["content"])
        for path, methods in paths.items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        if int(status) >= 400
    }

    assert {kinds[0] for kinds in refusals.values()} == {"application/problem+json"}


def test_models_that_datamodel_codegen_makes_read_a_real_video(
    schema_file: Path, generated: Path, alice: httpx.Client, worker: ScriptedWorker
) -> None:
    made = worker.complete_one()
    options = ("--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11")
    generate(
        BIN / "datamodel-codegen", "--input", schema_file, "--input-file-type", "openapi", *options,
        "--formatters", "builtin", "--output", generated / "mmgt_models.py",
    )  # fmt: skip

    models = importlib.import_module("mmgt_models")

    assert models.Video.model_validate(alice.get(f"/v1/videos/{made.id}").json()).id == made.id
    assert models.ProblemBody.model_validate(alice.get("/v1/videos/x").json()).error.code == "video_not_found"


def test_a_client_that_openapi_python_client_makes_creates_and_lists(
    schema_file: Path, generated: Path, served: ServedApp, worker: ScriptedWorker
) -> None:
    worker.heartbeat()
    target = generated / "mmgt_client"
    generate(
        BIN / "openapi-python-client", "generate", "--path", schema_file, "--meta", "none", "--fail-on-warning",
        "--output-path", target,
    )  # fmt: skip
    parts = everything_in("mmgt_client")
    client = parts["mmgt_client"].AuthenticatedClient(base_url=served.url, token=KEYS["alice"])
    a_file = parts["mmgt_client.types"].File
    files = {"image": a_file(io.BytesIO(PNG), "i.png"), "audio": a_file(io.BytesIO(WAV), "a.wav")}
    body = parts["mmgt_client.models"].CreateVideoV1VideosPostBody(**files, seed=7, consent=True)

    made = parts["mmgt_client.api.videos.create_video_v1_videos_post"].sync(client=client, body=body)
    listed = parts["mmgt_client.api.videos.list_videos_v1_videos_get"].sync(client=client)

    assert (made.seed, made.status) == (7, "queued")
    assert [video.id for video in listed.data] == [made.id]


def everything_in(package: str) -> dict[str, ModuleType]:
    """Import every module of a package."""
    top = importlib.import_module(package)
    names = [module.name for module in pkgutil.walk_packages(top.__path__, f"{package}.")]
    return {package: top} | {name: importlib.import_module(name) for name in names}
