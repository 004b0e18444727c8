"""The text fields of a create: read, converted and judged together, so that one answer names all that is wrong."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from api.errors import Finding
from api.models import LoadedModel
from api.numbers import Number, WholeNumber
from jobs.job import Priority
from jobs.settings import LimitSettings, Settings
from jobs.urls import UrlRefused, UrlRules, validate_url

METADATA_FIELD = re.compile(r"metadata\[(.*)\]", re.DOTALL)
LIST_FIELDS = {"webhook_events": "webhook_events", "webhook_events[]": "webhook_events"}
BACKDROP_IMAGE = "backdrop_image"
DRIVERS = ("driving_video", "driving_keypoints")  # files that say what is done, in place of generated poses
SEEDS = 2**53  # what JSON numbers hold exactly
MOST_TAKES = 4
SHOWN_CHARS = 64  # of a client's own text in a message
WebhookEvent = Literal["video.completed", "video.failed", "video.cancelled", "video.started", "video.progress"]
Weight = Annotated[Number | None, Field(ge=0, le=5)]
Strength = Annotated[Number | None, Field(ge=0, le=1.5, description="0 holds still, 1 leaves as it is.")]


class CreateFields(BaseModel):
    """What a client may choose; None is the default, which lives in settings, in JobOptions, or in the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str | None, Field(description="A loaded model; the loaded one by default.")] = None
    seed: Annotated[WholeNumber | None, Field(ge=0, lt=SEEDS, description="Drawn, and told, by default.")] = None
    n: Annotated[
        WholeNumber | None,
        Field(ge=1, le=MOST_TAKES, description="So many videos at once, by seeds that follow one another, as a list."),
    ] = None
    num_inference_steps: Annotated[WholeNumber | None, Field(ge=1, le=100)] = None
    guidance_scale: Annotated[Number | None, Field(ge=1, le=20)] = None
    quality: Literal["exact", "balanced", "fast", "turbo"] | None = None
    face_hands_weight: Weight = None
    lips_weight: Weight = None
    background_weight: Weight = None
    gesture_strength: Strength = None
    head_strength: Strength = None
    smoothing: Annotated[Number | None, Field(ge=0, le=1, description="Poses averaged over up to 0.25 s.")] = None
    loop: Annotated[bool, Field(description="`true`: the last pose leads into the first.")] = False
    start_pose: Annotated[
        Literal["off", "portrait"] | None, Field(description="`portrait`: begin at the portrait's own pose.")
    ] = None
    lips: Annotated[
        Literal["audio", "driving"] | None,
        Field(description="Of driving poses: as the sound is spoken, the default with `audio`, or as they are."),
    ] = None
    allow_silence: Annotated[bool, Field(description="`true`: silent speech is taken, and the person idles.")] = False
    until: Annotated[
        Literal["poses", "video"] | None, Field(description="`poses`: end after stage 1, with poses and no video.")
    ] = None
    crop: Annotated[
        str | None,
        Field(
            pattern=r"^(auto|none|[0-9]{1,6},[0-9]{1,6},[1-9][0-9]{0,5},[1-9][0-9]{0,5})$",
            description="`auto`, `none`, or `x,y,w,h` in pixels of the image.",
        ),
    ] = None
    framing: Annotated[
        Literal["square", "photo", "16:9", "9:16", "4:5", "1:1"] | None,
        Field(description="The square that is rendered, the whole photograph around it, or its largest such part."),
    ] = None
    backdrop: Annotated[
        str | None,
        Field(
            pattern=r"^(keep|transparent|#[0-9a-fA-F]{6})$",
            description="Behind the person: `keep` (as it is), `#rrggbb`, or `transparent` (a MOV beside the MP4).",
        ),
    ] = None
    size: Annotated[str | None, Field(description="Only what the model makes.")] = None
    fps: Annotated[WholeNumber | None, Field(description="Only what the model makes.")] = None
    webhook_url: Annotated[str | None, Field(description="Where to tell what happens.")] = None
    webhook_events: Annotated[tuple[WebhookEvent, ...] | None, Field(min_length=1, max_length=5)] = None
    metadata: Annotated[dict[str, str], Field(description="A JSON object, or one `metadata[k]` for each pair.")] = {}
    expires_after_s: Annotated[WholeNumber | None, Field(description="How long the result is kept, seconds.")] = None
    queue_ttl_s: Annotated[WholeNumber | None, Field(description="How long it may wait for its turn, seconds.")] = None
    priority: Priority | None = None
    consent: Annotated[bool, Field(description="`true`: the person shown agreed.")] = False
    text: Annotated[
        str | None, Field(description="Words that are spoken instead of `audio`; `max_text_chars` of `/v1/limits`.")
    ] = None
    voice: Annotated[str | None, Field(min_length=1, max_length=64, description="One of `/v1/voices`.")] = None
    language: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}$",
            description="Of `text`: a tag as `en`, `en-US`, `de`; one of `/v1/voices`. Of `transcript`: any.",
        ),
    ] = None
    captions: Annotated[
        Literal["off", "vtt"] | None,
        Field(description="`vtt`: a caption track in the video, and variant `captions`, of words or `captions_file`."),
    ] = None
    transcript: Annotated[
        str | None,
        Field(description="What is said in `audio`, for captions; `max_transcript_chars` of `/v1/limits`."),
    ] = None
    prompt: Annotated[str | None, Field(description="Stored, and told; nothing else is done with it.")] = None


