"""Between a module's keys and the published ones, both ways, strictly."""

import re
from collections.abc import Mapping

import torch
from torch import nn

from mmgt_core.checkpoints.key_maps import KeyMap
from mmgt_core.errors import WeightsError

State = Mapping[str, torch.Tensor]

_LISTED_KEYS = 20


def published_name(key_map: KeyMap, name: str) -> str:
    """The published name of one of our keys or modules."""
    dotted = name + "."
    for pattern, replacement in key_map.renames:
        dotted = re.sub(pattern, replacement, dotted)
    return dotted.removesuffix(".")


def published_layout(module: nn.Module, key_map: KeyMap) -> dict[str, tuple[int, ...]]:
    """Every key that the published file has for this network, with its shape."""
    layout = {published_name(key_map, key): tuple(value.shape) for key, value in module.state_dict().items()}
    for key, like in _unused_keys(layout, key_map).items():
        layout[key] = layout[like]
    for key, original in _copied_keys(layout, key_map).items():
        layout[key] = layout[original]
    return layout


def from_published(module: nn.Module, key_map: KeyMap, published: State, what: str) -> dict[str, torch.Tensor]:
    """The module's state out of a published one.

    Args:
        module: gives the keys and shapes that are expected; may lie on the meta device.
        key_map: of this network.
        published: published key to tensor, any dtype.
        what: the network's name for messages.

    Raises:
        WeightsError: missing or unknown keys, other shapes, or a repeated tensor that differs from its original; lists
            them.
    """
    expected = published_layout(module, key_map)
    require_same_layout(expected, published, what)
    for copy, original in _copied_keys(expected, key_map).items():
        if not torch.equal(published[copy], published[original]):
            raise WeightsError(f"{what}: {copy} should repeat {original} and differs")
    return {key: published[published_name(key_map, key)] for key in module.state_dict()}


def require_same_layout(expected: Mapping[str, tuple[int, ...]], found: State, what: str) -> None:
    """Compare keys and shapes. Raises: WeightsError: lists what is missing, what is unknown, and other shapes."""
    require_same_keys(expected, found, what)
    wrong = [
        f"{key} {tuple(found[key].shape)}, not {shape}"
        for key, shape in expected.items()
        if tuple(found[key].shape) != shape
    ]
    if wrong:
        raise WeightsError(f"{what}: {len(wrong)} tensors of another shape: {listed(wrong)}")


def require_same_keys(expected: Mapping[str, object], found: Mapping[str, object], what: str) -> None:
    """Compare two sets of keys. Raises: WeightsError: lists what is missing and what is unknown."""
    missing, unknown = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    parts = [
        f"{len(keys)} {word}: {listed(keys)}" for word, keys in (("missing", missing), ("unknown", unknown)) if keys
    ]
    if parts:
        raise WeightsError(f"{what}: keys {'; '.join(parts)}")


def listed(names: list[str]) -> str:
    """The first names for a message, and how many more there are."""
    more = f" and {len(names) - _LISTED_KEYS} more" if len(names) > _LISTED_KEYS else ""
    return ", ".join(names[:_LISTED_KEYS]) + more


def _unused_keys(layout: Mapping[str, object], key_map: KeyMap) -> dict[str, str]:
    return {
        re.sub(pattern, replacement, key): key
        for pattern, replacement in key_map.unused
        for key in layout
        if re.search(pattern, key)
    }


def _copied_keys(layout: Mapping[str, object], key_map: KeyMap) -> dict[str, str]:
    return {
        re.sub(pattern, replacement, key): original
        for pattern, replacement, original in key_map.copies
        for key in layout
        if re.search(pattern, key)
    }
