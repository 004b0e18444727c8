"""Every wish that a create takes, in sets that go together; and what a job was asked for, by the same names."""

from typing import Any

from jobs.job import Job, JobOptions
from tests.integration.api.creating import MP4, PNG, WAV
from tests.integration.api.scripted_worker import CAPTIONS, KEYPOINTS, MODEL

FILES = {"image": PNG, "audio": WAV, "driving_video": MP4, "backdrop_image": PNG + b"wall",
         "driving_keypoints": KEYPOINTS, "captions_file": CAPTIONS}  # fmt: skip
ASKED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "recording": (("image", "audio"), {
        "model": MODEL, "seed": 7, "num_inference_steps": 3, "guidance_scale": 2.5, "quality": "fast",
        "face_hands_weight": 1.5, "lips_weight": 3, "background_weight": 0.5, "gesture_strength": 0.5,
        "head_strength": 1.25, "smoothing": 0.25, "loop": True, "start_pose": "portrait", "allow_silence": True,
        "crop": "0,0,512,512", "framing": "photo", "backdrop": "#00ff7f", "size": "512x512", "fps": 25,
        "webhook_url": "https://example.com/hook", "webhook_events": ["video.failed", "video.started"],
        "metadata": {"take": "1"}, "expires_after_s": 7200, "queue_ttl_s": 600, "priority": "batch", "consent": True,
        "prompt": "a remark", "captions": "vtt", "transcript": "Good morning.", "until": "video",
    }),
    "text": (("image",), {"text": "Good morning.", "voice": "f2", "language": "en-us", "until": "poses"}),
    "keypoints": (("image", "audio", "driving_keypoints", "backdrop_image"), {"lips": "driving"}),
    "film": (("image", "driving_video", "captions_file"), {"captions": "vtt"}),
}  # fmt: skip
"""By name: files, fields."""


def told_of(job: Job, names: list[str]) -> dict[str, Any]:
    """What a job's record has under the names of a create's fields."""
    request = job.request
    of_request = {
        "webhook_events": list(request.webhook_events),
        "priority": request.priority.value,
        "consent": request.consented_at_ms is not None,
    }
    options = JobOptions.__dataclass_fields__
    return {
        name: of_request[name] if name in of_request else getattr(request.options if name in options else request, name)
        for name in names
    }
