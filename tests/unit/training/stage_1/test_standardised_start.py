"""Laws of the start for small networks: unit scales inside, the initial pose at first, the same network outside."""

from dataclasses import replace

import pytest
import torch

from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE, LEFT_HAND, LEGS, RIGHT_HAND
from mmgt_core.smga.diffusion import add_noise, cosine_schedule
from mmgt_core.smga.model import SMGA
from mmgt_core.training.machinery.checkpointing import finished_state
from mmgt_core.training.stage_1.motion_scales import motion_scales, seen_from_hand
from mmgt_core.training.stage_1.pose_statistics import PoseStatistics
from mmgt_core.training.stage_1.standardised_start import standardise

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
    condition = torch.randn(16, 80, 6, generator=generator) * 100 - 300
    return {"pose": pose, "condition": condition, "initial_pose": initial_poses(pose)}


@pytest.fixture(scope="module")
def statistics(windows: dict[str, torch.Tensor]) -> PoseStatistics:
    return PoseStatistics.measured(windows)


@pytest.fixture
def network(statistics: PoseStatistics, windows: dict[str, torch.Tensor]) -> SMGA:
    torch.manual_seed(0)
    network = SMGA(CONFIG)
    standardise(network, statistics, windows)
    return network


def initial_poses(pose: torch.Tensor) -> torch.Tensor:
    first = pose[:, 5].reshape(-1, 134, 3).clone()
    first[:, LEGS] = 0
    return first.flatten(1)


@torch.no_grad()
def test_both_streams_come_in_near_unit_scale(network: SMGA, windows: dict[str, torch.Tensor]) -> None:
    noise = torch.randn(windows["pose"].shape, generator=torch.Generator().manual_seed(1))
    first = windows["initial_pose"][:, None].expand(-1, 80, -1)
    pose = torch.cat([0.7 * windows["pose"] + 0.7 * noise, first], dim=-1)
    is_face = torch.zeros(402, dtype=torch.bool)
    is_face[FACE_VALUES] = True

    streams = [network.input_projection(pose * part.repeat(2)) for part in (is_face, ~is_face)]
    speech = network.condition_projection(windows["condition"])

    for stream in (*streams, speech):
        assert 0.2 < stream.square().mean().sqrt() < 5


@torch.no_grad()
def test_the_start_is_no_worse_than_the_initial_pose_held_still_where_all_is_noise(
    network: SMGA, windows: dict[str, torch.Tensor]
) -> None:
    first = windows["initial_pose"]
    speech = network.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool))

    timesteps, noise = torch.full((16,), 999), torch.randn(16, 80, 402, generator=torch.Generator().manual_seed(1))
    predicted = network(add_noise(cosine_schedule(), windows["pose"], noise, timesteps), first, speech, timesteps)

    drawn = [value for value in range(402) if value // 3 not in LEGS]
    errors = [(guess - windows["pose"])[..., drawn].square().mean().sqrt() for guess in (predicted, first[:, None])]
    assert errors[0] < 1.1 * errors[1]
    assert errors[1] < 2 * windows["pose"].std(dim=(0, 1))[drawn].square().mean().sqrt()


@torch.no_grad()
def test_some_features_see_the_gesture_and_not_the_pose(
    network: SMGA, statistics: PoseStatistics, windows: dict[str, torch.Tensor]
) -> None:
    """The noisy pose less the initial one, of body and hands, along the strongest components."""
    first = windows["initial_pose"][:, None].expand(-1, 80, -1)
    num_seen, begin = int(CONFIG.width * 0.25), int(CONFIG.width * 0.35)

    seen = network.input_projection(torch.cat([windows["pose"], first], dim=-1))[..., begin : begin + num_seen]

    moved = (windows["pose"] - windows["pose"][:, 5:6]) * statistics.noisy_scale
    moved.unflatten(-1, (134, 3))[:, :, [*LEGS, *range(FACE.start, FACE.stop)]] = 0
    expected = moved @ statistics.gesture_components[:, :num_seen]
    assert expected.std() > 0.01
    torch.testing.assert_close(
        seen - network.input_projection.bias[begin : begin + num_seen], expected, atol=2e-3, rtol=0
    )


@torch.no_grad()
@pytest.mark.parametrize(("timestep", "low", "high"), [(1, 0.8, 1.2), (60, 0.02, 0.9), (900, -0.02, 0.02)])
def test_the_start_lets_gestures_through_as_far_as_noise_allows(
    network: SMGA, windows: dict[str, torch.Tensor], timestep: int, low: float, high: float
) -> None:
    """Slope of the predicted hands' motion by the true one."""
    clean, first = windows["pose"], windows["initial_pose"]
    timesteps = torch.full((16,), timestep)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(2))
    speech = network.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool))

    predicted = network(add_noise(cosine_schedule(), clean, noise, timesteps), first, speech, timesteps)

    hands = [3 * point + axis for point in range(LEFT_HAND.start, RIGHT_HAND.stop) for axis in (0, 1)]
    true, found = ((values - values.mean(dim=1, keepdim=True))[..., hands] for values in (clean, predicted))
    assert low < (true * found).sum() / true.square().sum() < high


