"""Secrets of a compose installation: drawn at the first start, one folder a service, and never drawn again."""

import os
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

from mmgt_core.media.signing_identity import ensure_identity

SERVICE_USER = 10001
_VALKEY_CONF = """bind * -::*
protected-mode yes
port 6379
dir /data
appendonly yes
appendfsync always
maxmemory-policy noeviction
requirepass {password}
"""


def give_to(owner: int, folders: Iterable[Path]) -> None:
    """Make a user the owner of folders and of all in them."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, owner)


def write_secrets(root: Path) -> bool:
    """Write each service's files below `root`, unless they are there.

    Args:
        root: holds the folders valkey, storage, service and delivery.

    Returns:
        Whether they were written now.
    """
    done = root / "service" / "service.env"
    if done.exists():
        return False
    password, access_key, secret_key = (secrets.token_hex(24) for _ in range(3))
    store = {"MMGT_STORE__URL": f"redis://:{password}@valkey:6379/0"}
    storage = {"MMGT_STORAGE__ACCESS_KEY": access_key, "MMGT_STORAGE__SECRET_KEY": secret_key}
    identity = root / "service" / "identity"
    ensure_identity(identity)
    signing = {
        "MMGT_PROVENANCE__CERTIFICATE_CHAIN_FILE": "/secrets/identity/chain.pem",
        "MMGT_PROVENANCE__PRIVATE_KEY_FILE": "/secrets/identity/key.pem",
    }
    _write(root / "valkey" / "valkey.conf", _VALKEY_CONF.format(password=password))
    _write(root / "valkey" / "password.env", f"export REDISCLI_AUTH={password}\n")
    _write(root / "storage" / "s3.env", f"AWS_ACCESS_KEY_ID={access_key}\nAWS_SECRET_ACCESS_KEY={secret_key}\n")
    _write_environment(root / "delivery" / "delivery.env", store)
    _write_environment(done, store | storage | signing)  # last: it says that all are there
    return True


def _write_environment(path: Path, values: dict[str, str]) -> None:
    _write(path, "".join(f"{name}={value}\n" for name, value in values.items()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    part.replace(path)


if __name__ == "__main__":
    folders = [Path(word) for word in sys.argv[1:]]
    write_secrets(folders[0])
    give_to(SERVICE_USER, folders)
