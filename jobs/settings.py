"""Every environment value of the service: one frozen Settings, prefix MMGT_, groups divided by `__`, units in names.

Read once, in `api/app.py` and `worker/app.py`, and passed down. Secrets have no default. `MMGT_LEASES__LEASE_S=2` sets
`settings.leases.lease_s`.
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from jobs.verbs.registry import Scope

MEGABYTE = 1_000_000
DAY_S = 86400


class Group(BaseModel):
    """One group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(Group):
    """Redis (Valkey): the truth, and Celery's broker beside it."""

    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    broker_url: SecretStr | None = None  # Celery's; None: the same server, next database
    key_prefix: str = "mmgt:"
    timeout_s: Annotated[float, Field(gt=2.0)] = 5.0
    retries: int = 5
    broker_visibility_timeout_s: int = 12 * 3600  # one value everywhere; recovery does not wait for it

    @property
    def celery_url(self) -> str:
        """The broker's address for both sides of it: its own, or the store's server with the next database."""
        if self.broker_url is not None:
            return self.broker_url.get_secret_value()
        parts = urlsplit(self.url.get_secret_value())
        return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + 1}"))


class StorageSettings(Group):
    """Where bytes lie: a local folder, or a bucket of an S3-compatible store."""

    kind: Literal["local", "s3"] = "local"
    folder: Path | None = None  # local; None: DATA/objects
    endpoint_url: str | None = None  # for work, inside the network
    public_endpoint_url: str | None = None  # for signing, as clients reach it; None: no presigned URLs
    bucket: str = "mmgt"
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    presign_s: int = 900
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0
    attempts: int = 5  # of each call, with back-off
    multipart_bytes: int = 16 * MEGABYTE

    @model_validator(mode="after")
    def has_credentials_for_s3(self) -> Self:
        """Refuse an S3 store without address or credentials at start, not at the first upload."""
        if self.kind == "s3" and not (self.endpoint_url and self.access_key and self.secret_key):
            raise ValueError("storage kind s3 needs endpoint_url, access_key and secret_key")
        return self


class LimitSettings(Group):
    """What a client may send, how much, and how long it may take."""

    max_image_bytes: int = 20 * MEGABYTE
    max_image_pixels: int = 40 * MEGABYTE
    min_image_side_px: int = 256
    max_side_ratio: float = 4.0  # of an image, or of a driving video's pictures: the long side to the short one
    max_audio_bytes: int = 100 * MEGABYTE
    max_driving_video_bytes: int = 200 * MEGABYTE
    min_seconds: float = 0.5
    max_seconds: float = 600.0
    max_field_bytes: int = 64_000  # one text field
    max_fields: int = 64
    max_prompt_chars: int = 32_000
    max_metadata_pairs: int = 16
    max_metadata_key_chars: int = 64
    max_metadata_value_chars: int = 512
    min_upload_bytes_per_s: int = 10_000  # slower clients are cut, after upload_grace_s
    upload_grace_s: float = 10.0
    upload_idle_timeout_s: float = 20.0
    max_concurrent_uploads: int = 32
    max_wait_s: int = 60  # Prefer: wait
    sse_ping_s: float = 15.0
    max_list: int = 100
    max_active_jobs_per_tenant: int = 1000
    max_waiting_jobs: int = 10_000
    min_expires_after_s: int = 60
    max_expires_after_s: int = 30 * DAY_S
    min_queue_ttl_s: int = 60
    max_queue_ttl_s: int = 7 * DAY_S
    idempotency_s: int = DAY_S
    reservation_s: Annotated[float, Field(ge=1.0)] = 10.0  # until a key whose process died with its request is free
    preflight_wait_s: float = 5.0
    preflight_live_s: float = 15.0
    retry_after_min_s: int = 1
    retry_after_max_s: int = 15
    max_poll_after_ms: int = 2000


class RateLimitSettings(Group):
    """Moving windows per tenant, in the notation of the `limits` library."""

    creates: str = "60/minute"
    reads: str = "60000/minute"
    validations: str = "60/minute"
    failed_logins: str = "30/minute"  # per client address


class AuthSettings(Group):
    """API keys beside `MMGT_API_KEYS`."""

    max_keys_per_tenant: int = 100
    key_prefix: str = "mmgt_"
    cache_s: float = 2.0  # how long a key that was looked up may be believed


class WebhookSettings(Group):
    """Deliveries to clients' receivers."""

    secret: SecretStr | None = None  # the default tenant's, whsec_…; None: one is made at first start
    allow_loopback: bool = False  # receivers on loopback and plain http: development and tests
    allow_http: bool = False  # plain http to global addresses
    timeout_s: float = 15.0
    max_answer_bytes: int = 4096
    schedule_s: tuple[float, ...] = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
    progress_period_s: float = 5.0
    secret_overlap_s: int = DAY_S
    sender_lost_s: float = 60.0  # a delivery taken and not reported comes again
    concurrency: int = 8


