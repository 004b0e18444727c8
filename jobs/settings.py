"""Every environment value of the service: one frozen Settings, prefix MMGT_, groups divided by `__`, units in names.

The comment at a setting's end, or the line above it, is its meaning in docs/settings.md; a test asks for one.

Read once, in `api/app.py` and `worker/app.py`, and passed down. Secrets have no default. `MMGT_LEASES__LEASE_S=2` sets
`settings.leases.lease_s`.
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from jobs.urls import UrlRefused, UrlRules, validate_url
from jobs.verbs.registry import Scope

MEGABYTE = 1_000_000
DAY_S = 86400


class Group(BaseModel):
    """One group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(Group):
    """Redis (Valkey): the truth, and Celery's broker beside it."""

    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")  # redis:// or rediss://, of jobs and keys
    broker_url: SecretStr | None = None  # Celery's; none: the same server, next database
    key_prefix: str = "mmgt:"  # before every key, so that a server can be shared
    timeout_s: Annotated[float, Field(gt=0)] = 5.0  # of connecting and of each answer
    retries: int = 5  # of a command whose connection was lost
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

    kind: Literal["local", "s3"] = "local"  # local: a folder; s3: a bucket
    folder: Path | None = None  # local; none: DATA/objects
    endpoint_url: str | None = None  # for work, inside the network
    public_endpoint_url: str | None = None  # for signing, as clients reach it; none: no presigned URLs
    bucket: str = "mmgt"  # made by compose; else it must exist
    region: str = "us-east-1"  # as the store wants it in signatures
    access_key: SecretStr | None = None  # of the S3 store
    secret_key: SecretStr | None = None  # of the S3 store
    presign_s: int = 900  # how long a presigned URL holds
    connect_timeout_s: float = 5.0  # to the S3 store
    read_timeout_s: float = 60.0  # between two pieces of an answer
    patience_s: float = 10.0  # a store that does not answer is asked again for so long, and a download then goes on
    multipart_bytes: int = 16 * MEGABYTE  # larger objects go up in parts of this size
    reserve_bytes: int = 200 * MEGABYTE  # free disk that uploads and renders leave: less refuses them

    @model_validator(mode="after")
    def has_credentials_for_s3(self) -> Self:
        """Refuse an S3 store without address or credentials at start, not at the first upload."""
        if self.kind == "s3" and not (self.endpoint_url and self.access_key and self.secret_key):
            raise ValueError("storage kind s3 needs endpoint_url, access_key and secret_key")
        return self


class ConnectionSettings(Group):
    """What one connection to the API may do before it asks something, and how many there are."""

    max_head_bytes: int = 64_000  # of request line and headers; a longer head is a 431
    head_timeout_s: float = 10.0  # until a head is whole
    max_per_address: int = 1000  # of one client address; 0: no bound, behind a proxy, where all clients share one


class LimitSettings(Group):
    """What a client may send, how much, and how long it may take."""

    max_image_bytes: int = 20 * MEGABYTE  # of the file
    max_image_pixels: int = 40 * MEGABYTE  # width times height
    min_image_side_px: int = 256  # of the shorter side
    max_side_ratio: float = 4.0  # of an image, or of a driving video's pictures: the long side to the short one
    max_framed_side_px: Annotated[int, Field(ge=512, le=4096)] = 1920  # a `framing`'s long side
    max_audio_bytes: int = 100 * MEGABYTE  # of the file
    max_driving_video_bytes: int = 200 * MEGABYTE  # of the file
    max_driving_keypoints_bytes: int = 50 * MEGABYTE  # of the file
    max_captions_bytes: int = MEGABYTE  # of a captions file
    max_transcript_chars: int = 20_000  # of `transcript`
    min_seconds: float = 0.5  # of speech
    max_seconds: float = 600.0  # of speech and of a driving video
    max_field_bytes: int = 64_000  # one text field
    max_fields: int = 64  # in one request
    max_prompt_chars: int = 32_000  # of `prompt`
    max_text_chars: int = 5_000  # of `text`
    max_metadata_pairs: int = 16  # of one video
    max_metadata_key_chars: int = 64  # of each name
    max_metadata_value_chars: int = 512  # of each value
    min_upload_bytes_per_s: int = 10_000  # slower clients are cut, after upload_grace_s
    upload_grace_s: float = 10.0  # before an upload's speed is judged
    upload_idle_timeout_s: float = 20.0  # without a byte; then the upload is cut
    max_upload_s: float = 600.0  # a body is whole after so long; a long one must come as fast as that asks
    max_concurrent_uploads: int = 64  # of one API process
    max_wait_s: int = 60  # Prefer: wait
    max_waits_per_tenant: int = 500  # event streams and long polls at a time, of one API process
    sse_ping_s: float = 15.0  # at most, between two signs of life on a silent event stream or preview
    max_list: int = 100  # videos on one page
    max_active_jobs_per_tenant: int = 1000  # waiting and running
    max_waiting_jobs: int = 10_000  # of all tenants; then creates are 503 `queue_full`
    min_expires_after_s: int = 60  # of a request's `expires_after_s`
    max_expires_after_s: int = 30 * DAY_S  # of a request's `expires_after_s`
    min_queue_ttl_s: int = 60  # of a request's `queue_ttl_s`
    max_queue_ttl_s: int = 7 * DAY_S  # of a request's `queue_ttl_s`
    idempotency_s: int = DAY_S  # how long an `Idempotency-Key` stands
    reservation_s: Annotated[float, Field(ge=1.0)] = 10.0  # until a key whose process died with its request is free
    preflight_wait_s: float = 5.0  # a create waits so long for the look at its inputs
    preflight_live_s: float = 15.0  # without its heartbeat for so long nobody waits for preflight
    retry_after_min_s: int = 1  # shortest `Retry-After`
    retry_after_max_s: int = 15  # longest `Retry-After`
    max_poll_after_ms: int = 2000  # longest `openai-poll-after-ms`


