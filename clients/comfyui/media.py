"""What ComfyUI passes between nodes, as the files that the service takes."""

import io
import wave
from typing import TypedDict

import numpy as np
import torch
from PIL import Image

PCM_STEPS = 32768  # of 16 bit, from 0 to where -1 is


class Audio(TypedDict):
    """ComfyUI's AUDIO."""

    waveform: torch.Tensor  # (B, C, T), -1 to 1
    sample_rate: int


def png_of(image: torch.Tensor) -> bytes:
    """Return an IMAGE as PNG.

    Args:
        image: (1, H, W, C), RGB in 0 to 1; what stands behind the third channel is left out.

    Raises:
        ValueError: it is a batch.
    """
    if len(image) != 1:
        raise ValueError(f"image is a batch of {len(image)}; one portrait is needed")
    pixels = (image[0, ..., :3].clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()  # (H, W, 3)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def wav_of(audio: Audio) -> bytes:
    """Return an AUDIO as WAV of 16 bit.

    Raises:
        ValueError: it is a batch.
    """
    waveform = audio["waveform"]
    if len(waveform) != 1:
        raise ValueError(f"audio is a batch of {len(waveform)}; one recording is needed")
    steps = (waveform[0].float() * PCM_STEPS).round().clamp(-PCM_STEPS, PCM_STEPS - 1)
    samples = steps.cpu().numpy().T.astype(np.int16)  # (T, C)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(samples.itemsize)
        out.setframerate(audio["sample_rate"])
        out.writeframes(samples.tobytes())
    return file.getvalue()
