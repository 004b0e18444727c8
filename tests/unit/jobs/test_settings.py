"""Laws of the settings: names that scripts rely on, secrets that stay secret, mistakes that are told at start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from jobs.local_storage import LocalStorage
from jobs.s3_storage import S3Storage
from jobs.settings import Settings
from jobs.storage_choice import open_storage
from jobs.verbs.registry import Scope

HASH = "ab" * 32
S3 = {
    "MMGT_STORAGE__KIND": "s3",
    "MMGT_STORAGE__ENDPOINT_URL": "http://s3:8333",
    "MMGT_STORAGE__ACCESS_KEY": "AK",
    "MMGT_STORAGE__SECRET_KEY": "hush-hush",
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MMGT_GPUS", "MMGT_API_KEYS"):
        monkeypatch.delenv(name, raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_names_that_scripts_rely_on_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        monkeypatch,
        MMGT_WEBHOOKS__SECRET="whsec_x",
        MMGT_WEBHOOKS__ALLOW_LOOPBACK="true",
        MMGT_API_KEYS=f"ada:user:{HASH}, bob:operator:{HASH}",
        MMGT_REQUIRE_CONSENT="true",
        MMGT_METRICS__PORT="9100",
        MMGT_GPUS="0,1",
        MMGT_LEASES__LEASE_S="2",
    )

    assert settings.webhooks.secret is not None
    assert settings.webhooks.secret.get_secret_value() == "whsec_x"
    assert settings.webhooks.allow_loopback
    assert [(key.tenant, key.scope) for key in settings.api_keys] == [("ada", Scope.USER), ("bob", Scope.OPERATOR)]
    assert (settings.require_consent, settings.metrics.port) == (True, 9100)
    assert (settings.gpus, settings.leases.lease_s) == ("0,1", 2.0)


def test_secrets_have_no_default_and_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Settings()
    settings = read(monkeypatch, MMGT_WEBHOOKS__SECRET="whsec_hush-hush", **S3)

    assert plain.webhooks.secret is plain.storage.access_key is plain.storage.secret_key is None
    assert "hush-hush" not in repr(settings)


@pytest.mark.parametrize("keys", ["ada:user", "ada:user:nothex", f"ada:root:{HASH}", f"ada:user:{HASH}:x"])
def test_a_malformed_key_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    with pytest.raises(ValidationError):
        read(monkeypatch, MMGT_API_KEYS=keys)


def test_an_s3_store_without_credentials_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="needs endpoint_url, access_key and secret_key"):
        read(monkeypatch, MMGT_STORAGE__KIND="s3")


def test_a_misspelt_setting_of_a_group_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="lease_seconds"):
        read(monkeypatch, MMGT_LEASES__LEASE_SECONDS="2")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().leases.lease_s = 1.0  # type: ignore[misc]


def test_the_storage_is_the_one_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_storage(Settings()), LocalStorage)
    assert isinstance(open_storage(read(monkeypatch, **S3)), S3Storage)


@pytest.mark.parametrize("given", ["CERTIFICATE_CHAIN_FILE", "PRIVATE_KEY_FILE"])
def test_a_certificate_without_its_key_or_the_reverse_is_told_by_the_missing_name(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (absent,) = {"CERTIFICATE_CHAIN_FILE", "PRIVATE_KEY_FILE"} - {given}

    with pytest.raises(ValidationError, match=f"MMGT_PROVENANCE__{absent}"):
        read(monkeypatch, **{f"MMGT_PROVENANCE__{given}": "/secrets/it.pem"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("MMGT_PORT", "70000"), ("MMGT_METRICS__PORT", "0"), ("MMGT_GPUS", ""), ("MMGT_GPUS", "0,"), ("MMGT_GPUS", ",")],
)
def test_a_port_or_a_gpu_that_cannot_be_is_refused(name, value, monkeypatch):
    monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match=name.removeprefix("MMGT_").replace("__", r"\.").lower()):
        Settings()
