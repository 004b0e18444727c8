"""Fetch the published files from the model hub once; refuse whatever is not what it was. The package's only network."""

import logging
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, ModelInfo, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers, tqdm  # type: ignore[attr-defined]  # lazily exported

from mmgt_core.checkpoints.lock import (
    LOCK_NAME,
    ContentHashes,
    LockedFile,
    PulledWeights,
    hash_file,
    locked_form,
    published_path,
    read_lock,
    require_unchanged,
    write_lock,
)
from mmgt_core.checkpoints.manifest import MMGT_512_FILES, REVISION, PublishedFile
from mmgt_core.errors import DownloadError

logger = logging.getLogger(__name__)

_ASK_TIMEOUT_S = 5.0
_ONE_PULL_AT_A_TIME = ".pull.lock"
_NO_LICENCE = "none stated"
_REFUSALS = {
    401: "it does not exist, or it is private and the hub's access token is missing or wrong",
    403: "its terms must be accepted on the hub first, or the access token does not allow it",
    404: "it does not exist there",
}


@dataclass(frozen=True)
class RepositoryLicence:
    """What a person is shown before anything is downloaded from a repository.

    Args:
        licence: as the repository's model card states it, or "none stated".
        download_bytes: what is still to come from this repository.
    """

    repository: str
    licence: str
    download_bytes: int


OnProgress = Callable[[str, int, int], None]
"""(file name, bytes that are here, bytes in all); raising from it stops the pull, what has come is kept."""

ConfirmLicences = Callable[[tuple[RepositoryLicence, ...]], bool]
"""Shows the licences; False refuses them."""


@dataclass(frozen=True)
class _HubFile:
    """A file as the hub describes it now."""

    repository: str
    commit: str
    path: str
    size_bytes: int
    hub_hash: str
    licence: str

    @property
    def name(self) -> str:
        return f"{self.repository}/{self.path}"


def pull_weights(
    folder: Path,
    files: Sequence[PublishedFile] = MMGT_512_FILES,
    *,
    endpoint: str | None = None,
    confirm_licences: ConfirmLicences | None = None,
    on_progress: OnProgress | None = None,
) -> PulledWeights:
    """Bring a weights folder to its full set of published files; fetch only what is absent, verify everything.

    Args:
        folder: the weights folder; made if absent.
        files: what to pull.
        endpoint: the model hub's address; None is the hub client's own default.
        confirm_licences: is asked once, before the first byte, if anything is to be downloaded; None accepts.
        on_progress: is told of every received block.

    Raises:
        DownloadError: the hub cannot be reached or refuses, a file is not what it was (names it and both hashes),
            the licences were refused, or the disk is too full.
    """
    api = HfApi(endpoint=endpoint)
    repositories = _ask_hub(api, folder, files)
    folder.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(folder / _ONE_PULL_AT_A_TIME):
        lock = read_lock(folder)
        on_hub = {file.local_name: _find(repositories[file.repository], file, lock) for file in files}
        for hub_file in on_hub.values():
            _verify_present(folder, hub_file, lock)

        absent = {name: file for name, file in on_hub.items() if not _place(folder, file).exists()}
        if absent:
            _confirm(absent.values(), confirm_licences)
            _require_disk_space(folder, absent.values())
        for hub_file in absent.values():
            found = _fetch(api, folder, hub_file, on_progress)
            lock.setdefault(hub_file.name, _record(hub_file, found))
            write_lock(folder, lock)
    return PulledWeights(folder, {name: lock[file.name] for name, file in on_hub.items()}, tuple(absent))


