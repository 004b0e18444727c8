"""The TypeScript client: its own tests in Node against the running service, its types, and what is published."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.client_types import openapi
from jobs.settings import Settings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from tests.integration.api.client.cutting_proxy import CuttingProxy
from tests.integration.api.client.player import Player
from tests.integration.api.client.typescript import ENDS_WITHIN_S, npm
from tests.integration.api.client.wishes import ASKED, told_of
from tests.integration.api.scripted_preflight import ScriptedPreflight
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp

ANSWER = {"findings": [], "warnings": [], "seconds": 3.2, "num_frames": 80, "segments": 1}
CUTS = {"cutEvents": (2_500, 0), "cutDownload": (4_000, 200), "cutCreate": (0,)}


@pytest.fixture
def environment(
    served: ServedApp, settings: Settings, worker: ScriptedWorker, store: JobStore, storage: ObjectStorage
) -> Iterator[dict[str, str]]:
    """Where the service is, with a worker that plays beside it and proxies that cut."""
    player, preflight = Player(worker, has_preflight=True), ScriptedPreflight(settings, store, storage, ANSWER)
    worker.heartbeat()
    preflight.start()
    player.start()
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(CuttingProxy(served.url, cuts)) for name, cuts in CUTS.items()}
        places = json.dumps({name: proxy.url for name, proxy in proxies.items()})
        wishes = json.dumps({name: {"files": files, "fields": fields} for name, (files, fields) in ASKED.items()})
        own = {
            "MMGT_TEST_WISHES": wishes,
            "MMGT_BASE_URL": served.url,
            "MMGT_API_KEY": KEYS["alice"],
            "MMGT_TEST_PLACES": places,
        }
        yield os.environ | own
        assert [proxy.cuts for proxy in proxies.values()] == [[], [], []]  # every connection was cut that should be
    player.stop()
    preflight.stop()


def test_its_own_laws_hold(package: Path, environment: dict[str, str], tmp_path: Path, store: JobStore) -> None:
    tests = sorted((package / "test" / "out").glob("*.test.js"))
    command = ["node", "--test", "--test-reporter=spec", *map(str, tests)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=ENDS_WITHIN_S)

    assert len(tests) == 2
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert "fail 0" in done.stdout
    assert "skipped 0" in done.stdout
    made = {name: store.get(video) for name, video in json.loads((tmp_path / "wishes.json").read_text()).items()}
    assert list(made) == list(ASKED)
    for name, (files, fields) in ASKED.items():
        job = made[name]
        assert job is not None
        assert told_of(job, list(fields)) == fields
        assert set(job.request.inputs) == {*files, *(("audio",) if "text" in fields else ())}


def test_its_types_are_those_of_the_service(package: Path, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(openapi()))
    subprocess.run(
        ["node", "types.mjs", str(tmp_path / "openapi.json"), str(tmp_path / "openapi.ts")],
        cwd=package, check=True, timeout=ENDS_WITHIN_S,
    )  # fmt: skip

    assert (tmp_path / "openapi.ts").read_text() == (package / "src" / "openapi.ts").read_text(), "run: make clients"


def test_what_is_published_is_the_built_client_and_its_licence(package: Path) -> None:
    (packed,) = json.loads(npm("pack", "--dry-run", "--json", "--ignore-scripts"))
    names = {file["path"] for file in packed["files"]}
    sources = {path.stem for path in (package / "src").glob("*.ts")}

    built = {f"dist/{stem}{suffix}" for stem in sources for suffix in (".js", ".d.ts")}
    assert names == {"LICENSE", "README.md", "package.json"} | built
    assert packed["size"] < 40_000
    assert packed["unpackedSize"] < 250_000
