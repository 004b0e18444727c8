"""Each video says that a machine made it: a C2PA mark bound to its bytes, written and read without a network."""

import json
import os
import shutil
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from c2pa import (  # type: ignore[import-untyped]
    Builder,
    C2paError,
    C2paSignerInfo,
    C2paSigningAlg,
    Context,
    Reader,
    Settings,
    Signer,
)

from mmgt_core.errors import MMGTError
from mmgt_core.media.signing_identity import CHAIN_FILE, SIGNING_USAGES, SigningIdentity, trust_anchor_pem

FACTS_LABEL = "org.mmgt.generation"
VALID, ABSENT, INVALID = 0, 5, 6
"""Exit statuses of `mmgt verify`, besides those of every command."""

_MIME = "video/mp4"
_ACTION_LABELS = ("c2pa.actions", "c2pa.actions.v2")
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_OURS = _SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
"""A person's portrait and voice, joined by a trained model."""
_AI_GENERATED = frozenset({_OURS, _SOURCE_TYPES + "trainedAlgorithmicMedia", _SOURCE_TYPES + "compositeSynthetic"})
_OFFLINE: dict[str, Any] = {
    "version": 1,
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "core": {"allowed_network_hosts": []},
    "builder": {"thumbnail": {"enabled": False}},
}
"""The library's defaults fetch a mark from an address that the video names: anybody's address."""
_OTHER_USAGES = ("1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9")
"""Of those who sign time stamps and answers about revocation in others' marks."""
_MARK_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MAX_MARK_BYTES = 16_000_000
_BOX_HEADER = struct.Struct(">I4s")
_MAX_BOXES = 10_000
_MAX_PROBLEMS, _MAX_TEXT = 20, 200


class NotAnMP4(MMGTError):
    """The file is no MP4; only those are marked and read."""


class VideoUnreadable(MMGTError):
    """The file is missing, cannot be read or written, or its MP4 structure is broken."""


class SigningFailed(MMGTError):
    """The identity could not sign, for instance because its certificate lacks what C2PA asks for."""


@dataclass(frozen=True)
class GenerationFacts:
    """What the mark tells of a video; nothing in it names the person or the client."""

    preset: str
    is_trained: bool
    seed: int
    request_id: str | None = None
    consented_at: datetime | None = None
    """When the client stated that the person shown agreed; None without such a statement."""


@dataclass(frozen=True)
class ProvenanceReport:
    """What a video's mark says and whether that holds; without a mark every other fact is empty."""

    is_present: bool
    is_valid: bool = False
    """The bytes are those that were signed."""
    is_trusted: bool = False
    """Valid, and the signer's chain leads to a trust anchor that the reader was given."""
    signer: str | None = None
    generator: str | None = None
    created_at: datetime | None = None
    is_ai_generated: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """The answer of `mmgt verify`: a JSON object and an exit status."""

    body: dict[str, Any]
    exit_code: int


