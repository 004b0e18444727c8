"""Laws of table V's switches on stage 1's network."""

from dataclasses import replace

import pytest
import torch

from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE
from mmgt_core.smga.model import SMGA

CONFIG = SMGAConfig(width=32, feedforward_width=64, num_layers=2, num_heads=2, condition_features=6)
FACE_VALUES = slice(3 * FACE.start, 3 * FACE.stop)


def predicted(network: SMGA, pose: torch.Tensor) -> torch.Tensor:
    condition = torch.zeros(1, 80, 6)
    speech = network.encode_condition(condition, torch.ones(1, dtype=torch.bool))
    return network(pose, torch.zeros(1, 402), speech, torch.tensor([500]))


@pytest.mark.parametrize("switch", ["has_two_branches", "has_film"])
def test_an_ablation_has_fewer_parameters_and_the_same_output_shape(switch: str) -> None:
    ablated = SMGA(replace(CONFIG, **{switch: False}))
    counts = [sum(value.numel() for value in network.parameters()) for network in (ablated, SMGA(CONFIG))]

    assert counts[0] < counts[1]
    assert predicted(ablated, torch.randn(1, 80, 402)).shape == (1, 80, 402)


def test_without_two_branches_one_branch_sees_face_and_body() -> None:
    torch.manual_seed(0)
    network = SMGA(replace(CONFIG, has_two_branches=False))
    pose = torch.zeros(1, 80, 402, requires_grad=True)

    gradient = torch.autograd.grad(predicted(network, pose).square().sum(), pose)[0]

    assert not any(".body." in name for name, _ in network.named_parameters())
    assert gradient[..., FACE_VALUES].abs().sum() > 0
    assert gradient[..., : FACE_VALUES.start].abs().sum() > 0


def test_without_film_nothing_modulates_and_time_still_counts() -> None:
    torch.manual_seed(0)
    network = SMGA(replace(CONFIG, has_film=False))
    speech = network.encode_condition(torch.zeros(2, 80, 6), torch.ones(2, dtype=torch.bool))

    early, late = network(torch.zeros(2, 80, 402), torch.zeros(2, 402), speech, torch.tensor([10, 900]))

    assert not any("film" in name for name, _ in network.named_parameters())
    assert not torch.allclose(early, late)