class LeaseSettings(Group):
    """How workers hold jobs, and how lost ones are found."""

    lease_s: float = 30.0
    renew_s: float = 10.0
    reaper_period_s: float = 5.0
    sweeper_period_s: float = 2.0
    doorbell_age_s: float = 2.0
    ring_again_s: float = 15.0
    max_lost_attempts: int = 3
    stall_timeout_s: float = 300.0
    hard_limit_per_estimate: float = 10.0  # an attempt may take so many times the job's estimate,
    min_hard_limit_s: float = 1800.0  # and at least this long
    upkeep_lock_s: float = 10.0


class RetentionSettings(Group):
    """How long things are kept."""

    inputs_s: int = DAY_S
    results_s: int = 7 * DAY_S  # default of expires_after_s
    record_s: int = 30 * DAY_S
    orphan_upload_s: int = 3600
    queue_ttl_s: int = DAY_S  # default of queue_ttl_s
    housekeeping_period_s: float = 30.0


class MetricsSettings(Group):
    """Prometheus, on its own port."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None  # the first of one for each process, in a fixed order
    host: str = "127.0.0.1"


class ProvenanceSettings(Group):
    """Who signs the videos: the operator's certificate, or one made at first start."""

    certificate_chain_file: Path | None = None  # PEM
    private_key_file: Path | None = None  # PEM, ES256


class WorkerSettings(Group):
    """Render workers."""

    preset: str | None = None  # None: mmgt-512 where its weights are, else mmgt-demo
    weights_folder: Path | None = None
    start_timeout_s: int = 600  # loading and warming up
    heartbeat_s: float = 3.0
    live_s: float = 15.0
    deaf_after_s: float = 30.0
    progress_period_s: float = 0.5
    storage_attempts: int = 8  # of each fetch and upload of a job, with back-off up to 30 s, on top of storage.attempts
    scratch_folder: Path | None = None  # None: DATA/scratch
    preflight_timeout_s: float = 8.0
    preflight_memory_bytes: int = 2_000 * MEGABYTE
    scripted_pipeline: str | None = None  # tests only: a module whose load() stands for the method


class LogSettings(Group):
    """Logs go to stderr."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    form: Literal["json", "console"] = "json"


class EnvironmentKey(Group):
    """One key of `MMGT_API_KEYS`."""

    tenant: str
    scope: Scope
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Settings(BaseSettings):
    """The service's settings as a whole."""

    model_config = SettingsConfigDict(
        env_prefix="MMGT_", env_nested_delimiter="__", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000  # 0: a free one
    data: Path = Path("data")  # embedded: everything that lasts
    public_url: str | None = None  # as clients reach the API; None: from the request
    problem_base_url: str = "https://mmgt.invalid/problems/"
    api_keys: Annotated[tuple[EnvironmentKey, ...], NoDecode] = ()
    default_tenant: str = "default"
    require_consent: bool = False
    gpus: Annotated[str, Field(pattern=r"^[\w.:-]+(\s*,\s*[\w.:-]+)*$")] = "auto"  # auto, cpu, or numbers: 0,1

    store: StoreSettings = StoreSettings()
    storage: StorageSettings = StorageSettings()
    limits: LimitSettings = LimitSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    auth: AuthSettings = AuthSettings()
    webhooks: WebhookSettings = WebhookSettings()
    leases: LeaseSettings = LeaseSettings()
    retention: RetentionSettings = RetentionSettings()
    metrics: MetricsSettings = MetricsSettings()
    provenance: ProvenanceSettings = ProvenanceSettings()
    worker: WorkerSettings = WorkerSettings()
    log: LogSettings = LogSettings()

    @field_validator("api_keys", mode="before")
    @classmethod
    def split_api_keys(cls, value: object) -> object:
        """Read `tenant:scope:sha256hex,…`."""
        if not isinstance(value, str):
            return value
        names = ("tenant", "scope", "sha256")
        parts = [item.strip().split(":") for item in value.split(",") if item.strip()]
        if any(len(part) != len(names) for part in parts):
            raise ValueError("each API key is tenant:scope:sha256hex")
        return tuple(dict(zip(names, part, strict=True)) for part in parts)

    @property
    def objects_folder(self) -> Path:
        """The local storage's folder."""
        return self.storage.folder or self.data / "objects"

    @property
    def scratch_folder(self) -> Path:
        """Where uploads and renders lie while under way."""
        return self.worker.scratch_folder or self.data / "scratch"

    @property
    def weights_folder(self) -> Path:
        """Where converted weights lie, a folder for each preset."""
        return self.worker.weights_folder or Path("weights")
