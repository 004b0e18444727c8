"""How large, how long and how small an input may be; every other file takes its limits from here."""

from dataclasses import dataclass

_MEGA = 1_000_000


@dataclass(frozen=True)
class MediaLimits:
    """Bounds of what is decoded; lengths in seconds are those of the decoded samples or frames, ends included.

    max_framed_side_px: of the long side of a video that shows more than the square.
    """

    max_image_bytes: int = 20 * _MEGA
    max_image_pixels: int = 40 * _MEGA
    min_image_side_px: int = 256
    max_side_ratio: float = 4.0
    max_audio_bytes: int = 100 * _MEGA
    min_audio_s: float = 0.5
    max_audio_s: float = 600.0
    max_audio_sample_rate_hz: int = 192_000
    max_audio_channels: int = 8
    max_video_bytes: int = 200 * _MEGA
    max_video_pixels: int = 4096 * 2304
    max_video_fps: int = 240
    max_keypoints_bytes: int = 50 * _MEGA
    max_captions_bytes: int = _MEGA
    max_framed_side_px: int = 1920


def side_ratio(width: int, height: int) -> float:
    """How many times as long as its short side a picture's long side is."""
    return max(width, height) / max(1, min(width, height))


def megabytes(num_bytes: int) -> str:
    """A number of bytes for a message, e.g. "20.5 MB"."""
    return f"{num_bytes / _MEGA:.1f} MB"