def sign_video(path: Path, identity: SigningIdentity, facts: GenerationFacts) -> None:
    """Put the mark into an MP4; the file under this name is whole at every moment. A mark that it had is replaced.

    Raises:
        NotAnMP4: it is something else.
        VideoUnreadable: it cannot be read, or the folder not be written.
        SigningFailed: the identity cannot sign.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        with path.open("rb") as video, unfinished.open("w+b") as marked:
            _check_mp4(path, video)
            signing = C2paSignerInfo(
                C2paSigningAlg.ES256, identity.certificate_chain_pem.encode(), identity.private_key_pem.encode(), None
            )
            with (
                Context(Settings.from_dict(_OFFLINE)) as context,
                Builder(_claim(facts), context) as builder,
                Signer.from_info(signing) as signer,
            ):
                builder.sign(signer, _MIME, video, marked)
        shutil.copymode(path, unfinished)
        os.replace(unfinished, path)
    except OSError as error:
        raise VideoUnreadable(f"{path}: {error.strerror}") from error
    except C2paError as error:
        raise SigningFailed(f"{path}: it could not be signed: {_short(error)}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def sign_all(paths: Iterable[Path], identity: SigningIdentity, facts: GenerationFacts) -> None:
    """Put the mark into each MP4 of a list."""
    for path in paths:
        sign_video(path, identity, facts)


def read_provenance(path: Path, trust_anchors_pem: str | None = None) -> ProvenanceReport:
    """Read and check the mark of an MP4; the whole file is hashed, nothing is fetched.

    Raises:
        NotAnMP4: it is something else.
        VideoUnreadable: it cannot be read, or is broken and has no mark.
    """
    try:
        with path.open("rb") as video:
            mark_bytes = _check_mp4(path, video)
            if mark_bytes > _MAX_MARK_BYTES:
                return _unusable(f"the mark has {mark_bytes} bytes; the limit is {_MAX_MARK_BYTES}")
            return _read(path, video, mark_bytes > 0, trust_anchors_pem)
    except OSError as error:
        raise VideoUnreadable(f"{path}: {error.strerror}") from error


def verify_video(path: Path, identity_folders: Iterable[Path]) -> Verification:
    """Read a mark for people: trusted means signed by an identity in one of these folders; absent ones count nothing.

    Raises:
        NotAnMP4, VideoUnreadable: as `read_provenance`.
        IdentityUnusable: a folder's chain cannot be read.
    """
    anchors = "".join(filter(None, (trust_anchor_pem(folder / CHAIN_FILE) for folder in identity_folders)))
    report = read_provenance(path, anchors or None)
    created_at = report.created_at.isoformat() if report.created_at else None
    body = {"file": path.name, **asdict(report), "created_at": created_at, "problems": list(report.problems)}
    return Verification(body, VALID if report.is_valid else INVALID if report.is_present else ABSENT)


def _claim(facts: GenerationFacts) -> dict[str, Any]:
    consented_at = facts.consented_at.isoformat() if facts.consented_at else None
    now = datetime.now(UTC).isoformat("T", "seconds")
    created = {"action": "c2pa.created", "digitalSourceType": _OURS, "when": now}
    return {
        "claim_generator_info": [{"name": "MMGT", "version": version("mmgt")}],
        "format": _MIME,
        "assertions": [
            {"label": _ACTION_LABELS[-1], "data": {"actions": [created]}},
            {"label": FACTS_LABEL, "data": {**asdict(facts), "consented_at": consented_at}},
        ],
    }


def _read(path: Path, video: BinaryIO, has_mark: bool, trust_anchors_pem: str | None) -> ProvenanceReport:
    trust = {"trust_config": "\n".join((*SIGNING_USAGES, *_OTHER_USAGES))}
    if trust_anchors_pem:
        trust["trust_anchors"] = trust_anchors_pem
    try:
        with (
            Context(Settings.from_dict({**_OFFLINE, "trust": trust})) as context,
            Reader(_MIME, video, context=context) as reader,
        ):
            return _report(json.loads(reader.json()))
    except C2paError.ManifestNotFound:
        return ProvenanceReport(is_present=False)
    except C2paError as error:
        if has_mark or "remote manifest" in str(error):
            return _unusable(_short(error))
        raise VideoUnreadable(f"{path}: {_short(error)}") from error


def _report(store: dict[str, Any]) -> ProvenanceReport:
    """From the library's own JSON; the strings in it are still anybody's."""
    state = store.get("validation_state")
    manifests = store.get("manifests") or {}
    active = manifests.get(store.get("active_manifest")) or {}
    signature = active.get("signature_info") or {}
    generator: dict[str, Any] = next(iter(active.get("claim_generator_info") or ()), {})
    failures = ((store.get("validation_results") or {}).get("activeManifest") or {}).get("failure") or ()
    return ProvenanceReport(
        is_present=True,
        is_valid=state in ("Valid", "Trusted"),
        is_trusted=state == "Trusted",
        signer=_text(signature.get("common_name") or signature.get("issuer")),
        generator=_text(" ".join(str(generator[key]) for key in ("name", "version") if key in generator)),
        created_at=next(filter(None, (_moment(action.get("when")) for action in _actions(active))), None),
        is_ai_generated=any(
            action.get("digitalSourceType") in _AI_GENERATED
            for manifest in manifests.values()
            for action in _actions(manifest)
        ),
        problems=tuple(
            str(_text(f"{failure.get('code')}: {failure.get('explanation')}"))
            for failure in failures[:_MAX_PROBLEMS]
            if failure.get("code") != "signingCredential.untrusted"  # is_trusted says it
        ),
    )


def _unusable(problem: str) -> ProvenanceReport:
    return ProvenanceReport(is_present=True, problems=(problem,))


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label")).split("__")[0] in _ACTION_LABELS:  # the library has checked these contents
            yield from assertion["data"]["actions"]


def _moment(when: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(when)) if when else None
    except ValueError:
        return None


def _check_mp4(path: Path, video: BinaryIO) -> int:
    """Walk the top-level boxes (ISO 14496-12), leave the file at its start, and return the mark's bytes; 0 without one.

    Raises:
        NotAnMP4: it does not begin as one, or has no index.
        VideoUnreadable: it is cut off, or lies in absurdly many boxes.
    """
    end = video.seek(0, os.SEEK_END)
    mark_bytes = position = 0
    kinds: list[bytes] = []
    while position < end:
        video.seek(position)
        header = video.read(32)
        size, kind = _box(header, end - position)
        if not kinds and kind != b"ftyp":
            break
        if not _BOX_HEADER.size <= size <= end - position:
            raise VideoUnreadable(f"{path}: a part at byte {position} claims {size} bytes of the {end - position} left")
        if len(kinds) == _MAX_BOXES:
            raise VideoUnreadable(f"{path}: more than {_MAX_BOXES} parts")
        kinds.append(kind)
        mark_bytes += size if kind == b"uuid" and _MARK_BOX in header else 0
        position += size
    if b"moov" not in kinds:
        raise NotAnMP4(f"{path}: not an MP4 video")
    video.seek(0)
    return mark_bytes


def _box(header: bytes, left_bytes: int) -> tuple[int, bytes]:
    """A box's size in bytes (0 where the header is cut off) and its kind."""
    if len(header) < _BOX_HEADER.size:
        return 0, b""
    size, kind = _BOX_HEADER.unpack_from(header)
    if size == 0:
        return left_bytes, kind
    if size == 1 and len(header) >= 16:
        return int.from_bytes(header[8:16]), kind
    return size, kind


def _short(error: C2paError) -> str:
    return str(_text(str(error)))


def _text(value: object) -> str | None:
    return str(value)[:_MAX_TEXT] or None if value is not None else None
