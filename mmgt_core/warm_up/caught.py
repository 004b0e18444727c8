"""One call of the denoising UNet, caught out of a render of one window, so that it can be repeated and timed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from mmgt_core.config import SamplingOptions
from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform

WINDOW_FRAMES = SamplingOptions.window_frames
GUIDED, UNGUIDED = 3.5, 1.0


@dataclass(frozen=True)
class Portrayed:
    """What a render needs, drawn from a seed: (512, 512, 3) RGB, (134, 3), poses and speech of as many frames."""

    image: UInt8Array
    keypoints: Float32Array
    poses: PoseSequence
    waveform: Waveform

    @classmethod
    def of(cls, num_frames: int) -> "Portrayed":
        """A person who moves a little."""
        numbers = np.random.default_rng(0)
        angles = np.linspace(0, 2 * np.pi, 134, endpoint=False)
        ring = 256 + 150 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        keypoints = np.concatenate([ring, np.ones((134, 1))], axis=1).astype(np.float32)
        steps = np.arange(num_frames)[:, None, None] * np.array([0.5, 0.25, 0.0])
        return cls(
            image=numbers.integers(0, 256, (512, 512, 3), dtype=np.uint8),
            keypoints=keypoints,
            poses=PoseSequence((keypoints + steps % 20).astype(np.float32)),
            waveform=Waveform(numbers.normal(0, 0.1, num_frames * SAMPLES_PER_FRAME).astype(np.float32)),
        )


@dataclass(frozen=True)
class WindowCall:
    """What the denoising UNet was called with."""

    network: nn.Module
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]

    @torch.inference_mode()
    def __call__(self) -> torch.Tensor:
        """The same call once more: (B, C, F, h, w)."""
        result: torch.Tensor = self.network(*self.arguments, **self.named)
        return result

    def cast(self, network: nn.Module, device: torch.device, dtype: torch.dtype) -> "WindowCall":
        """The same numbers for another network, elsewhere or in another type; whole numbers and tables stay."""

        def moved(value: Any) -> Any:  # noqa: ANN401 - whatever a call is made of
            if isinstance(value, torch.Tensor):
                return value.to(device, dtype) if value.is_floating_point() and value.dim() else value.to(device)
            if is_dataclass(value) and not isinstance(value, type):
                return replace(value, **{field.name: moved(getattr(value, field.name)) for field in fields(value)})
            if isinstance(value, Mapping):
                return {name: moved(one) for name, one in value.items()}
            if isinstance(value, tuple | list):
                return type(value)(map(moved, value))
            return value

        return WindowCall(network, moved(self.arguments), moved(dict(self.named)))


class _Caught(Exception):
    """The call is known; nothing more is to be rendered."""


def at_once(poses: PoseSequence) -> Iterator[PoseSequence]:
    """Poses that need not be waited for."""
    yield poses


def window_call(
    pipeline: AudioToVideo, guidance_scale: float, given: Callable[[PoseSequence], Any] = at_once
) -> WindowCall:
    """Render a clip of one window as far as its first call of the denoising UNet.

    Args:
        pipeline: of this version.
        guidance_scale: 1 leaves the unconditional rows out.
        given: what it takes poses as, which is not the same in all versions.
    """
    network, caught = pipeline.pose_to_video.denoising_unet, []

    def catch(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        if arguments[0].shape[2] == WINDOW_FRAMES:  # not the one frame that a portrait is drawn in
            caught.append(WindowCall(network, arguments, named))
            raise _Caught

    person = Portrayed.of(WINDOW_FRAMES)
    options = SamplingOptions(num_inference_steps=3, guidance_scale=guidance_scale)
    handle = network.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        poses = given(person.poses)
        frames = pipeline.frames(person.image, person.keypoints, poses, person.waveform, options, RunControl())
        list(frames)
    except _Caught:
        pass
    finally:
        handle.remove()
    return caught[0]
