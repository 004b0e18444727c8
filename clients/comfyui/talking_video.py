"""The node: a portrait and a recording go to a service, the finished video comes back."""

import time
from pathlib import Path
from typing import Any, ClassVar

import folder_paths
import torch
from comfy.model_management import InterruptProcessingException, throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from comfy_api.latest import InputImpl

from mmgt import Client, CreateWishes, Video

from .media import Audio, png_of, wav_of

LOOK_EVERY_S = 1.0
LARGEST_SEED = 2**53 - 1
THE_MODELS_OWN = "default"
LIVE = ("queued", "in_progress")
STRENGTH = ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.5, "step": 0.05})


class TalkingVideo:
    """Creates a video, waits for it, and hands it on; an interrupt cancels it on the service too.

    The key comes from the environment, `MMGT_API_KEY` or `MMGT_KEY`: what is typed into a node is saved with workflows.
    """

    CATEGORY = "video/MMGT"
    DESCRIPTION = "A person in a portrait speaks and gestures to a recording, made by an MMGT service."
    FUNCTION = "create"
    RETURN_TYPES = ("VIDEO", "STRING")
    RETURN_NAMES = ("video", "video_id")
    OUTPUT_TOOLTIPS = ("H.264 with the recording's sound", "the service's name for it: mmgt download ID")

    QUALITIES: ClassVar = (THE_MODELS_OWN, "exact", "balanced", "fast", "turbo")
    FRAMINGS: ClassVar = ("square", "photo", "16:9", "9:16", "4:5", "1:1")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, tuple[Any, ...]]]:  # noqa: N802, ComfyUI's name
        """Sockets and widgets, in the order in which they are shown."""
        consent = {"default": False, "tooltip": "The person shown agreed to be animated."}
        return {
            "required": {
                "image": ("IMAGE", {"tooltip": "One portrait, best with both hands."}),
                "audio": ("AUDIO", {"tooltip": "Speech, 0.5 s to 10 min."}),
                "seed": ("INT", {"default": 42, "min": 0, "max": LARGEST_SEED, "control_after_generate": True}),
                "quality": (list(cls.QUALITIES), {"default": THE_MODELS_OWN}),
                "framing": (list(cls.FRAMINGS), {"default": "square"}),
                "gesture_strength": STRENGTH,
                "head_strength": STRENGTH,
                "consent": ("BOOLEAN", consent),
            },
            "optional": {
                "service": ("STRING", {"default": "", "tooltip": "Its address; empty: MMGT_URL, or this machine."}),
                "model": ("STRING", {"default": "", "tooltip": "Empty: the one that is loaded."}),
            },
        }

    def create(
        self,
        image: torch.Tensor,
        audio: Audio,
        seed: int,
        quality: str,
        framing: str,
        gesture_strength: float,
        head_strength: float,
        consent: bool,
        service: str = "",
        model: str = "",
    ) -> tuple[Any, str]:
        """Return the video as ComfyUI's VIDEO, and its id."""
        wishes: dict[str, Any] = {
            "image": png_of(image), "audio": wav_of(audio), "seed": seed, "framing": framing, "consent": consent,
            "gesture_strength": gesture_strength, "head_strength": head_strength,
        }  # fmt: skip
        chosen = {"quality": "" if quality == THE_MODELS_OWN else quality, "model": model}
        wishes |= {name: value for name, value in chosen.items() if value}
        with Client(service or None) as client:
            video = completed(client, wishes)
            folder = Path(folder_paths.get_temp_directory())
            folder.mkdir(parents=True, exist_ok=True)
            path = client.videos.download(video["id"], folder / f"mmgt-{video['id']}.mp4")
        return InputImpl.VideoFromFile(str(path)), video["id"]


def completed(client: Client, wishes: CreateWishes) -> Video:
    """Create a video and return it when it is there.

    Raises:
        InterruptProcessingException: ComfyUI's user does not want it any more; it was cancelled.
        mmgt.MmgtError: refused, failed, or nobody answers.
    """
    video, bar = client.videos.create(**wishes), ProgressBar(100)
    try:
        while video["status"] in LIVE:
            throw_exception_if_processing_interrupted()
            time.sleep(LOOK_EVERY_S)
            video = client.videos.retrieve(video["id"])
            bar.update_absolute(video["progress"])
    except (InterruptProcessingException, KeyboardInterrupt):
        client.videos.cancel(video["id"])
        raise
    return client.videos.wait(video["id"])  # it has ended: this tells how
