"""Put published tensors into a module."""

from typing import TypeVar

from torch import nn

from mmgt_core.checkpoints.key_maps import KeyMap
from mmgt_core.checkpoints.published_names import State, from_published

Network = TypeVar("Network", bound=nn.Module)


def load_published(module: Network, key_map: KeyMap, published: State, what: str) -> Network:
    """Fill a module from published tensors and give it back, ready to evaluate.

    Raises:
        WeightsError: keys or shapes are not the expected ones; lists them.
    """
    module.load_state_dict(from_published(module, key_map, published, what))
    return module.requires_grad_(False).eval()
