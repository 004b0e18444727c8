"""Identities as authorities give them out and as operators spoil them: a leaf, its issuers, and one thing wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from mmgt_core.media.signing_identity import CHAIN_FILE, KEY_FILE

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Recipe:
    """What the signer's certificate and its chain are like; the default is right."""

    usages: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,)
    has_authority_id: bool = True
    has_intermediate: bool = False
    has_issuer: bool = True
    begins: timedelta = -DAY
    ends: timedelta = 100 * DAY
    is_reversed: bool = False
    has_other_key: bool = False

    def write(self, folder: Path) -> Path:
        """Make it: `chain.pem` and `key.pem` of the folder."""
        leaf_key, other_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer_key, issuer, chain = _issuers(self.has_intermediate)
        leaf = _builder("signer", issuer.subject, leaf_key, self.begins, self.ends)
        leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        leaf = leaf.add_extension(_usage(signs_certificates=False), critical=True)
        if self.usages:
            leaf = leaf.add_extension(x509.ExtendedKeyUsage(self.usages), critical=False)
        if self.has_authority_id:
            key_id = x509.SubjectKeyIdentifier.from_public_key(issuer_key.public_key())
            authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
            leaf = leaf.add_extension(authority, critical=False)
        certificates = [leaf.sign(issuer_key, hashes.SHA256()), *(chain if self.has_issuer else ())]
        certificates = certificates[::-1] if self.is_reversed else certificates
        key = other_key if self.has_other_key else leaf_key
        folder.mkdir(parents=True)
        (folder / CHAIN_FILE).write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in certificates))
        (folder / KEY_FILE).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return folder


def _issuers(has_intermediate: bool) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate, list[x509.Certificate]]:
    """The leaf's issuer with its key, and the chain above the leaf."""
    root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _authority("root", _name("root"), root_key, root_key)
    if not has_intermediate:
        return root_key, root, [root]
    middle = _authority("intermediate", root.subject, middle_key, root_key)
    return middle_key, middle, [middle, root]


def _authority(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    builder = _builder(name, issuer, key, -DAY, 100 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    builder = builder.add_extension(key_id, critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id)
    return builder.add_extension(authority, critical=False).sign(signer, hashes.SHA256())


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: timedelta, ends: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now + begins).not_valid_after(now + ends)


def _name(common_name: str) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A studio")
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
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
