"""Laws of the start for small networks: unit scales inside, the initial pose at first, the same network outside."""

import pytest
import torch

from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE, LEGS
from mmgt_core.smga.model import SMGA
from mmgt_core.training.checkpointing import finished_state
from mmgt_core.training.pose_statistics import PoseStatistics
from mmgt_core.training.standardised_start import standardise

CONFIG = SMGAConfig(width=64, feedforward_width=64, num_layers=3, num_heads=2, condition_features=6)
FACE_VALUES = slice(3 * FACE.start, 3 * FACE.stop)
CONFIDENCES = slice(2, None, 3)
DRAWN = -0.598


@pytest.fixture(scope="module")
def windows() -> dict[str, torch.Tensor]:
    """Poses with large means, small spreads of six kinds, constant confidences; speech in hundreds."""
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randn(6, 402, generator=generator) * 0.02
    moves = torch.randn(16, 80, 6, generator=generator) * torch.tensor([1.0, 1, 1, 0.2, 0.2, 0.2])
    pose = torch.rand(402, generator=generator) + moves @ kinds
    pose[..., CONFIDENCES] = DRAWN
    return {"pose": pose, "condition": torch.randn(16, 80, 6, generator=generator) * 100 - 300}


@pytest.fixture(scope="module")
def statistics(windows: dict[str, torch.Tensor]) -> PoseStatistics:
    return PoseStatistics.measured(windows)


@pytest.fixture
def network(statistics: PoseStatistics) -> SMGA:
    torch.manual_seed(0)
    network = SMGA(CONFIG)
    standardise(network, statistics)
    return network


def initial_poses(windows: dict[str, torch.Tensor]) -> torch.Tensor:
    first = windows["pose"][:, 5].reshape(-1, 134, 3).clone()
    first[:, LEGS] = 0
    return first.flatten(1)


@torch.no_grad()
def test_both_streams_come_in_near_unit_scale(network: SMGA, windows: dict[str, torch.Tensor]) -> None:
    noise = torch.randn(windows["pose"].shape, generator=torch.Generator().manual_seed(1))
    first = initial_poses(windows)[:, None].expand(-1, 80, -1)
    pose = torch.cat([0.7 * windows["pose"] + 0.7 * noise, first], dim=-1)
    is_face = torch.zeros(402, dtype=torch.bool)
    is_face[FACE_VALUES] = True

    streams = [network.input_projection(pose * part.repeat(2)) for part in (is_face, ~is_face)]
    speech = network.condition_projection(windows["condition"])

    for stream in (*streams, speech):
        assert 0.2 < stream.square().mean().sqrt() < 5


@torch.no_grad()
def test_the_start_gives_back_the_initial_pose(network: SMGA, windows: dict[str, torch.Tensor]) -> None:
    first = initial_poses(windows)
    speech = network.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool))

    predicted = network(torch.zeros(16, 80, 402), first, speech, torch.full((16,), 999))

    drawn = [value for value in range(402) if value // 3 not in LEGS]
    error = (predicted - windows["pose"][:, 5:6])[..., drawn]
    assert error.square().mean().sqrt() < 0.3 * windows["pose"].std(dim=(0, 1))[drawn].mean()


@torch.no_grad()
def test_constant_values_are_exact(network: SMGA, windows: dict[str, torch.Tensor]) -> None:
    speech = network.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool))

    predicted = network(torch.randn(16, 80, 402), initial_poses(windows), speech, torch.full((16,), 500))

    assert predicted[..., CONFIDENCES].sub(DRAWN).abs().max() < 1e-6


@torch.no_grad()
def test_what_is_exported_is_an_ordinary_network_with_the_same_output(
    network: SMGA, windows: dict[str, torch.Tensor]
) -> None:
    ordinary = SMGA(CONFIG)
    ordinary.load_state_dict(finished_state(network))
    noisy, first = torch.randn(16, 80, 402), initial_poses(windows)
    outputs = [
        one(
            noisy, first, one.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool)), torch.arange(16)
        )
        for one in (network, ordinary)
    ]

    assert torch.allclose(*outputs, atol=1e-6)


def test_precision_makes_every_varying_value_count_alike(
    statistics: PoseStatistics, windows: dict[str, torch.Tensor]
) -> None:
    moved = (windows["pose"] - windows["pose"][:, :1]) * statistics.precision

    assert statistics.precision[CONFIDENCES].eq(0).all()
    assert torch.allclose(moved.square().mean(dim=(0, 1))[0::3], torch.ones(134), atol=1e-3)
