"""What lies in a weights folder and what it was when it first came: `weights.lock.json` and its verification."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mmgt_core.checkpoints.manifest import MMGT_512_FILES, PublishedFile
from mmgt_core.errors import DownloadError, WeightsError

LOCK_NAME = "weights.lock.json"
_PUBLISHED = "published"
_TENSOR_FILES = (".pt", ".pth", ".safetensors")
_READ_BYTES = 8 * 2**20


@dataclass(frozen=True)
class LockedFile:
    """The record of one pulled file.

    Args:
        commit: the repository's commit it was taken from.
        size_bytes, sha256: of the content; sha256 in hexadecimal.
        hub_hash: the hub's own hash, `sha256:…` for large files and `git-sha1:…` for small ones.
        licence: what the repository stated at that moment.
        pulled_at: ISO 8601, UTC.
    """

    repository: str
    commit: str
    path: str
    size_bytes: int
    sha256: str
    hub_hash: str
    licence: str
    pulled_at: str

    @property
    def name(self) -> str:
        """`owner/name/path`."""
        return f"{self.repository}/{self.path}"


@dataclass(frozen=True)
class PulledWeights:
    """Published files that are present and verified.

    Args:
        folder: the weights folder.
        files: local name to record.
        downloaded: local names of those that this pull fetched.
    """

    folder: Path
    files: Mapping[str, LockedFile]
    downloaded: tuple[str, ...]

    def path(self, local_name: str) -> Path:
        """Where a file lies, by its local name."""
        locked = self.files[local_name]
        return published_path(self.folder, locked.repository, locked.path)


@dataclass(frozen=True)
class ContentHashes:
    """Size and hashes of a file's content, in hexadecimal; git_sha1 is that of a git blob."""

    size_bytes: int
    sha256: str
    git_sha1: str

    def matching(self, hub_hash: str) -> str:
        """This content's hash in the kind and spelling of a hub hash."""
        return f"git-sha1:{self.git_sha1}" if hub_hash.startswith("git-sha1:") else f"sha256:{self.sha256}"


def published_path(folder: Path, repository: str, path: str) -> Path:
    """The fixed place of a published file: `folder/published/owner--name/path`."""
    return folder / _PUBLISHED / repository.replace("/", "--") / path


def hash_file(file: Path) -> ContentHashes:
    """Read a file once and hash it in every way that the hub knows."""
    size_bytes = file.stat().st_size
    sha256 = hashlib.sha256()
    git_sha1 = hashlib.sha1(f"blob {size_bytes}\0".encode(), usedforsecurity=False)
    with file.open("rb") as content:
        while block := content.read(_READ_BYTES):
            sha256.update(block)
            git_sha1.update(block)
    return ContentHashes(size_bytes, sha256.hexdigest(), git_sha1.hexdigest())


def read_lock(folder: Path) -> dict[str, LockedFile]:
    """Records by name; none where nothing was pulled yet. Raises: DownloadError: the lock cannot be read."""
    lock = folder / LOCK_NAME
    try:
        records = [LockedFile(**record) for record in json.loads(lock.read_text("utf-8"))["files"]]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise DownloadError(f"{lock} is damaged ({error}); restore it, or remove it to record anew") from error
    return {record.name: record for record in records}


def write_lock(folder: Path, lock: Mapping[str, LockedFile]) -> None:
    """Replace the lock as a whole, so that a kill leaves the old one or the new one."""
    text = json.dumps({"files": [asdict(lock[name]) for name in sorted(lock)]}, indent=2, ensure_ascii=False)
    unfinished = folder / f"{LOCK_NAME}.incomplete"
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / LOCK_NAME)


def require_unchanged(folder: Path, locked: LockedFile) -> None:
    """Compare a present file with its record. Raises: DownloadError: it is another content; names both hashes."""
    file = published_path(folder, locked.repository, locked.path)
    found = hash_file(file)
    if found.sha256 != locked.sha256:
        raise DownloadError(
            f"{locked.name} was changed on this disk: sha256 {found.sha256}, {LOCK_NAME} says {locked.sha256}; "
            f"remove {file} and pull again"
        )


def locked_form(published: PublishedFile, lock: Mapping[str, LockedFile]) -> LockedFile | None:
    """The record of whichever form of a file was pulled."""
    names = [f"{published.repository}/{path}" for path in published.paths]
    return next((lock[name] for name in names if name in lock), None)


def verify_weights(folder: Path, files: Sequence[PublishedFile] = MMGT_512_FILES) -> PulledWeights:
    """Check without network that every file is present and is what was first pulled.

    Raises:
        DownloadError: files are missing, or one was changed; names them.
    """
    lock = read_lock(folder)
    present: dict[str, LockedFile] = {}
    missing: list[str] = []
    for published in files:
        locked = locked_form(published, lock)
        if locked is None or not published_path(folder, locked.repository, locked.path).is_file():
            missing.append(f"{published.repository}/{published.path}")
        else:
            present[published.local_name] = locked
    if missing:
        raise DownloadError(f"{len(missing)} of {len(files)} files are not in {folder}: {', '.join(missing)}")
    for locked in present.values():
        require_unchanged(folder, locked)
    return PulledWeights(folder, present, ())


def present_tensor_files(source: Path) -> dict[str, Path]:
    """Local name to file, in whichever form it was pulled. Raises: WeightsError: names every file that is absent."""
    forms = {
        file.local_name: [published_path(source, file.repository, path) for path in file.paths]
        for file in MMGT_512_FILES
        if file.path.endswith(_TENSOR_FILES)
    }
    found = {name: path for name, paths in forms.items() for path in reversed(paths) if path.is_file()}
    absent = [str(paths[0]) for name, paths in forms.items() if name not in found]
    if absent:
        raise WeightsError(
            f"{len(absent)} of {len(forms)} files are absent: {', '.join(absent)}; fetch them with `mmgt weights pull`"
        )
    return found
