"""Each line of `mmgt doctor` in a world where it fails, and the command as a whole: before a service, and quick."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deploy.doctor.finding import Finding, Verdict
from deploy.doctor.machine import (
    look_at_disk,
    look_at_gpu,
    look_at_identity,
    look_at_memory,
    look_at_ports,
    look_at_weights,
)
from deploy.doctor.neighbours import look_at_clock, look_at_storage, look_at_store, store_settings
from jobs.settings import Settings, StoreSettings
from tests.integration.s3_servers import rclone_s3
from tests.integration.valkey import ValkeyServer, free_port
from worker.gpus import Cuda, Gpu, TorchBuild

ROOT = Path(__file__).parents[3]
NAMES = ["gpu", "memory", "disk", "ports", "weights", "identity", "store", "storage", "clock"]
FOR_CUDA_13, FOR_CPU = TorchBuild("2.13.0+cu130", "13.0"), TorchBuild("2.13.0+cpu", None)
QUICK_S = 3.0


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _nobody_chose_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def settings(tmp_path: Path, **groups: object) -> Settings:
    return Settings.model_validate({"data": tmp_path / "data", **groups})


def assert_fails(finding: Finding, *words: str) -> None:
    assert finding.verdict is Verdict.FAIL, finding
    assert finding.do
    for word in words:
        assert word in finding.line, finding.line


@pytest.mark.parametrize(
    ("gpus", "cuda", "build", "words"),
    [
        ("0", Cuda(problem="no NVIDIA driver is here"), FOR_CUDA_13, ["GPU 0 is asked for", "no NVIDIA driver"]),
        ("auto", Cuda((Gpu("A", 1),), 12040), FOR_CUDA_13, ["driver 580 or newer", "runs CUDA 12.4"]),
        ("auto", Cuda((Gpu("A", 1),), 13000), FOR_CPU, ["built without CUDA"]),
        ("2", Cuda((Gpu("A", 1),), 13000), FOR_CUDA_13, ["GPU 2 is asked for; there are 1"]),
    ],
)
def test_a_gpu_that_cannot_be_used_is_a_fault(gpus, cuda, build, words, tmp_path):
    assert_fails(look_at_gpu(settings(tmp_path, gpus=gpus), lambda: cuda, lambda: build), *words)


def test_a_gpu_too_small_for_the_weights_is_a_fault(tmp_path):
    small = Cuda((Gpu("A", 4_000_000_000),), 13000)
    published = settings(tmp_path, worker={"preset": "mmgt-512"})

    assert_fails(look_at_gpu(published, lambda: small, lambda: FOR_CUDA_13), "4.0 GB", "6.4 GB")


def test_a_machine_without_any_gpu_is_well(tmp_path):
    none = Cuda(problem="no NVIDIA driver is here")

    assert look_at_gpu(settings(tmp_path), lambda: none, lambda: FOR_CPU).verdict is Verdict.OK


def test_a_containers_bound_below_what_a_render_takes_is_a_fault(tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("1000000000\n")
    unbound = tmp_path / "unbound"
    unbound.write_text("max\n")

    assert_fails(look_at_memory(settings(tmp_path), (limit,)), "1.0 GB to use", "mmgt-demo takes 3.6 GB")
    assert "1.0 GB to use" not in look_at_memory(settings(tmp_path), (unbound,)).line


def test_a_disk_without_room_or_a_folder_that_is_none_is_a_fault(tmp_path):
    (tmp_path / "file").touch()

    full = settings(tmp_path, storage={"reserve_bytes": 10**18})
    assert_fails(look_at_disk(full), "free in", "1000000000.4 GB are needed")
    assert_fails(look_at_disk(settings(tmp_path, data=tmp_path / "file" / "data")), str(tmp_path / "file"))
    assert look_at_disk(settings(tmp_path)).verdict is Verdict.OK


@pytest.mark.parametrize("metrics", [False, True])
def test_a_port_of_another_program_is_a_fault_that_names_both(metrics, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        groups = {"port": 0, "metrics": {"port": port - 1}} if metrics else {"port": port}

        finding = look_at_ports(settings(tmp_path, **groups), None)

    assert_fails(finding, f"{port} is taken by process {os.getpid()}")


def test_a_port_of_the_service_itself_is_well(tmp_path, valkey):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    program = [sys.executable, "-c", "import time; time.sleep(600)"]
    environment = {**os.environ, "MMGT_STORE__URL": valkey.url}
    process = subprocess.Popen(program, env=environment, pass_fds=[listener.fileno()])
    try:
        found = look_at_ports(settings(tmp_path, port=port), StoreSettings(url=valkey.url))
    finally:
        process.kill()
        process.wait()
        listener.close()

    assert found.verdict is Verdict.OK
    assert f"{port} is this service's" in found.says


def test_weights_that_are_absent_or_cut_short_are_a_fault(tmp_path):
    folder = tmp_path / "weights" / "mmgt-demo"
    shutil.copytree(ROOT / "mmgt_core" / "demo_weights", folder)
    whole = look_at_weights(settings(tmp_path, worker={"weights_folder": folder.parent}))
    network = folder / "smga.safetensors"
    os.truncate(network, network.stat().st_size - 1)

    absent = settings(tmp_path, worker={"weights_folder": tmp_path, "preset": "mmgt-512"})
    variant = settings(tmp_path, worker={"weights_folder": tmp_path, "preset": "mmgt-demo-guided"})
    assert look_at_weights(variant).verdict is Verdict.OK  # the package's, as its preset's
    assert whole.verdict is Verdict.OK
    assert_fails(look_at_weights(settings(tmp_path, worker={"weights_folder": folder.parent})), str(network), "stated")
    assert_fails(look_at_weights(absent), "mmgt-512 has none in", "mmgt weights pull")


def test_weights_of_the_right_size_with_other_contents_are_found_where_they_are_hashed(tmp_path):
    folder = tmp_path / "weights" / "mmgt-demo"
    shutil.copytree(ROOT / "mmgt_core" / "demo_weights", folder)
    served = settings(tmp_path, worker={"weights_folder": folder.parent})
    network = folder / "smga.safetensors"
    whole = look_at_weights(served, is_hashed=True)
    with network.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")

    assert whole.verdict is Verdict.OK
    assert look_at_weights(served).verdict is Verdict.OK
    assert_fails(look_at_weights(served, is_hashed=True), str(network), "sha256")


def test_an_identity_that_cannot_sign_is_a_fault_and_none_is_made(tmp_path):
    folder = tmp_path / "identity"
    mine = settings(tmp_path, provenance={"identity_folder": folder})
    before = look_at_identity(mine)
    assert not folder.exists()
    folder.mkdir()
    (folder / "chain.pem").write_text("no certificate")

    assert before.verdict is Verdict.OK
    assert_fails(look_at_identity(mine), str(folder))


def test_a_store_that_is_named_and_does_not_answer_is_a_fault(tmp_path, monkeypatch):
    url = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setenv("MMGT_STORE__URL", url)

    assert_fails(look_at_store(settings(tmp_path), StoreSettings(url=url)), "does not answer", "MMGT_STORE__URL")


def test_a_store_that_may_throw_jobs_away_is_a_fault(tmp_path, valkey):
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        evicting = look_at_store(settings(tmp_path), StoreSettings(url=valkey.url))
        client.config_set("maxmemory-policy", "noeviction")

    assert_fails(evicting, "allkeys-lru")
    assert look_at_store(settings(tmp_path), StoreSettings(url=valkey.url)).verdict is Verdict.OK


def test_a_wrong_password_is_said_to_be_one(tmp_path, valkey):
    wrong = StoreSettings(url=valkey.url.replace(valkey.password, "wrong"))

    assert_fails(look_at_store(settings(tmp_path), wrong), "refuses the password")


def test_before_the_first_start_no_store_is_missed(tmp_path, monkeypatch):
    monkeypatch.delenv("MMGT_STORE__URL", raising=False)

    assert store_settings(settings(tmp_path)) is None
    assert look_at_store(settings(tmp_path), None).verdict is Verdict.OK


def test_a_storage_without_its_bucket_or_its_server_is_a_fault(tmp_path):
    with rclone_s3(tmp_path) as storage:
        whole = look_at_storage(settings(tmp_path, storage=storage))
        elsewhere = storage.model_copy(update={"bucket": "another"})
        without_bucket = look_at_storage(settings(tmp_path, storage=elsewhere))
        told_clock = look_at_clock(settings(tmp_path, storage=storage), None)
        skewed = look_at_clock(settings(tmp_path, storage=storage), None, lambda: time.time() + 600)

    assert whole.verdict is told_clock.verdict is Verdict.OK
    assert_fails(without_bucket, "another")
    assert_fails(skewed, "ahead of the S3 store's")
    assert_fails(look_at_storage(settings(tmp_path, storage=storage)), str(storage.endpoint_url))


def test_a_folder_of_objects_that_cannot_be_written_is_a_fault(tmp_path):
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / ".unfinished").touch()  # a file where its folder must be: root may write anywhere else

    assert_fails(look_at_storage(settings(tmp_path, storage={"folder": tmp_path / "objects"})), "objects")


@pytest.mark.parametrize(("off_s", "way"), [(600, "600 s ahead of"), (-600, "600 s behind")])
def test_a_clock_that_is_off_is_a_fault_with_the_seconds(off_s, way, tmp_path, valkey):
    store = StoreSettings(url=valkey.url)

    assert_fails(look_at_clock(settings(tmp_path), store, lambda: time.time() + off_s), f"{way} the store's")
    assert look_at_clock(settings(tmp_path), store).verdict is Verdict.OK


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy", "doctor", *words]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)


def test_before_a_first_start_every_line_stands_there_and_nothing_is_made(tmp_path):
    found = run("--data", str(tmp_path / "data"), "--json", MMGT_PORT="0")

    assert [each["name"] for each in json.loads(found.stdout)] == NAMES
    assert found.returncode == 0, found.stdout
    assert not (tmp_path / "data").exists()


def test_one_fault_is_status_1_with_what_to_do_behind_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = run("--data", str(tmp_path), MMGT_PORT=str(taken.getsockname()[1]))

    assert found.returncode == 1
    assert [line.split()[0] for line in found.stdout.splitlines()] == NAMES
    (line,) = [line for line in found.stdout.splitlines() if "FAIL" in line]
    assert "-> end it, or choose another" in line


def test_settings_that_cannot_be_read_are_named_by_their_variable():
    found = run(MMGT_PORT="99999", MMGT_LEASES__LEASE_S="soon")

    assert found.returncode == 1
    assert "MMGT_PORT" in found.stdout
    assert "MMGT_LEASES__LEASE_S" in found.stdout
    assert "Traceback" not in found.stderr


def test_the_doctor_imports_no_torch_and_is_quick(tmp_path):
    program = (
        "import sys\nfrom deploy.cli import main\n"
        f"try:\n    main(['doctor', '--data', {str(tmp_path)!r}])\nexcept SystemExit:\n    pass\n"
        "import os; print('torch' in sys.modules, sum(os.times()[:4]), file=sys.stderr)"
    )
    environment = {**os.environ, "MMGT_PORT": "0"}
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)

    has_torch, cpu_s = ended.stderr.split()[-2:]
    assert has_torch == "False"
    assert float(cpu_s) < QUICK_S  # processor time: the machine of the tests has other work
