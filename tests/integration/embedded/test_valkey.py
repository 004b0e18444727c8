import os
import signal
import stat
import subprocess
import sys

import pytest
import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from deploy.embedded.valkey import DataFolderInUse, EmbeddedValkey, StoreNotStarted
from jobs.processes import has_ended

SERVE_AND_WAIT = """
import pathlib, sys
from deploy.embedded.valkey import EmbeddedValkey
with EmbeddedValkey(pathlib.Path(sys.argv[1])) as valkey:
    print(valkey.url, flush=True)
    sys.stdin.read()
"""

SUPERVISE = """
import pathlib, sys
from deploy.embedded.valkey import EmbeddedValkey
from jobs.processes import Supervisor
valkey = EmbeddedValkey(pathlib.Path(sys.argv[1]))
sys.exit(Supervisor([[valkey.child]], output=sys.stderr.buffer).run(lambda: print("url", valkey.url, flush=True)))
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data of mine" / "valkey"


def client(valkey):
    return redis.Redis.from_url(valkey.url)


def kill(valkey):
    os.kill(valkey._process.pid, signal.SIGKILL)
    while not has_ended(valkey._process):
        pass


def test_state_survives_a_stop_and_a_start(folder):
    with EmbeddedValkey(folder) as valkey:
        client(valkey).set("key", "kept")

    with EmbeddedValkey(folder) as valkey:
        assert client(valkey).get("key") == b"kept"


def test_acknowledged_writes_survive_kill_9(folder):
    with EmbeddedValkey(folder) as valkey:
        acknowledged = [client(valkey).rpush("list", number) for number in range(200)][-1]
        kill(valkey)

    with EmbeddedValkey(folder) as valkey:
        assert client(valkey).llen("list") == acknowledged == 200


def test_a_stop_leaves_no_process(folder):
    with EmbeddedValkey(folder) as valkey:
        pid = valkey._process.pid

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_without_the_password_nothing_is_answered(folder):
    with EmbeddedValkey(folder) as valkey, pytest.raises(redis.AuthenticationError):
        redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)).get("key")


def test_password_and_configuration_are_the_owners_only(folder):
    with EmbeddedValkey(folder) as valkey:
        password = (folder / "valkey.secret").read_text()
        rights = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (folder, folder / "valkey.secret", folder / "valkey.conf")
        }

    assert rights == {"valkey": 0o700, "valkey.secret": 0o600, "valkey.conf": 0o600}
    assert len(password) >= 43  # 256 bits
    assert password not in repr(valkey) + " ".join(valkey.child.argv)


def test_every_write_is_on_disk_before_it_is_acknowledged_and_nothing_is_evicted(folder):
    with EmbeddedValkey(folder) as valkey:
        found = client(valkey).config_get("appendonly", "appendfsync", "maxmemory-policy", "bind")

    assert found == {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
    }


def test_a_second_store_on_the_same_folder_is_refused(folder):
    with EmbeddedValkey(folder), pytest.raises(DataFolderInUse, match=str(folder)):
        EmbeddedValkey(folder, free_within_s=0.1)


def test_after_kill_9_of_the_parent_the_server_ends_and_the_next_one_finds_the_state(folder):
    parent = subprocess.Popen(
        [sys.executable, "-c", SERVE_AND_WAIT, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    redis.Redis.from_url(parent.stdout.readline().strip()).set("key", "kept")
    parent.kill()
    parent.communicate()

    with EmbeddedValkey(folder) as valkey:  # waits for the lock, which the orphan holds until its end
        assert client(valkey).get("key") == b"kept"


def test_a_supervised_store_comes_back_after_kill_9_with_every_acknowledged_write(folder):
    command = [sys.executable, "-c", SUPERVISE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as supervisor:
        url = next(line.split()[1] for line in supervisor.stdout if line.startswith("url"))
        store = redis.Redis.from_url(url, retry=Retry(ConstantBackoff(0.02), 500))
        acknowledged = [store.rpush("list", number) for number in range(200)][-1]
        first = store.info("server")["process_id"]
        os.kill(first, signal.SIGKILL)

        found = store.llen("list")

        assert found == acknowledged == 200
        assert store.info("server")["process_id"] != first
        supervisor.terminate()
        assert supervisor.wait(20) == 0


def test_a_port_in_use_is_told(folder, tmp_path):
    with EmbeddedValkey(tmp_path / "other") as other, pytest.raises(StoreNotStarted, match=str(other.port)):
        EmbeddedValkey(folder, port=other.port).__enter__()
