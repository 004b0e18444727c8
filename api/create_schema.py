"""The create request for OpenAPI: multipart is read by our own parser, so its schema is put together here."""

from typing import Any

from api.fields import CreateFields

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and request make one video, however often it is sent within 24 h.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N`: answer when the video has ended, or after N seconds (at most 60).",
    "schema": {"type": "string", "pattern": r"^wait=\d{1,2}$", "example": "wait=0"},
}
CREATE_HEADERS = [IDEMPOTENCY_KEY, PREFER]
FILES = {
    "image": "The portrait: PNG, JPEG or WebP, short side from 256 pixels.",
    "audio": "The speech: wav, mp3, flac, ogg, m4a, aac or webm. None with `text`, or if `driving_video` has sound.",
    "driving_video": "Its motion is used instead of a generated one: mp4, mov or webm.",
    "backdrop_image": "Stands behind the person, cut to the video's shape: PNG, JPEG or WebP; not with `backdrop`.",
    "driving_keypoints": "The same as keypoints: .npy, or JSON, (frames, 134, 3), pixels of the 512 canvas.",
    "captions_file": "Captions of your own, WebVTT or SubRip, with `captions=vtt`.",
}
REMIXED_FILES = ("image", "backdrop_image", "captions_file")
EXAMPLES = {
    "speech": {
        "summary": "A portrait speaks",
        "value": {"image": "@portrait.png", "audio": "@speech.wav", "seed": 1234, "metadata[scene]": "intro"},
    },
    "webhook": {
        "summary": "With a webhook and a mode",
        "value": {
            "image": "@portrait.png", "audio": "@speech.wav", "quality": "balanced",
            "webhook_url": "https://example.com/hooks/video", "consent": "true",
        },
    },
    "text": {
        "summary": "A portrait speaks a text",
        "value": {"image": "@portrait.png", "text": "Good morning, and welcome.", "language": "en"},
    },
    "backdrop": {
        "summary": "Before another backdrop",
        "value": {"image": "@portrait.png", "audio": "@speech.wav", "backdrop": "#2e6f95"},
    },
    "driven": {
        "summary": "Motion from a video",
        "value": {"image": "@portrait.png", "driving_video": "@gestures.mp4", "crop": "auto"},
    },
    "dubbed": {
        "summary": "Motion from keypoints, other speech",
        "value": {"image": "@portrait.png", "driving_keypoints": "@poses.npy", "audio": "@speech.wav", "lips": "audio"},
    },
    "captioned": {
        "summary": "With captions of what is said",
        "value": {
            "image": "@portrait.png", "audio": "@speech.wav", "captions": "vtt",
            "transcript": "Good morning, and welcome.",
        },
    },
    "takes": {
        "summary": "Three takes of poses, to choose from",
        "value": {"image": "@portrait.png", "audio": "@speech.wav", "until": "poses", "n": 3},
    },
}  # fmt: skip


# Behind a validator that comes first, pydantic tells its own words, which no reader of a schema knows.
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def create_body() -> dict[str, Any]:
    """Return the request body of a create."""
    fields = CreateFields.model_json_schema(ref_template="#/components/schemas/{model}")
    priority = fields.pop("$defs")["Priority"]
    properties = {name: plain(schema, priority) for name, schema in fields["properties"].items()}
    files = {name: {"type": "string", "format": "binary", "description": text} for name, text in FILES.items()}
    schema = {
        "type": "object",
        "properties": files | properties,
        "required": ["image"],  # and audio, text or driving_video: in words, since generators make no client of anyOf
        "additionalProperties": False,
        "patternProperties": {r"^metadata\[.{1,64}\]$": {"type": "string", "maxLength": 512}},
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema, "examples": EXAMPLES}}}


def plain(schema: dict[str, Any], priority: dict[str, Any]) -> dict[str, Any]:
    """Return a field's schema without null, which a form cannot send, and without its title."""
    kept = {name: value for name, value in schema.items() if name not in ("anyOf", "default", "title", "$ref")}
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            kept |= priority if "$ref" in option else option
    return {BOUNDS.get(name, name): value for name, value in kept.items() if name != "title"}


def remix_body() -> dict[str, Any]:
    """Return the request body of a remix: any field of a create, and of its files the pictures and captions."""
    schema: dict[str, Any] = create_body()["content"]["multipart/form-data"]["schema"]
    fields = {name: each for name, each in schema["properties"].items() if name not in FILES}
    form = {"type": "object", "additionalProperties": False, "patternProperties": schema["patternProperties"]}
    files = {name: schema["properties"][name] for name in REMIXED_FILES}
    return {
        "required": False,
        "content": {
            "application/json": {"schema": {"type": "object", "properties": fields, "additionalProperties": False}},
            "multipart/form-data": {"schema": form | {"properties": files | fields}},
        },
    }


CREATE_BODY = create_body()
REMIX_BODY = remix_body()