def read_fields(pairs: Iterable[tuple[str, str]]) -> tuple[CreateFields, tuple[Finding, ...]]:
    """Return the fields that could be read, and what is wrong with the others."""
    values, findings = gather(pairs)
    try:
        return CreateFields.model_validate(values), tuple(findings)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
    first = {row["loc"][0]: row for row in reversed(errors)}
    findings += [finding_of(row) for row in reversed(first.values())]
    rest = {name: value for name, value in values.items() if name not in first}
    return CreateFields.model_validate(rest), tuple(findings)


def gather(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], list[Finding]]:
    """Put `metadata[k]` and lists together; find fields that were sent twice."""
    values: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    findings = []
    for name, text in pairs:
        pair = METADATA_FIELD.fullmatch(name)
        key = pair[1] if pair else name
        if name in LIST_FIELDS:
            values[LIST_FIELDS[name]] = (*values.get(LIST_FIELDS[name], ()), *items_of(text))
        elif key in (metadata if pair else values):
            findings.append(Finding("duplicate_field", f"{shown(name)} was sent twice", shown(name)))
        elif pair:
            metadata[key] = text
        else:
            values[name] = json_or_text(text) if name == "metadata" else text
    if metadata and isinstance(values.setdefault("metadata", {}), dict):
        values["metadata"] |= metadata
    return values, findings


def items_of(text: str) -> tuple[Any, ...]:
    """Return the items of a list: a JSON array, or words with commas between."""
    value = json_or_text(text)
    return tuple(value) if isinstance(value, list) else tuple(word.strip() for word in text.split(","))


def json_or_text(text: str) -> Any:  # noqa: ANN401
    """Return what JSON text says; the text itself if it is none, for the schema to refuse."""
    try:
        return from_json(text)  # refuses half surrogates and deep nesting
    except ValueError:
        return text


def finding_of(row: ErrorDetails) -> Finding:
    """Return what a schema error means to a client."""
    name = shown(str(row["loc"][0]))
    if row["type"] == "extra_forbidden":
        return Finding("unknown_field", f"there is no field {name!r}", name)
    return Finding("invalid_value", f"{name}: {row['msg']}", name)


