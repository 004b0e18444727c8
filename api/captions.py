"""Captions as the HTTP face judges them: whether there are words, or a file, to make them of."""

from collections.abc import Collection

from api.errors import Finding
from api.fields import CreateFields
from jobs.settings import LimitSettings

CAPTIONS_FILE = "captions_file"


def check_captions(fields: CreateFields, files: Collection[str], limits: LimitSettings) -> tuple[Finding, ...]:
    """Return what is wrong with a transcript, and with what captions are to be made of. files: by name."""
    findings = []
    transcript, has_file = fields.transcript, CAPTIONS_FILE in files
    if transcript is not None and len(transcript) > limits.max_transcript_chars:
        message = f"transcript has {len(transcript)} characters; the limit is {limits.max_transcript_chars}"
        findings.append(Finding("invalid_value", message, "transcript"))
    if transcript is not None and not any(map(str.isalnum, transcript)):
        findings.append(Finding("invalid_value", "transcript has neither a letter nor a digit", "transcript"))
    if transcript is not None and fields.text is not None:
        findings.append(Finding("invalid_value", "send text or transcript, not both", "transcript"))
    if transcript is not None and has_file:
        findings.append(Finding("invalid_value", f"send {CAPTIONS_FILE} or transcript, not both", "transcript"))
    if fields.captions == "vtt" and not has_file and transcript is None and fields.text is None:
        message = f"captions=vtt needs words: transcript (what is said in audio), text, or a {CAPTIONS_FILE}"
        findings.append(Finding("missing_field", message, "captions"))
    return tuple(findings)


def check_wanted(fields: CreateFields, files: Collection[str]) -> tuple[Finding, ...]:
    """Return what a create brings for captions that it does not ask for; a remix may switch them off and keep it."""
    if fields.captions == "vtt":
        return ()
    stray = ["transcript"] if fields.transcript is not None else []
    stray += [CAPTIONS_FILE] if CAPTIONS_FILE in files else []
    return tuple(Finding("invalid_value", f"{name} is for captions=vtt, which was not sent", name) for name in stray)
