"""Why a clip is not learned from."""

from enum import StrEnum

from mmgt_core.errors import InputCode, InputError, MMGTError


class RejectionReason(StrEnum):
    """One word for each, as the report counts them."""

    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    NO_SOUND = "no_sound"
    SILENT = "silent"
    LOW_FPS = "low_fps"
    CUTS = "cuts"
    TOO_SMALL = "too_small"
    NO_PERSON = "no_person"
    SEVERAL_PEOPLE = "several_people"
    PERSON_LOST = "person_lost"
    FAILED = "failed"


_REASONS = {
    InputCode.AUDIO_TOO_SHORT: RejectionReason.TOO_SHORT,
    InputCode.AUDIO_TOO_LONG: RejectionReason.TOO_LONG,
    InputCode.AUDIO_SILENT: RejectionReason.SILENT,
    InputCode.DRIVING_VIDEO_TOO_LONG: RejectionReason.TOO_LONG,
    InputCode.IMAGE_NO_PERSON: RejectionReason.NO_PERSON,
    InputCode.IMAGE_MULTIPLE_PEOPLE: RejectionReason.SEVERAL_PEOPLE,
}
"""What the decoders and the framing refuse; all else of theirs is `unreadable`."""


class ClipRejected(MMGTError):
    """A clip cannot be used; the message has the number."""

    def __init__(self, reason: RejectionReason, message: str) -> None:
        """Args: reason: which. message: for the report."""
        self.reason = reason
        super().__init__(message)


def rejected_input(error: InputError) -> ClipRejected:
    """The same fact as a rejection."""
    return ClipRejected(_REASONS.get(error.code, RejectionReason.UNREADABLE), str(error))
