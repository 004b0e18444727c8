"""Who signs this service's videos, and whose marks it trusts: from the settings, tried before anything is rendered."""

from importlib import import_module

from jobs.settings import Settings
from mmgt_core.media.signing_identity import (
    CHAIN_FILE,
    SigningIdentity,
    read_identity,
    trust_anchor_pem,
    user_identity_folder,
)

TRIAL_MODULE = "mmgt_core.media.identity_trial"
"""Imported by name: the video that it tries takes media libraries, and whoever only reads marks has none of it."""
FORMER_FOLDER = "identity"
"""Below the data folder: where earlier versions made one for each service; its marks go on to be trusted."""


def open_identity(settings: Settings) -> SigningIdentity:
    """The operator's certificate, or the user's own, made at first use; tried by signing and reading a tiny video.

    Raises:
        IdentityUnusable: its marks would not hold; names the files and what is wrong.
    """
    chain, key = settings.provenance.certificate_chain_file, settings.provenance.private_key_file
    if chain is None or key is None:
        own: SigningIdentity = import_module(TRIAL_MODULE).tried_identity(settings.provenance.identity_folder)
        return own
    identity = read_identity(chain, key)
    import_module(TRIAL_MODULE).try_identity(identity, f"{chain} and {key}")
    return identity


def trusted_anchors_pem(settings: Settings) -> str | None:
    """Whose marks are this service's own: the identity's, and that of an earlier version in its data folder."""
    provenance = settings.provenance
    own = provenance.certificate_chain_file or (provenance.identity_folder or user_identity_folder()) / CHAIN_FILE
    former = settings.data / FORMER_FOLDER / CHAIN_FILE
    return "".join(filter(None, map(trust_anchor_pem, (own, former)))) or None
