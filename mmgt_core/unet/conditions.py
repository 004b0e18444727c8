"""What one call of a UNet sees beside its hidden state: made once for a clip and once for a window, then only read.

Rows of a call are (B F), batch first. The first batch rows may be unconditional: they see neither portrait nor speech.
The clip's and the window's rows are those of the last batch rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch


@dataclass(frozen=True)
class JoinedRegions:
    """The three branches of one MM-HAA layer as products over all of them; order of regions: `MotionMasks.regions`.

    queries: (3 D, D). outputs: (3 D, D), adapter after output projection. constants: (6, D): what each branch's output
    bias becomes under its mask, then the adapters' biases, which masks do not reach (spec §9).
    """

    queries: torch.Tensor
    outputs: torch.Tensor
    constants: torch.Tensor


@dataclass(frozen=True)
class PreparedClip:
    """What the denoising UNet's layers read of a clip, by layer name; `DenoisingUNet.prepare_clip` makes it.

    image: what attention to the image's one token adds, the layers side by side: (R, S), for the last R batch rows.
    no_image: what it adds in the rows before those, (1, S). image_widths: each layer's D; their sum is S.
    reference: keys and values, (R', N, H, 2, d), for the last R' batch rows; those before read none.
    regions: MM-HAA's joined branches.
    """

    image: torch.Tensor
    no_image: torch.Tensor
    image_widths: Mapping[str, int]
    reference: Mapping[str, torch.Tensor] = field(default_factory=dict)
    regions: Mapping[str, JoinedRegions] = field(default_factory=dict)

    def for_rows(self, num_rows: int) -> "PreparedClip":
        """The same clip for several conditional batch rows of a call, as several windows make it; copies nothing."""
        reference = {name: value.expand(num_rows, -1, -1, -1, -1) for name, value in self.reference.items()}
        return replace(self, image=self.image.expand(num_rows, -1), reference=reference)

    def image_rows(self, num_rows: int) -> dict[str, torch.Tensor]:
        """What each layer adds to all batch rows: layer name to (B, 1, 1, D)."""
        unseen = self.no_image.expand(num_rows - len(self.image), -1)
        parts = torch.cat([unseen, self.image])[:, None, None].split(list(self.image_widths.values()), dim=-1)
        return dict(zip(self.image_widths, parts, strict=True))


@dataclass(frozen=True)
class PreparedWindow:
    """What the denoising UNet reads of W windows of F frames; `DenoisingUNet.prepare_window` makes it.

    pose: (W F, C, h, w), channels last. speech: layer name to keys and values of the three regions,
    (W F, M, 2, 3 H, d). masks: by pyramid level (W F, N, 6): each region's mask times its weight, then the weights.
    """

    pose: torch.Tensor
    speech: Mapping[str, torch.Tensor]
    masks: tuple[torch.Tensor, ...]

    def of_frames(self, frames: Sequence[int]) -> "PreparedWindow":
        """Some frames of one window; nothing is copied where they follow one another."""
        first, last = frames[0], frames[-1]
        is_in_order = list(frames) == list(range(first, last + 1))
        part = slice(first, last + 1) if is_in_order else list(frames)
        return PreparedWindow(
            self.pose[part],
            {name: values[part] for name, values in self.speech.items()},
            tuple(level[part] for level in self.masks),
        )


def joined_windows(windows: Sequence[PreparedWindow]) -> PreparedWindow:
    """Several windows of one length as the rows of one call."""
    first = windows[0]
    return PreparedWindow(
        torch.cat([window.pose for window in windows]),
        {name: torch.cat([window.speech[name] for window in windows]) for name in first.speech},
        tuple(torch.cat(levels) for levels in zip(*(window.masks for window in windows), strict=True)),
    )


@dataclass(frozen=True)
class LayerConditions:
    """The conditions of one call as every layer gets them; a spatial network has no speech and no masks.

    time: (B F, D), or (1, D) where all rows have the same, SiLU applied. image: by layer, (B, 1, 1, D). feature_sink:
    where spatial layers put their own features, given only by the reference UNet.
    """

    num_frames: int
    time: torch.Tensor
    image: Mapping[str, torch.Tensor]
    clip: PreparedClip
    speech: Mapping[str, torch.Tensor] = field(default_factory=dict)
    masks: tuple[torch.Tensor, ...] = ()
    feature_sink: dict[str, torch.Tensor] | None = None
