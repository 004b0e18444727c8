"""What the compose files promise: judged by the real Compose, the real hadolint, and the files themselves."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.compose_secrets import write_secrets
from deploy.with_secrets import read_environment

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
OURS = ("api", "worker", "preflight", "delivery", "housekeeping", "bucket", "weights")


def compose(*files: str) -> dict:
    words = [word for file in files for word in ("-f", str(ROOT / file))]
    result = subprocess.run(
        [BIN / "docker-compose", *words, "config", "--format", "json"], capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout)["services"]


@pytest.fixture(scope="module")
def services() -> dict:
    return compose("docker-compose.yml")


def test_compose_accepts_both_forms(services):
    on_cpu = compose("docker-compose.yml", "deploy/compose.cpu.yaml")

    assert services["worker"]["gpus"]
    assert not on_cpu["worker"].get("gpus")
    assert on_cpu["worker"]["environment"]["MMGT_GPUS"] == "cpu"


def test_the_image_file_passes_its_linter():
    subprocess.run([BIN / "hadolint", ROOT / "Dockerfile.gpu"], check=True)


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_bounded(services, name):
    service = services[name]

    assert service["user"] == "10001:10001"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_preflight_has_no_route_out_and_delivery_no_storage(services):
    assert list(services["preflight"]["networks"]) == ["inside"]
    assert "outside" in services["delivery"]["networks"]
    assert not [name for name in services["delivery"]["environment"] if "STORAGE" in name]
    assert [volume["source"] for volume in services["delivery"]["volumes"]] == ["secrets-delivery"]


def test_the_worker_has_a_way_out_only_to_a_speech_server_elsewhere(services):
    with_speech = compose("docker-compose.yml", "deploy/compose.speech.yaml")

    assert list(services["worker"]["networks"]) == ["inside"]
    assert set(with_speech["worker"]["networks"]) == {"inside", "outside"}
    assert list(with_speech["preflight"]["networks"]) == ["inside"]


def test_who_takes_text_knows_the_speech_server_and_only_who_speaks_its_key(services):
    told = {name: set(service.get("environment") or ()) for name, service in services.items()}

    assert {"MMGT_SPEECH__URL", "MMGT_SPEECH__VOICES"} <= told["api"] & told["worker"]
    assert [name for name, names in told.items() if "MMGT_SPEECH__KEY" in names] == ["worker"]


def test_nothing_starts_before_what_it_needs(services):
    def gates(name: str) -> dict[str, str]:
        return {other: gate["condition"] for other, gate in services[name]["depends_on"].items()}

    for name in ("api", "worker", "preflight", "housekeeping"):
        assert gates(name)["valkey"] == "service_healthy"
        assert gates(name)["bucket"] == "service_completed_successfully"
    assert gates("worker")["weights"] == "service_completed_successfully"
    assert gates("bucket") == {"storage": "service_healthy"}
    assert gates("valkey") == gates("storage") == {"secrets": "service_completed_successfully"}


def test_every_lasting_container_has_a_health_check_and_the_workers_tells_that_work_can_be_taken(services):
    lasting = {name: service for name, service in services.items() if service.get("restart") != "no"}

    assert {name for name, service in lasting.items() if "healthcheck" not in service} == set()
    assert services["worker"]["healthcheck"]["test"][-2:] == ["deploy.probe", "video"]
    assert {f"{name} {services[name]['healthcheck']['test'][-1]}" for name in ("preflight", "delivery")} == {
        "preflight preflight", "delivery delivery",
    }  # fmt: skip


def test_waiting_for_all_waits_for_the_end_of_those_that_run_once(services):
    """`up --wait` takes a container that ended for a failure, unless another one waits for its success."""
    once = {name for name, service in services.items() if service.get("restart") == "no"}
    awaited = {
        name
        for service in services.values()
        for name, gate in service.get("depends_on", {}).items()
        if gate["condition"] == "service_completed_successfully"
    }

    assert once == awaited == {"secrets", "bucket", "weights"}


def test_memory_and_temporary_files_are_bounded(services):
    unbounded = {name for name, service in services.items() if "mem_limit" not in service} - {"secrets", "bucket"}
    tmpfs = [mount for name in OURS for mount in services[name]["tmpfs"]]

    assert unbounded == set()
    assert all("size=" in mount for mount in tmpfs)


def test_weights_that_cannot_be_fetched_are_no_failure_of_the_container(tmp_path):
    unreachable = {"HF_ENDPOINT": "http://127.0.0.1:9", "MMGT_ACCEPT_LICENCES": "true", "HF_HOME": str(tmp_path)}

    result = subprocess.run(
        [sys.executable, "-m", "deploy.compose_weights", str(tmp_path / "weights")],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **unreachable},
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    assert "weights_not_ready" in result.stderr


def test_only_loopback_is_published_unless_asked_for(services):
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_every_image_has_a_pinned_version(services):
    images = {service["image"] for service in services.values()} - {"mmgt:local"}

    assert images
    assert all(":" in image and not image.endswith((":latest", ":9")) for image in images)


def test_secrets_are_drawn_once_and_for_their_owner_only(tmp_path):
    assert write_secrets(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    assert not write_secrets(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in before)


def test_delivery_gets_the_stores_address_and_nothing_else(tmp_path):
    write_secrets(tmp_path)

    assert set(read_environment(tmp_path / "delivery" / "delivery.env")) == {"MMGT_STORE__URL"}


def test_a_command_gets_the_secrets_in_its_environment(tmp_path):
    file = tmp_path / "some.env"
    file.write_text("MMGT_ONE=1=1\n# a remark\n\nMMGT_TWO=two\n")
    program = "import os; print(os.environ['MMGT_ONE'], os.environ['MMGT_TWO'])"

    result = subprocess.run(
        [sys.executable, "-m", "deploy.with_secrets", str(file), sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=ROOT, env={"PATH": os.defpath},
    )  # fmt: skip

    assert result.stdout.split() == ["1=1", "two"]
