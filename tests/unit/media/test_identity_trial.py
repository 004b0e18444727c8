"""An identity is refused before anything is made with it, by what is wrong; what is accepted makes trusted marks."""

import shutil

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from mmgt_core.media.identity_trial import try_identity
from mmgt_core.media.provenance import GenerationFacts, sign_video, verify_video
from mmgt_core.media.signing_identity import IdentityUnusable, ensure_identity, load_identity
from tests.unit.media.identities import DAY, DOCUMENT_SIGNING, Recipe
from tests.unit.media.recordings import encode_film

EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
BAD = {
    "key of another": (Recipe(has_other_key=True), "is not the key of the first certificate"),
    "no usage": (Recipe(usages=()), "has no extended key usage; one of these is needed: emailProtection"),
    "another usage": (Recipe(usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "extended key usage 1.3.6.1.5.5.7.3.1; one"),
    "no authority": (Recipe(has_authority_id=False), "has no authority key identifier"),
    "not yet valid": (Recipe(begins=2 * DAY), "certificate 1 of the chain is valid from 2"),
    "over": (Recipe(begins=-9 * DAY, ends=-DAY), "certificate 1 of the chain ended on 2"),
    "root first": (Recipe(is_reversed=True), "it is that of certificate 2: the signer's must come first"),
    "issuer missing": (Recipe(has_issuer=False), "the chain is one certificate; its issuer's must follow"),
}
GOOD = {
    "e-mail": Recipe(),
    "documents alone": Recipe(usages=(DOCUMENT_SIGNING,)),
    "both": Recipe(usages=(EMAIL, DOCUMENT_SIGNING)),
    "an issuer between": Recipe(has_intermediate=True),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_identity_whose_marks_would_not_hold_is_refused_with_what_is_wrong(tmp_path, kind):
    recipe, message = BAD[kind]
    folder = recipe.write(tmp_path / "identity")

    with pytest.raises(IdentityUnusable, match=str(folder)) as refused:
        try_identity(load_identity(folder), str(folder))
    assert message in str(refused.value)


def test_issuers_in_the_wrong_order_are_told_by_number(tmp_path):
    folder = Recipe(has_intermediate=True).write(tmp_path / "identity")
    end = "-----END CERTIFICATE-----\n"
    leaf, middle, root = (folder / "chain.pem").read_text().split(end)[:3]
    (folder / "chain.pem").write_text(end.join((leaf, root, middle, "")))

    with pytest.raises(IdentityUnusable, match="certificate 2 of the chain did not issue certificate 1"):
        try_identity(load_identity(folder), str(folder))


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_accepted_makes_marks_that_verify_as_trusted(tmp_path, kind):
    folder = GOOD[kind].write(tmp_path / "identity")
    identity = load_identity(folder)
    film = encode_film(tmp_path / "film.mp4")

    try_identity(identity, str(folder))
    sign_video(film, identity, GenerationFacts("mmgt-demo", is_trained=True, seed=1))

    assert verify_video(film, [folder]).body["is_trusted"]


def test_the_identity_that_is_made_here_is_accepted(tmp_path):
    try_identity(ensure_identity(tmp_path / "identity"), "identity")


def test_a_mark_is_trusted_by_any_of_several_identities_also_one_that_signs_no_more(tmp_path):
    film, old = encode_film(tmp_path / "film.mp4"), tmp_path / "old"
    sign_video(film, ensure_identity(old), GenerationFacts("mmgt-demo", is_trained=True, seed=1))
    (old / "key.pem").unlink()
    ensure_identity(tmp_path / "new")
    shutil.copytree(old, tmp_path / "moved")

    assert verify_video(film, [tmp_path / "new", tmp_path / "none", tmp_path / "moved"]).body["is_trusted"]
    assert not verify_video(film, [tmp_path / "new"]).body["is_trusted"]
