"""Where stage 2's training may start: Stable Diffusion 1.5's UNet for both UNets, AnimateDiff's motion modules."""

import re
from collections.abc import Callable

from torch import nn

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.published_names import State, listed, published_name
from mmgt_core.errors import WeightsError
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet

_MOTION = re.compile(r"motion_module")
_AUDIO = re.compile(r"audio_module")


def start_from_stable_diffusion(network: DenoisingUNet | ReferenceUNet, published: State) -> None:
    """Fill the spatial layers of a UNet from an SD-1.5 class one; motion and audio modules keep what they have.

    Args:
        network: of the same widths.
        published: the UNet's tensors under the names of its library.

    Raises:
        WeightsError: a layer is missing or has another shape; lists them.
    """
    _fill(network, published, "Stable Diffusion UNet", lambda key: not (_MOTION.search(key) or _AUDIO.search(key)))


def start_from_animate_diff(network: DenoisingUNet, published: State) -> None:
    """Fill the motion modules; everything else keeps what it has.

    Raises:
        WeightsError: a module is missing or has another shape; lists them.
    """
    _fill(network, published, "AnimateDiff motion modules", lambda key: bool(_MOTION.search(key)))


def _fill(network: nn.Module, published: State, what: str, belongs: Callable[[str], bool]) -> None:
    names = {key: published_name(key_maps.UNET, key) for key in network.state_dict() if belongs(key)}
    missing = sorted(name for name in names.values() if name not in published)
    if missing:
        raise WeightsError(f"{what}: {len(missing)} missing: {listed(missing)}")
    state = network.state_dict()
    wrong = [
        f"{name} {tuple(published[name].shape)}, not {tuple(state[key].shape)}"
        for key, name in names.items()
        if published[name].shape != state[key].shape
    ]
    if wrong:
        raise WeightsError(f"{what}: {len(wrong)} tensors of another shape: {listed(wrong)}")
    network.load_state_dict({key: published[name] for key, name in names.items()}, strict=False)
