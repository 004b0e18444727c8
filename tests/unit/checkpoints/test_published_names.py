"""Strictness of the conversion between published names and ours."""

import gzip
import json
from pathlib import Path

import pytest
import torch

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.layout import published_files
from mmgt_core.checkpoints.loading import load_published
from mmgt_core.checkpoints.published_names import published_layout
from mmgt_core.config import MMGT_512, SMGAConfig
from mmgt_core.errors import WeightsError
from mmgt_core.smga.model import SMGA

RECORDED = Path(__file__).parents[2] / "data" / "published_layout.json.gz"
CONFIG = SMGAConfig(width=8, feedforward_width=8, num_layers=2, num_heads=2, condition_features=40)


def published() -> dict[str, torch.Tensor]:
    shapes = published_layout(SMGA(CONFIG), key_maps.SMGA)
    state = {key: torch.randn(shape) for key, shape in shapes.items()}
    return {**state, **{key: state["rotary.freqs"] for key in state if key.endswith("rotary.freqs")}}


def load(state: dict[str, torch.Tensor]) -> SMGA:
    return load_published(SMGA(CONFIG), key_maps.SMGA, state, "SMGA")


def test_the_layout_is_that_of_the_published_files_key_for_key() -> None:
    recorded = json.loads(gzip.decompress(RECORDED.read_bytes()))
    layout = {
        file: {key: list(shape) for key, shape in keys.items()} for file, keys in published_files(MMGT_512).items()
    }

    assert {file: len(keys) for file, keys in layout.items()} == {file: len(keys) for file, keys in recorded.items()}
    assert layout == recorded


def test_published_tensors_arrive_under_our_names() -> None:
    state = published()

    network = load(state)

    assert torch.equal(network.null_tokens, state["null_cond_embed"])
    assert torch.equal(
        network.layers[1].body.cross_attn.in_proj_weight,
        state["seqTransDecoder.stack.1.body_cross_attn.in_proj_weight"],
    )


def test_a_missing_key_is_named() -> None:
    state = published()
    del state["final_layer.bias"]

    with pytest.raises(WeightsError, match=r"1 missing: final_layer\.bias"):
        load(state)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(WeightsError, match=r"1 unknown: extra\.weight"):
        load({**published(), "extra.weight": torch.zeros(1)})


def test_an_unused_key_must_still_be_there() -> None:
    state = published()
    del state["seqTransDecoder.stack.0.norm_face_3.weight"]

    with pytest.raises(WeightsError, match="norm_face_3"):
        load(state)


def test_another_shape_is_named_with_both_shapes() -> None:
    with pytest.raises(WeightsError, match=r"final_layer\.bias \(3,\), not \(402,\)"):
        load({**published(), "final_layer.bias": torch.zeros(3)})


def test_a_repeated_tensor_that_differs_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"cond_encoder\.0\.rotary\.freqs"):
        load({**published(), "cond_encoder.0.rotary.freqs": torch.zeros(4)})