def _ask_hub(api: HfApi, folder: Path, files: Sequence[PublishedFile]) -> dict[str, ModelInfo]:
    infos: dict[str, ModelInfo] = {}
    for repository in dict.fromkeys(file.repository for file in files):
        wanted = ", ".join(file.path for file in files if file.repository == repository)
        try:
            infos[repository] = api.model_info(
                repository, revision=REVISION, files_metadata=True, timeout=_ASK_TIMEOUT_S
            )
        except HfHubHTTPError as error:
            raise DownloadError(_refusal(f"{repository} ({wanted})", error)) from error
        except (httpx2.RequestError, OfflineModeIsEnabled) as error:
            present = [locked.name for locked in read_lock(folder).values() if _place(folder, locked).is_file()]
            raise DownloadError(
                f"cannot reach the model hub at {api.endpoint} ({error}); nothing was changed; "
                f"already present: {', '.join(present) or 'nothing'}"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise DownloadError(f"{api.endpoint} does not answer like a model hub, asked for {repository}") from error
    return infos


def _find(info: ModelInfo, published: PublishedFile, lock: dict[str, LockedFile]) -> _HubFile:
    """The form of a file that was pulled before, else the first one that is published."""
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
    locked = locked_form(published, lock)
    paths = (locked.path,) if locked else published.paths
    sibling = next((siblings[path] for path in paths if path in siblings), None)
    if sibling is None:
        raise DownloadError(f"{published.repository} has no {' or '.join(paths)} on the hub")
    hub_hash = f"sha256:{sibling.lfs.sha256}" if sibling.lfs else f"git-sha1:{sibling.blob_id}"
    size_bytes = sibling.lfs.size if sibling.lfs else sibling.size
    if size_bytes is None or info.sha is None or hub_hash == "git-sha1:None":
        raise DownloadError(
            f"{published.repository}/{sibling.rfilename}: the hub states no size, hash or commit for it"
        )
    if locked and locked.hub_hash != hub_hash:
        raise DownloadError(
            f"{locked.name} was changed on the hub: it is {hub_hash}, {LOCK_NAME} says {locked.hub_hash} "
            f"(commit {locked.commit}); to take the new file, remove the old one and its record"
        )
    return _HubFile(published.repository, info.sha, sibling.rfilename, size_bytes, hub_hash, _licence(info))


def _licence(info: ModelInfo) -> str:
    card = info.card_data
    stated = card.license if card else None
    if not stated:
        return _NO_LICENCE
    words = stated if isinstance(stated, str) else ", ".join(stated)
    details = [detail for detail in (card.get("license_name"), card.get("license_link")) if detail] if card else []
    return f"{words} ({', '.join(details)})" if details else words


def _verify_present(folder: Path, hub_file: _HubFile, lock: dict[str, LockedFile]) -> None:
    """Compare a present file with its record; one that somebody laid there is compared with the hub and recorded."""
    file = _place(folder, hub_file)
    if not file.exists():
        return
    if hub_file.name in lock:
        require_unchanged(folder, lock[hub_file.name])
    else:
        found = hash_file(file)
        _require_hub_hash(hub_file, found, f"remove {file} and pull again")
        lock[hub_file.name] = _record(hub_file, found)
        write_lock(folder, lock)
    logger.info("weights_file_verified file=%s", hub_file.name)


def _confirm(absent: Iterable[_HubFile], confirm_licences: ConfirmLicences | None) -> None:
    bytes_of: dict[tuple[str, str], int] = {}
    for file in absent:
        bytes_of[file.repository, file.licence] = bytes_of.get((file.repository, file.licence), 0) + file.size_bytes
    licences = tuple(RepositoryLicence(*stated, size) for stated, size in bytes_of.items())
    for stated in licences:
        logger.info("weights_licence repository=%s licence=%r", stated.repository, stated.licence)
    if confirm_licences and not confirm_licences(licences):
        raise DownloadError("the licences were not accepted; nothing was downloaded")


def _require_disk_space(folder: Path, absent: Iterable[_HubFile]) -> None:
    needed = sum(file.size_bytes - _size(_partial(folder, file)) for file in absent)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DownloadError(
            f"{folder} needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free; nothing was downloaded"
        )


def _fetch(api: HfApi, folder: Path, hub_file: _HubFile, on_progress: OnProgress | None) -> ContentHashes:
    """Download one file, continuing where an earlier pull stopped; it takes its place only when its hash is right."""
    target, partial = _place(folder, hub_file), _partial(folder, hub_file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_other_partials(target, partial)
        if _size(partial) < hub_file.size_bytes:
            _receive(api, hub_file, partial, on_progress)
        found = hash_file(partial)
    except HfHubHTTPError as error:
        raise DownloadError(_refusal(hub_file.name, error)) from error
    except (httpx2.RequestError, OSError) as error:
        raise DownloadError(
            f"{hub_file.name} stopped after {_size(partial)} of {hub_file.size_bytes} bytes ({error}); "
            "what has come is kept: pull again to continue"
        ) from error
    if found.matching(hub_file.hub_hash) != hub_file.hub_hash:
        partial.unlink()
    _require_hub_hash(hub_file, found, "what came was thrown away")
    partial.replace(target)
    logger.info("weights_file_pulled file=%s bytes=%d sha256=%s", hub_file.name, found.size_bytes, found.sha256)
    return found


def _receive(api: HfApi, hub_file: _HubFile, partial: Path, on_progress: OnProgress | None) -> None:
    """Append to the partial file by plain HTTPS, which every file is served by and which can continue."""
    url = hf_hub_url(hub_file.repository, hub_file.path, revision=hub_file.commit, endpoint=api.endpoint)
    with partial.open("ab") as file:
        http_get(
            url,
            file,
            resume_size=file.tell(),
            headers={**build_hf_headers(library_name="mmgt_core"), "Accept-Encoding": "identity"},
            displayed_filename=hub_file.path,
            tqdm_class=_forwarding_bar(hub_file, on_progress),
        )


def _forwarding_bar(hub_file: _HubFile, on_progress: OnProgress | None) -> type[tqdm]:
    """The hub client speaks of progress only through a tqdm bar: one that draws nothing and passes the numbers on."""

    class ForwardingBar(tqdm):
        def __init__(self, initial: int = 0, **_: object) -> None:
            super().__init__(disable=True)
            self.received_bytes = initial

        def update(self, n: float | None = 1) -> None:
            self.received_bytes += int(n or 0)
            if on_progress:
                on_progress(hub_file.name, self.received_bytes, hub_file.size_bytes)

    return ForwardingBar


def _record(hub_file: _HubFile, found: ContentHashes) -> LockedFile:
    return LockedFile(
        repository=hub_file.repository,
        commit=hub_file.commit,
        path=hub_file.path,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        hub_hash=hub_file.hub_hash,
        licence=hub_file.licence,
        pulled_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _require_hub_hash(hub_file: _HubFile, found: ContentHashes, consequence: str) -> None:
    content_hash = found.matching(hub_file.hub_hash)
    if content_hash != hub_file.hub_hash:
        raise DownloadError(
            f"{hub_file.name} is not the published file: {content_hash}, {found.size_bytes} bytes; the hub states "
            f"{hub_file.hub_hash}, {hub_file.size_bytes} bytes; {consequence}"
        )


def _refusal(what: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    return f"{what}: the model hub answered {status}: {_REFUSALS.get(status, 'try again later')}"


def _place(folder: Path, file: _HubFile | LockedFile) -> Path:
    return published_path(folder, file.repository, file.path)


def _partial(folder: Path, hub_file: _HubFile) -> Path:
    """Beside the target; named by the content, so that two versions never mix."""
    target = _place(folder, hub_file)
    return target.with_name(f"{target.name}.{hub_file.hub_hash.partition(':')[2][:16]}.incomplete")


def _remove_other_partials(target: Path, partial: Path) -> None:
    for other in target.parent.glob(f"{target.name}.*.incomplete"):
        if other != partial:
            other.unlink()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
