"""What is wanted: an upload's fields and files, read and judged together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from api.errors import Finding, invalid_fields
from api.fields import CreateFields, check_fields, check_files, read_fields
from api.multipart import SpooledFile, Upload
from jobs.settings import Settings

IMAGE_ALIAS = "input_reference"


@dataclass(frozen=True)
class Order:
    """What is wanted: the fields, the files by their proper names, and the fingerprint of both."""

    fields: CreateFields
    files: Mapping[str, SpooledFile]
    fingerprint: str


def read_order(upload: Upload, settings: Settings) -> Order:
    """Read an upload.

    Raises:
        RequestRefused: 422, with everything that is wrong.
    """
    fields, findings = read_fields(upload.fields)
    files, doubled = by_proper_names(upload.files)
    findings += check_fields(fields, settings) + doubled
    if "image" not in files:
        findings += (Finding("missing_field", "image: a file is required", "image"),)
    if "audio" not in files and "driving_video" not in files:
        findings += (Finding("missing_field", "audio: a file is required without driving_video", "audio"),)
    findings += check_files(fields, files)
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