class RateLimitSettings(Group):
    """Moving windows per tenant, in the notation of the `limits` library."""

    creates: str = "60/minute"  # creates and remixes
    reads: str = "60000/minute"  # everything that only reads
    validations: str = "60/minute"  # `/validate` and `/verify`
    failed_logins: str = "30/minute"  # per client address


class AuthSettings(Group):
    """API keys beside `MMGT_API_KEYS`."""

    max_keys_per_tenant: int = 100  # not revoked
    key_prefix: str = "mmgt_"  # first letters of new keys
    cache_s: float = 2.0  # how long a key that was looked up may be believed


class WebhookSettings(Group):
    """Deliveries to clients' receivers."""

    secret: SecretStr | None = None  # the default tenant's, whsec_…; none: one is made at first start
    allow_loopback: bool = False  # receivers on loopback and plain http: development and tests
    allow_http: bool = False  # plain http to global addresses
    timeout_s: float = 15.0  # of one delivery, from name look-up to answer
    max_answer_bytes: int = 4096  # of a receiver's answer that are read
    # pauses before each try
    schedule_s: tuple[float, ...] = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
    progress_period_s: float = 5.0  # between two `video.progress` of a video
    secret_overlap_s: int = DAY_S  # how long a rotated secret still signs
    sender_lost_s: float = 60.0  # a delivery taken and not reported comes again
    concurrency: int = 16  # deliveries under way at a time
    share_per_tenant: int = 4  # of them, one tenant's at most: receivers that hang leave places for others'


class LeaseSettings(Group):
    """How workers hold jobs, and how lost ones are found."""

    lease_s: float = 30.0  # a worker not heard from for so long has lost its job
    renew_s: float = 10.0  # between two renewals
    reaper_period_s: float = 5.0  # between two looks for lost jobs
    sweeper_period_s: float = 2.0  # between two looks for jobs without a doorbell
    doorbell_age_s: float = 2.0  # a waiting job this old is rung for again
    ring_again_s: float = 15.0  # between two rings for the same job
    max_lost_attempts: int = 3  # then the job is `failed: worker_lost`
    stall_timeout_s: float = 300.0  # without a step; then the worker gives up its process
    hard_limit_per_estimate: float = 10.0  # an attempt may take so many times the job's estimate,
    min_hard_limit_s: float = 1800.0  # and at least this long
    upkeep_lock_s: float = 10.0  # which API replica does the upkeep


class RetentionSettings(Group):
    """How long things are kept."""

    inputs_s: int = DAY_S  # of uploads, after the job has ended
    results_s: int = 7 * DAY_S  # default of expires_after_s
    record_s: int = 30 * DAY_S  # of the job's record, after its end
    preview_s: int = 3600  # of a preview, after completion: who watches it then sees its end
    orphan_upload_s: int = 600  # of uploads that never became a job
    queue_ttl_s: int = DAY_S  # default of queue_ttl_s
    housekeeping_period_s: float = 30.0  # between two rounds of deletion


class MetricsSettings(Group):
    """Prometheus, on its own port."""

    # of the first process, the others take those after it; none: no metrics
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    host: str = "127.0.0.1"  # address that metrics listen on


class ProvenanceSettings(Group):
    """Who signs the videos: the operator's certificate, or one made at first start."""

    certificate_chain_file: Path | None = None  # PEM, the signer's certificate first, then its issuer's
    private_key_file: Path | None = None  # PEM, ES256; of the chain's first certificate
    identity_folder: Path | None = None  # of the one that is made; None: mmgt/identity in the user's data folder (XDG)

    @model_validator(mode="after")
    def has_both_files_or_none(self) -> Self:
        """Refuse a certificate without its key at start; else videos would be signed by somebody else."""
        if (self.certificate_chain_file is None) != (self.private_key_file is None):
            absent = "private_key_file" if self.private_key_file is None else "certificate_chain_file"
            raise ValueError(f"{absent} is missing (MMGT_PROVENANCE__{absent.upper()}); a certificate needs both files")
        return self


