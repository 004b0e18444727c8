"""Two small repositories on a hub, and the pull of them that the download tests share."""

import hashlib
import json
import random
from pathlib import Path

from mmgt_core.checkpoints.download import pull_weights
from mmgt_core.checkpoints.lock import LOCK_NAME, PulledWeights
from mmgt_core.checkpoints.manifest import PublishedFile
from tests.unit.checkpoints.model_hub import ModelHub, Repository

CONFIG = b'{"width": 1}\n'
WEIGHTS = random.Random(1).randbytes(5000)
# The hub's client hands over blocks of 10 MiB: a stop in the middle needs a file that is longer than two.
LONG = random.Random(2).randbytes(21 * 2**20)
BLOCK = 10 * 2**20

FILES = (
    PublishedFile("owner/one", "config.json", "config", "a small file", 13),
    PublishedFile("owner/one", "model.safetensors", "model", "a large file", 5000, ("model.bin",)),
    PublishedFile("owner/two", "folder/long.pth", "long", "a very large file", len(LONG)),
)
SHORT_FILES = FILES[:2]
MODEL = Path("published/owner--one/model.bin")


def small_repositories() -> dict[str, Repository]:
    """What the hub has: one repository with a licence, one without."""
    return {
        "owner/one": Repository({"config.json": CONFIG, "model.bin": WEIGHTS}, licence="openrail", commit="1" * 40),
        "owner/two": Repository({"folder/long.pth": LONG}, licence=None, commit="2" * 40),
    }


def pull(hub: ModelHub, folder: Path, files: tuple[PublishedFile, ...] = SHORT_FILES, **options) -> PulledWeights:
    return pull_weights(folder, files, endpoint=hub.endpoint, **options)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def locked(folder: Path) -> dict[str, dict]:
    records = json.loads((folder / LOCK_NAME).read_text())["files"]
    return {record["path"]: record for record in records}
