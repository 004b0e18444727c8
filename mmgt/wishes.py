"""What a create and a remix take. Written by `make clients` from our OpenAPI; not by hand."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from mmgt.files import FileInput


class CreateWishes(TypedDict):
    """Fields and files, by their names."""

    image: FileInput
    audio: NotRequired[FileInput]
    driving_video: NotRequired[FileInput]
    backdrop_image: NotRequired[FileInput]
    driving_keypoints: NotRequired[FileInput]
    captions_file: NotRequired[FileInput]
    model: NotRequired[str]
    seed: NotRequired[int]
    num_inference_steps: NotRequired[int]
    guidance_scale: NotRequired[float]
    quality: NotRequired[Literal["exact", "balanced", "fast", "turbo"]]
    face_hands_weight: NotRequired[float]
    lips_weight: NotRequired[float]
    background_weight: NotRequired[float]
    gesture_strength: NotRequired[float]
    head_strength: NotRequired[float]
    smoothing: NotRequired[float]
    loop: NotRequired[bool]
    start_pose: NotRequired[Literal["off", "portrait"]]
    lips: NotRequired[Literal["audio", "driving"]]
    allow_silence: NotRequired[bool]
    until: NotRequired[Literal["poses", "video"]]
    crop: NotRequired[str]
    framing: NotRequired[Literal["square", "photo", "16:9", "9:16", "4:5", "1:1"]]
    backdrop: NotRequired[str]
    size: NotRequired[str]
    fps: NotRequired[int]
    webhook_url: NotRequired[str]
    webhook_events: NotRequired[
        list[Literal["video.completed", "video.failed", "video.cancelled", "video.started", "video.progress"]]
    ]
    metadata: NotRequired[dict[str, str]]
    expires_after_s: NotRequired[int]
    queue_ttl_s: NotRequired[int]
    priority: NotRequired[Literal["interactive", "batch"]]
    consent: NotRequired[bool]
    text: NotRequired[str]
    voice: NotRequired[str]
    language: NotRequired[str]
    captions: NotRequired[Literal["off", "vtt"]]
    transcript: NotRequired[str]
    prompt: NotRequired[str]


class RemixWishes(TypedDict):
    """Fields and files, by their names."""

    image: NotRequired[FileInput]
    backdrop_image: NotRequired[FileInput]
    captions_file: NotRequired[FileInput]
    model: NotRequired[str]
    seed: NotRequired[int]
    num_inference_steps: NotRequired[int]
    guidance_scale: NotRequired[float]
    quality: NotRequired[Literal["exact", "balanced", "fast", "turbo"]]
    face_hands_weight: NotRequired[float]
    lips_weight: NotRequired[float]
    background_weight: NotRequired[float]
    gesture_strength: NotRequired[float]
    head_strength: NotRequired[float]
    smoothing: NotRequired[float]
    loop: NotRequired[bool]
    start_pose: NotRequired[Literal["off", "portrait"]]
    lips: NotRequired[Literal["audio", "driving"]]
    allow_silence: NotRequired[bool]
    until: NotRequired[Literal["poses", "video"]]
    crop: NotRequired[str]
    framing: NotRequired[Literal["square", "photo", "16:9", "9:16", "4:5", "1:1"]]
    backdrop: NotRequired[str]
    size: NotRequired[str]
    fps: NotRequired[int]
    webhook_url: NotRequired[str]
    webhook_events: NotRequired[
        list[Literal["video.completed", "video.failed", "video.cancelled", "video.started", "video.progress"]]
    ]
    metadata: NotRequired[dict[str, str]]
    expires_after_s: NotRequired[int]
    queue_ttl_s: NotRequired[int]
    priority: NotRequired[Literal["interactive", "batch"]]
    consent: NotRequired[bool]
    text: NotRequired[str]
    voice: NotRequired[str]
    language: NotRequired[str]
    captions: NotRequired[Literal["off", "vtt"]]
    transcript: NotRequired[str]
    prompt: NotRequired[str]


FILES = frozenset(["audio", "backdrop_image", "captions_file", "driving_keypoints", "driving_video", "image"])
"""The fields that are files."""
