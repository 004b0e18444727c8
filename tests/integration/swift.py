"""OpenStack Swift with its S3 face, as a strict S3-compatible store: four processes on loopback, one replica."""

import getpass
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swift.common.ring import RingBuilder

from jobs.settings import StorageSettings
from tests.integration.s3_servers import s3_settings, wait_for_bucket
from tests.integration.valkey import free_port

PART_POWER = 4
ACCESS_KEY, SECRET_KEY = "test:tester", "testing"
BACKENDS = ("account", "container", "object")

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
user = {user}
workers = 0
log_level = WARNING
"""

BACKEND = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache s3api tempauth slo dlo copy proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
cors_preflight_allow_origin =
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcache_port}
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:copy]
use = egg:swift#copy
"""


def write_configuration(folder: Path) -> dict[str, Path]:
    """Write rings and configuration; return each server's file by its kind."""
    ports = {kind: free_port() for kind in (*BACKENDS, "proxy")}
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    files = {}
    for kind, port in ports.items():
        common = COMMON.format(port=port, folder=folder, user=getpass.getuser())
        rest = BACKEND.format(kind=kind) if kind in BACKENDS else PROXY.format(memcache_port=free_port())
        files[kind] = folder / f"{kind}.conf"
        files[kind].write_text(common + rest)
    for kind in BACKENDS:
        builder = RingBuilder(PART_POWER, 1, 0)
        builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": ports[kind], "device": "d1", "weight": 1})
        builder.rebalance()
        builder.get_ring().save(str(folder / f"{kind}.ring.gz"))
    return files


@contextmanager
def swift_s3(folder: Path) -> Iterator[StorageSettings]:
    """Serve Swift's S3 face with one bucket, whose bytes lie in the folder (it needs user xattrs)."""
    processes = []
    files = write_configuration(folder)
    port = next(line.split("=")[1].strip() for line in files["proxy"].read_text().splitlines() if "bind_port" in line)
    try:
        for kind, path in files.items():
            command = [str(Path(sys.executable).with_name(f"swift-{kind}-server")), str(path)]
            with (folder / f"{kind}.log").open("wb") as log:
                processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        settings = s3_settings(f"http://127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY)
        wait_for_bucket(settings)
        yield settings
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)