def check_fields(fields: CreateFields, settings: Settings) -> tuple[Finding, ...]:
    """Return what is wrong by this server's settings."""
    limits = settings.limits
    findings = [*check_metadata(fields.metadata, limits)]
    kept = ("expires_after_s", fields.expires_after_s, limits.min_expires_after_s, limits.max_expires_after_s)
    waits = ("queue_ttl_s", fields.queue_ttl_s, limits.min_queue_ttl_s, limits.max_queue_ttl_s)
    for name, value, least, most in (kept, waits):
        if value is not None and not least <= value <= most:
            findings.append(Finding("invalid_value", f"{name} is {value}; it may be {least} to {most}", name))
    last_seed = (fields.seed or 0) + (fields.n or 1) - 1
    if last_seed >= SEEDS:
        message = f"seed is {fields.seed}; with n={fields.n} it may be 0 to {SEEDS - (fields.n or 1)}"
        findings.append(Finding("invalid_value", message, "seed"))
    if fields.prompt is not None and len(fields.prompt) > limits.max_prompt_chars:
        message = f"prompt has {len(fields.prompt)} characters; the limit is {limits.max_prompt_chars}"
        findings.append(Finding("invalid_value", message, "prompt"))
    if settings.require_consent and not fields.consent:
        message = "this server needs consent=true: the person shown agreed"
        findings.append(Finding("consent_required", message, "consent"))
    if fields.webhook_url is not None:
        rules = UrlRules(allow_loopback=settings.webhooks.allow_loopback, allow_http=settings.webhooks.allow_http)
        try:
            validate_url(fields.webhook_url, rules)
        except UrlRefused as error:
            findings.append(Finding("webhook_url_refused", f"webhook_url: {error}", "webhook_url"))
    return tuple(findings)


def check_metadata(metadata: Mapping[str, str], limits: LimitSettings) -> Iterable[Finding]:
    """Yield what is wrong with the pairs."""
    if len(metadata) > limits.max_metadata_pairs:
        message = f"metadata has {len(metadata)} pairs; the limit is {limits.max_metadata_pairs}"
        yield Finding("invalid_value", message, "metadata")
    for key, value in metadata.items():
        for what, text, most in (("key", key, limits.max_metadata_key_chars),
                                 ("value", value, limits.max_metadata_value_chars)):  # fmt: skip
            if len(text) > most:
                message = f"metadata[{shown(key)}]: the {what} has {len(text)} characters; the limit is {most}"
                yield Finding("invalid_value", message, "metadata")


def check_files(fields: CreateFields, files: Collection[str]) -> tuple[Finding, ...]:
    """Return which fields do not go with the files that there are, by name."""
    findings = []
    if fields.text is not None and "audio" in files:
        findings.append(Finding("invalid_value", "send text or audio, not both", "text"))
    drivers = [name for name in DRIVERS if name in files]
    if len(drivers) > 1:
        findings.append(Finding("invalid_value", f"send {' or '.join(drivers)}, not both", drivers[-1]))
    if fields.loop and drivers:
        message = f"loop is for generated poses; send it without {' and '.join(drivers)}"
        findings.append(Finding("invalid_value", message, "loop"))
    if fields.lips and not drivers:
        message = f"lips is {fields.lips}; it is for driving poses: send {' or '.join(DRIVERS)} with it"
        findings.append(Finding("invalid_value", message, "lips"))
    if fields.backdrop is not None and BACKDROP_IMAGE in files:
        message = f"backdrop is {fields.backdrop}; send it or {BACKDROP_IMAGE}, not both"
        findings.append(Finding("invalid_value", message, "backdrop"))
    if fields.backdrop == "transparent" and fields.framing not in (None, "square"):
        message = f"backdrop is transparent; it is for framing=square, not {fields.framing}"
        findings.append(Finding("invalid_value", message, "backdrop"))
    return tuple(findings)


def check_model(fields: CreateFields, model: LoadedModel) -> tuple[Finding, ...]:
    """Return what the model cannot do."""
    findings = []
    if fields.size not in (None, model.size):
        findings.append(Finding("invalid_value", f"size: {model.id} makes only {model.size}", "size"))
    if fields.fps not in (None, model.fps):
        findings.append(Finding("invalid_value", f"fps: {model.id} makes only {model.fps}", "fps"))
    if fields.quality not in (None, *model.qualities):
        has = ", ".join(model.qualities) or "none to choose"
        findings.append(
            Finding("invalid_value", f"quality: {model.id} has no {fields.quality}; it has {has}", "quality")
        )
    return tuple(findings)


def shown(text: str) -> str:
    """Return as much of a client's own text as belongs in a message."""
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
