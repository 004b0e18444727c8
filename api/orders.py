"""What is wanted: an upload's fields and files, read and judged together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from api.captions import check_captions, check_wanted
from api.errors import Finding, invalid_fields
from api.fields import CreateFields, check_fields, check_files, read_fields
from api.multipart import SpooledFile, Upload
from api.spoken import check_text
from jobs.job import input_key
from jobs.settings import Settings
from jobs.speech import Offer

IMAGE_ALIAS = "input_reference"
SPEECH_SUFFIX = ".wav"


@dataclass(frozen=True)
class Order:
    """What is wanted: the fields, the files by their proper names, and the fingerprint of both."""

    fields: CreateFields
    files: Mapping[str, SpooledFile]
    fingerprint: str

    def input_keys(self, job_id: str) -> dict[str, str]:
        """Return where a job's inputs lie, by field name; `audio` also where the speech of its text will."""
        speech = {} if self.fields.text is None else {"audio": input_key(job_id, "audio", SPEECH_SUFFIX)}
        return {name: input_key(job_id, name, file.kind.suffix) for name, file in self.files.items()} | speech


def read_order(upload: Upload, settings: Settings, offer: Offer | None) -> Order:
    """Read an upload. offer: what can be spoken here.

    Raises:
        RequestRefused: 422, with everything that is wrong.
    """
    fields, findings = read_fields(upload.fields)
    files, doubled = by_proper_names(upload.files)
    findings += check_fields(fields, settings) + check_text(fields, settings.limits, offer) + doubled
    if "image" not in files:
        findings += (Finding("missing_field", "image: a file is required", "image"),)
    if "audio" not in files and "driving_video" not in files and fields.text is None:
        findings += (Finding("missing_field", "audio: a file is required without text or driving_video", "audio"),)
    findings += check_files(fields, files)
    findings += check_captions(fields, files, settings.limits) + check_wanted(fields, files)
    if findings:
        raise invalid_fields(findings)
    return Order(fields, files, fingerprint_of(fields, files))


def by_proper_names(files: Mapping[str, SpooledFile]) -> tuple[dict[str, SpooledFile], tuple[Finding, ...]]:
    """Return the files with the image under its one name, and what is wrong when it came under both."""
    named = {"image" if name == IMAGE_ALIAS else name: file for name, file in files.items()}
    doubled = Finding("duplicate_field", f"send image or {IMAGE_ALIAS}, not both", IMAGE_ALIAS)
    return named, (doubled,) if len(named) < len(files) else ()


def fingerprint_of(fields: CreateFields, files: Mapping[str, SpooledFile]) -> str:
    """Return the SHA-256 of what was asked for: the same however it was spelled, and before any default is drawn."""
    asked = {
        "fields": fields.model_dump(mode="json", exclude_defaults=True),
        "files": {name: file.sha256 for name, file in files.items()},
    }
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
