"""`text` as the HTTP face judges it: whether it can be spoken here, and about how long its speech will be."""

import unicodedata

from api.errors import Finding
from api.fields import CreateFields
from jobs.job import JobRequest
from jobs.settings import LimitSettings
from jobs.speech import HOW_TO_HAVE_ONE, Offer

_S_PER_CHAR, _S_PER_WIDE_CHAR = 1 / 17, 1 / 5
"""Of ten languages read by eSpeak NG at 160 words a minute, the speech was 0.6 to 1.7 times as long as this says."""


def check_text(fields: CreateFields, limits: LimitSettings, offer: Offer | None) -> tuple[Finding, ...]:
    """Return what is wrong with a text and how it is to be spoken."""
    if fields.text is None:
        stray = [name for name in ("voice", "language") if getattr(fields, name) is not None]
        stray = [name for name in stray if name == "voice" or fields.transcript is None]
        return tuple(Finding("invalid_value", f"{name} is of text, which was not sent", name) for name in stray)
    findings = []
    if len(fields.text) > limits.max_text_chars:
        message = f"text has {len(fields.text)} characters; the limit is {limits.max_text_chars}"
        findings.append(Finding("invalid_value", message, "text"))
    if not any(map(str.isalnum, fields.text)):
        findings.append(Finding("invalid_value", "text has neither a letter nor a digit", "text"))
    if offer is None:
        findings.append(Finding("speech_not_configured", f"text: {HOW_TO_HAVE_ONE}", "text"))
    elif fault := offer.fault_of(fields.voice, fields.language):
        name, message = fault
        findings.append(Finding("invalid_value", message, name))
    return tuple(findings)


def words_of(wanted: CreateFields | JobRequest) -> tuple[str | None, ...]:
    """Return what decides how a speech sounds: two jobs that have it in common have the same speech."""
    return wanted.text, wanted.voice, wanted.language


def estimated_s(text: str, limits: LimitSettings) -> float:
    """Return about how many seconds a text takes to be spoken, within what is taken at all."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    seconds = wide * _S_PER_WIDE_CHAR + (len(text) - wide) * _S_PER_CHAR
    return round(min(max(seconds, limits.min_seconds), limits.max_seconds), 1)
