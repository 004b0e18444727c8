"""The facts that can stop a generation, each a type that some caller answers differently."""

from dataclasses import dataclass
from enum import StrEnum


class InputCode(StrEnum):
    """Why an input was refused; the words are those of the HTTP contract."""

    AUDIO_UNREADABLE = "audio_unreadable"
    AUDIO_TOO_SHORT = "audio_too_short"
    AUDIO_TOO_LONG = "audio_too_long"
    AUDIO_SILENT = "audio_silent"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_TOO_SMALL = "image_too_small"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_TOO_NARROW = "image_too_narrow"
    IMAGE_NO_PERSON = "image_no_person"
    IMAGE_MULTIPLE_PEOPLE = "image_multiple_people"
    CROP_INVALID = "crop_invalid"
    BACKDROP_IMAGE_UNREADABLE = "backdrop_image_unreadable"
    BACKDROP_IMAGE_TOO_SMALL = "backdrop_image_too_small"
    BACKDROP_IMAGE_TOO_LARGE = "backdrop_image_too_large"
    BACKDROP_IMAGE_TOO_NARROW = "backdrop_image_too_narrow"
    DRIVING_VIDEO_UNREADABLE = "driving_video_unreadable"
    DRIVING_VIDEO_TOO_LONG = "driving_video_too_long"
    DRIVING_KEYPOINTS_INVALID = "driving_keypoints_invalid"
    CAPTIONS_FILE_UNREADABLE = "captions_file_unreadable"
    TRANSCRIPT_TOO_LONG = "transcript_too_long"


class MMGTError(Exception):
    """Any failure that this package foresees; its message is fit for the person who asked."""


class UsageError(MMGTError):
    """What was asked for cannot be: a configuration, a setting, a name."""


class InputError(MMGTError):
    """An input that the caller gave cannot be used; the message names the input and the number."""

    def __init__(self, code: InputCode, message: str) -> None:
        """Args: code: which fact. message: without the input's name, e.g. "92.4 s long; the limit is 60 s"."""
        self.code = code
        self.field = _field(code)
        super().__init__(f"{self.field}: {message}")


@dataclass(frozen=True)
class InputWarning:
    """What is used or made, though not as it is or not as well as hoped; a stable code and a sentence for people."""

    code: str
    message: str


class WeightsError(MMGTError):
    """Weights are absent, unreadable, or their keys or shapes are not the expected ones."""


class DownloadError(MMGTError):
    """A published file could not be fetched, or is not the file that was fetched before."""


class SpeechUnavailable(MMGTError):
    """A text could not be spoken; the same text may be, later."""


class Cancelled(MMGTError):
    """The caller asked to stop; nothing was left behind."""


def _field(code: InputCode) -> str:
    """The input that a code is about: the one that it begins with."""
    files = ("backdrop_image", "driving_video", "driving_keypoints", "captions_file", "audio", "image")
    return next((name for name in (*files, "transcript", "crop") if code.value.startswith(name)), "image")
