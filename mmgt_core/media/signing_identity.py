"""Who signs the videos of this installation: a certificate chain and its key, the operator's own or made here once."""

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from platformdirs import user_data_path

from mmgt_core.errors import MMGTError

CHAIN_FILE = "chain.pem"
KEY_FILE = "key.pem"
SIGNING_USAGES = {
    ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string: "emailProtection",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
}
"""Extended key usages of a signer. Only the first is taken by a reader that was told of none."""
_VALIDITY = timedelta(days=3650)
"""Long, because no time stamp of a third party says that a video is older than its certificate's end."""
_CLOCK_SKEW = timedelta(hours=1)


class IdentityUnusable(MMGTError):
    """The folder holds no certificate chain and key that videos can be signed with."""


@dataclass(frozen=True)
class SigningIdentity:
    """A certificate chain, the signer's first, and the signer's key on the curve P-256 (ES256), all PEM."""

    certificate_chain_pem: str
    private_key_pem: str = field(repr=False)

    @property
    def signer(self) -> str:
        """Whom the marks name."""
        return x509.load_pem_x509_certificates(self.certificate_chain_pem.encode())[0].subject.rfc4514_string()

    @property
    def trust_anchor_pem(self) -> str:
        """The chain's last certificate; a mark that leads to it was made by this identity or its issuer."""
        return _pem(x509.load_pem_x509_certificates(self.certificate_chain_pem.encode())[-1])


def user_identity_folder() -> Path:
    """The one identity of a user, wherever they work: `mmgt/identity` where the system keeps a user's data."""
    return user_data_path("mmgt", appauthor=False) / "identity"


def ensure_identity(folder: Path) -> SigningIdentity:
    """Load the identity of a folder; the first call makes it. Processes that start at once get the same one.

    Raises:
        IdentityUnusable: the folder exists, but what it holds cannot sign.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        _make_folder(folder)
    return load_identity(folder)


def load_identity(folder: Path) -> SigningIdentity:
    """Read `chain.pem` and `key.pem`. Raises: IdentityUnusable: as `read_identity`."""
    return read_identity(folder / CHAIN_FILE, folder / KEY_FILE)


def read_identity(chain_file: Path, key_file: Path) -> SigningIdentity:
    """Read an identity's two files; `try_identity` tells whether its marks will hold.

    Raises:
        IdentityUnusable: a file is missing or unreadable, or the key is not the first certificate's.
    """
    try:
        chain_pem, key_pem = chain_file.read_text(), key_file.read_text()
        chain = x509.load_pem_x509_certificates(chain_pem.encode())
        key = load_pem_private_key(key_pem.encode(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise IdentityUnusable(f"{chain_file} and {key_file} cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IdentityUnusable(f"{key_file}: the key must be on the curve P-256")
    own = _public(key.public_key())
    owners = [number for number, certificate in enumerate(chain, 1) if _public(certificate.public_key()) == own]
    if owners[:1] != [1]:
        told = f"it is that of certificate {owners[0]}: the signer's must come first" if owners else "nor of another"
        raise IdentityUnusable(f"{key_file} is not the key of the first certificate in {chain_file}, {told}")
    return SigningIdentity(chain_pem, key_pem)


def trust_anchor_pem(chain_file: Path) -> str | None:
    """The last certificate of a chain, also of an identity that signs no more; None where there is no such file.

    Raises:
        IdentityUnusable: the file cannot be read.
    """
    try:
        return _pem(x509.load_pem_x509_certificates(chain_file.read_bytes())[-1])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise IdentityUnusable(f"{chain_file} cannot be read: {error}") from error


def _make_folder(folder: Path) -> None:
    """Fill a folder under another name, then give it its name: whoever comes second keeps the first one's."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))  # mode 0700
    try:
        identity = _self_made()
        _write_private(unfinished / CHAIN_FILE, identity.certificate_chain_pem)
        _write_private(unfinished / KEY_FILE, identity.private_key_pem)
        os.rename(unfinished, folder)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not (folder / KEY_FILE).is_file():
            raise


def _self_made() -> SigningIdentity:
    """A root whose key is thrown away at once, and the one certificate that it ever signs."""
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, leaf_name = _name("MMGT self-made root"), _name("MMGT self-made signer")
    root_id = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    root = (
        _certificate(root_name, root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(root_id, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(leaf_name, root_name, leaf_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )  # C2PA asks for it
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_id), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    key_pem = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return SigningIdentity(_pem(leaf) + _pem(root), key_pem)


def _certificate(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALIDITY)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "MMGT"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _public(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