class WorkerSettings(Group):
    """Render workers."""

    preset: str | None = None  # none: mmgt-512 where its weights are, else mmgt-demo
    weights_folder: Path | None = None  # none: `weights`
    start_timeout_s: int = 600  # loading and warming up
    # auto: at start a GPU worker times attention kernels and torch.compile, in minutes, and keeps the fastest
    compile: Literal["off", "auto"] = "off"
    heartbeat_s: float = 3.0  # between two signs of life
    live_s: float = 15.0  # a worker not heard from for so long counts as gone
    deaf_after_s: float = 30.0  # messages wait beside an idle worker; then it ends
    progress_period_s: float = 0.5  # between two notes of progress
    storage_patience_s: float = 60.0  # with a store that is away, for each fetch and upload of a job
    scratch_folder: Path | None = None  # none: DATA/scratch
    preflight_timeout_s: float = 8.0  # of one look at inputs
    preflight_share_per_tenant: int = 1  # looks at one tenant\'s inputs at a time; the rest of two is for others
    preflight_memory_bytes: int = 2_000 * MEGABYTE  # of the process that decodes them, a render worker's too
    decode_silence_s: float = 60.0  # a render worker\'s decoding may go so long without a sign of life
    previews: bool = True  # videos can be watched while they are rendered; a preview carries no mark
    scripted_pipeline: str | None = None  # tests only: a module whose load() stands for the method


class SpeechSettings(Group):
    """Who speaks `text`: a server of OpenAI's shape, else eSpeak NG where the extra `speech` is installed."""

    # whole, as http://127.0.0.1:8880/v1/audio/speech; any address, because it is the operator's; none: no server
    url: str | None = None
    key: SecretStr | None = None  # sent as `Authorization: Bearer`; only workers need it
    model: str = "tts-1"  # the request's `model`
    # the server's, the default first, each with its languages: af_heart=en-us en-gb, ff_siwis=fr; none: any is sent
    voices: str = ""
    language_field: str | None = None  # the request's field for `language`, as lang_code; none: it is not sent
    max_chars: Annotated[int, Field(ge=100)] = 4096  # of one request; a longer text is split at its sentences
    timeout_s: Annotated[float, Field(gt=0)] = 60.0  # of one answer, whole
    patience_s: float = 20.0  # with a server that is away or busy, for each part of a text
    max_answer_bytes: int = 50 * MEGABYTE  # of one answer; a longer one is refused
    espeak: bool = True  # eSpeak NG speaks where no server is named; false: `text` is refused then

    @field_validator("url", "key", "language_field", mode="before")
    @classmethod
    def is_named(cls, value: object) -> object:
        """Take an empty variable for one that is not there, as compose files leave it."""
        return value or None

    @field_validator("url")
    @classmethod
    def can_be_called(cls, url: str | None) -> str | None:
        """Refuse an address at start that no text could ever be sent to."""
        if url is not None:
            try:
                validate_url(url, UrlRules(is_operators=True))
            except UrlRefused as error:
                raise ValueError(str(error)) from error
        return url


class LogSettings(Group):
    """Logs go to stderr."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"  # what is logged
    # json: a line for machines; console: for people; auto: console on a terminal, json elsewhere
    form: Literal["auto", "json", "console"] = "auto"


class EnvironmentKey(Group):
    """One key of `MMGT_API_KEYS`."""

    tenant: str  # whose key
    scope: Scope  # user or operator
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # of the key


class Settings(BaseSettings):
    """The service's settings as a whole."""

    model_config = SettingsConfigDict(
        env_prefix="MMGT_", env_nested_delimiter="__", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"  # address to listen on
    port: Annotated[int, Field(ge=0, le=65535)] = 8000  # port to listen on; 0 takes a free one (`mmgt serve`)
    data: Path = Path("data")  # embedded: everything that lasts
    public_url: str | None = None  # as clients reach the API; none: from the request
    problem_base_url: str = "https://mmgt.invalid/problems/"  # before the code in `type` of a problem
    api_keys: Annotated[tuple[EnvironmentKey, ...], NoDecode] = ()  # tenant:scope:sha256hex,…; beside `mmgt keys`
    default_tenant: str = "default"  # whose the videos of keyless requests are
    require_consent: bool = False  # creates without `consent=true` are refused
    # auto: what the driver opens and PyTorch can use; cpu; or numbers that must open: 0,1
    gpus: Annotated[str, Field(pattern=r"^[\w.:-]+(\s*,\s*[\w.:-]+)*$")] = "auto"

    store: StoreSettings = StoreSettings()
    storage: StorageSettings = StorageSettings()
    connections: ConnectionSettings = ConnectionSettings()
    limits: LimitSettings = LimitSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    auth: AuthSettings = AuthSettings()
    webhooks: WebhookSettings = WebhookSettings()
    leases: LeaseSettings = LeaseSettings()
    retention: RetentionSettings = RetentionSettings()
    metrics: MetricsSettings = MetricsSettings()
    provenance: ProvenanceSettings = ProvenanceSettings()
    worker: WorkerSettings = WorkerSettings()
    speech: SpeechSettings = SpeechSettings()
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