@torch.no_grad()
def test_without_film_nothing_is_let_through_at_first(
    statistics: PoseStatistics, windows: dict[str, torch.Tensor]
) -> None:
    network = SMGA(replace(CONFIG, has_film=False))
    standardise(network, statistics, windows)
    first, speech = (
        windows["initial_pose"],
        network.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool)),
    )

    predicted = network(windows["pose"], first, speech, torch.zeros(16, dtype=torch.long))

    motion, true = ((values - values.mean(dim=1, keepdim=True)).std() for values in (predicted, windows["pose"]))
    assert motion < 0.2 * true


@torch.no_grad()
def test_constant_values_are_exact(network: SMGA, windows: dict[str, torch.Tensor]) -> None:
    speech = network.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool))

    predicted = network(torch.randn(16, 80, 402), windows["initial_pose"], speech, torch.full((16,), 500))

    assert predicted[..., CONFIDENCES].sub(DRAWN).abs().max() < 1e-6


@torch.no_grad()
def test_what_is_exported_is_an_ordinary_network_with_the_same_output(
    network: SMGA, windows: dict[str, torch.Tensor]
) -> None:
    ordinary = SMGA(CONFIG)
    ordinary.load_state_dict(finished_state(network))
    noisy, first = torch.randn(16, 80, 402), windows["initial_pose"]
    outputs = [
        one(
            noisy, first, one.encode_condition(windows["condition"], torch.ones(16, dtype=torch.bool)), torch.arange(16)
        )
        for one in (network, ordinary)
    ]

    assert torch.allclose(*outputs, atol=1e-6)


def test_every_varying_value_counts_alike_in_position(
    statistics: PoseStatistics, windows: dict[str, torch.Tensor]
) -> None:
    scales = motion_scales(windows["pose"], statistics)
    local = seen_from_hand(windows["pose"])
    counted = ((local - local[:, :1]) * scales[0]).square().mean(dim=(0, 1))

    assert scales[:, CONFIDENCES].eq(0).all()
    is_ordinary = torch.ones(134, dtype=torch.bool)
    is_ordinary[[LEFT_HAND.start, RIGHT_HAND.start]] = False
    assert torch.allclose(counted[0::3][is_ordinary], torch.ones(132), atol=1e-3)
    assert float(counted[3 * LEFT_HAND.start]) == pytest.approx(10.0, rel=1e-3)  # says alone where the hand is


def test_a_velocity_counts_by_what_velocities_vary_by(
    statistics: PoseStatistics, windows: dict[str, torch.Tensor]
) -> None:
    quick = windows["pose"]
    slow = quick.repeat_interleave(4, dim=1)

    quick_scales, slow_scales = (motion_scales(pose, statistics) for pose in (quick, slow))

    assert float(slow_scales[1, 0]) == pytest.approx(2 * float(quick_scales[1, 0]), rel=0.05)


def test_a_hand_that_is_carried_keeps_its_fingers() -> None:
    pose = torch.rand(2, 402)
    carried = pose.clone().view(2, 134, 3)
    carried[:, LEFT_HAND, :2] += 0.3

    before, after = seen_from_hand(pose), seen_from_hand(carried.flatten(1))

    moved = (after - before).view(2, 134, 3).abs() > 1e-6
    assert moved.nonzero()[:, 1].unique().tolist() == [LEFT_HAND.start]
