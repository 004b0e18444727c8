"""Whether an identity's marks will hold: tried at start on a tiny MP4, signed and read as `mmgt verify` reads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from mmgt_core.media.provenance import GenerationFacts, SigningFailed, read_provenance, sign_video
from mmgt_core.media.signing_identity import (
    SIGNING_USAGES,
    IdentityUnusable,
    SigningIdentity,
    ensure_identity,
    user_identity_folder,
)
from mmgt_core.media.video_writer import VideoWriter

Extension = TypeVar("Extension", bound=x509.ExtensionType)

_SIDE_PX = 64


def tried_identity(folder: Path | None) -> SigningIdentity:
    """The identity of a folder, by default the user's own, made at first use. Raises: IdentityUnusable."""
    folder = folder or user_identity_folder()
    identity = ensure_identity(folder)
    try_identity(identity, str(folder))
    return identity


def try_identity(identity: SigningIdentity, where: str) -> None:
    """Sign a video of one frame and read its mark: what fails here would fail after every render.

    Args:
        identity: to try.
        where: its files, for the message.

    Raises:
        IdentityUnusable: its marks cannot be made, or would not be trusted by its own reader; says what to change.
    """
    chain = x509.load_pem_x509_certificates(identity.certificate_chain_pem.encode())
    fault = next(_faults(chain), None)
    if fault is not None:
        raise IdentityUnusable(f"{where}: {fault}")
    with TemporaryDirectory(prefix="identity.") as folder:
        video = Path(folder) / "trial.mp4"
        with VideoWriter(video, _SIDE_PX, _SIDE_PX, None, 1) as writer:
            writer.write(np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8))
        try:
            sign_video(video, identity, GenerationFacts("trial", is_trained=False, seed=0))
        except SigningFailed as error:
            raise IdentityUnusable(f"{where}: a trial could not be signed: {error.__cause__ or error}") from error
        report = read_provenance(video, identity.trust_anchor_pem)
    if not report.is_trusted:
        raise IdentityUnusable(f"{where}: a trial was signed, and its mark does not hold: {'; '.join(report.problems)}")


def _faults(chain: list[x509.Certificate]) -> Iterator[str]:
    """What C2PA would refuse in one word, or sign and read as broken; the most telling first."""
    for number, (certificate, issuer) in enumerate(pairwise(chain), 1):
        if not _is_issued_by(certificate, issuer):
            yield (
                f"certificate {number + 1} of the chain did not issue certificate {number}: "
                "the signer's comes first, each next one is its issuer's"
            )
    if len(chain) == 1:
        yield "the chain is one certificate; its issuer's must follow, or no reader can tell who vouches for it"
    now = datetime.now(UTC)
    for number, certificate in enumerate(chain, 1):
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if now < begin:
            yield f"certificate {number} of the chain is valid from {begin:%Y-%m-%d %H:%M}; it is {now:%Y-%m-%d %H:%M}"
        if now > end:
            yield f"certificate {number} of the chain ended on {end:%Y-%m-%d}; it is {now:%Y-%m-%d}"
    yield from _missing_extensions(chain[0])


def _missing_extensions(signer: x509.Certificate) -> Iterator[str]:
    wanted = ", ".join(f"{name} ({oid})" for oid, name in SIGNING_USAGES.items())
    usages = _extension(signer, x509.ExtendedKeyUsage)
    if usages is None:
        yield f"the signer's certificate has no extended key usage; one of these is needed: {wanted}"
    elif not any(usage.dotted_string in SIGNING_USAGES for usage in usages):
        named = ", ".join(usage.dotted_string for usage in usages)
        yield f"the signer's certificate has the extended key usage {named}; one of these is needed: {wanted}"
    if _extension(signer, x509.AuthorityKeyIdentifier) is None:
        yield "the signer's certificate has no authority key identifier"
    key_usage = _extension(signer, x509.KeyUsage)
    if key_usage is None or not key_usage.digital_signature:
        yield "the signer's certificate has no key usage digitalSignature"


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
