"""SMGA's own attention and what is made beforehand give the numbers of the plain published arithmetic."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmgt_core.config import MMGT_512, SMGAConfig
from mmgt_core.smga.attention import Attention, KeysValues, rotary_table, rotate
from mmgt_core.smga.diffusion import sampling_timesteps
from mmgt_core.smga.guidance import guided_prediction
from mmgt_core.smga.model import SMGA

CONFIG = SMGAConfig(width=32, feedforward_width=64, num_layers=2, num_heads=4, condition_features=6)
VIEWS = {"view", "_unsafe_view", "permute", "transpose", "t", "expand", "slice", "select", "unsqueeze", "squeeze"} | {
    "split", "chunk", "detach", "alias", "unbind", "as_strided", "reshape", "_reshape_alias",
}  # fmt: skip


class Launches(TorchDispatchMode):
    """Counts what would be a kernel on a GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.names[name] += name not in VIEWS
        return func(*args, **(kwargs or {}))


def library_twin(attention: Attention) -> nn.MultiheadAttention:
    twin = nn.MultiheadAttention(attention.width, attention.num_heads, batch_first=True).double()
    twin.load_state_dict(attention.state_dict())
    return twin


@torch.no_grad()
def test_attention_is_the_librarys_with_the_same_weights() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 4).double()
    query, key, value = torch.randn(3, 2, 7, 16, dtype=torch.double)

    within = attention(query, value)
    to_memory = attention.look_at(query, attention.keys_values(key, value))

    twin = library_twin(attention)
    torch.testing.assert_close(within, twin(query, query, value)[0], atol=1e-12, rtol=0)
    torch.testing.assert_close(to_memory, twin(query, key, value)[0], atol=1e-12, rtol=0)


def test_the_same_seed_draws_the_weights_that_the_librarys_attention_had() -> None:
    torch.manual_seed(0)
    ours = Attention(16, 4).state_dict()
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(16, 4, batch_first=True).state_dict()

    assert {name: torch.equal(value, theirs[name]) for name, value in ours.items()} == dict.fromkeys(theirs, True)


def test_pairs_turn_by_position_times_frequency() -> None:
    frequencies = torch.tensor([0.5, 0.1], dtype=torch.double)
    hidden = torch.randn(1, 6, 4, dtype=torch.double)

    turned = rotate(hidden, rotary_table(frequencies, 6))

    pairs = torch.view_as_complex(hidden.unflatten(-1, (2, 2)).contiguous())
    turns = torch.polar(torch.ones(6, 2, dtype=torch.double), torch.outer(torch.arange(6).double(), frequencies))
    torch.testing.assert_close(turned, torch.view_as_real(pairs * turns).flatten(-2), atol=1e-12, rtol=0)


def test_keys_of_tokens_one_after_the_other_are_those_of_the_joined_tokens() -> None:
    attention, tokens = Attention(16, 4), torch.randn(2, 9, 16)

    joined = attention.keys_values(tokens, tokens)
    parts = [attention.keys_values(part, part) for part in tokens.split([6, 3], dim=1)]

    assert isinstance(joined, KeysValues)
    torch.testing.assert_close(parts[0].followed_by(parts[1]).keys, joined.keys)
    torch.testing.assert_close(parts[0].followed_by(parts[1]).values, joined.values)


@torch.no_grad()
@pytest.mark.parametrize("ablated", [{}, {"has_film": False}, {"has_two_branches": False}])
def test_what_is_made_for_all_steps_at_once_is_what_each_step_would_make(ablated: dict[str, bool]) -> None:
    torch.manual_seed(0)
    network = SMGA(replace(CONFIG, **ablated)).eval()
    first, noisy = torch.randn(1, 402).expand(2, -1), torch.randn(1, 80, 402)
    speech = network.encode_condition(torch.randn(1, 80, 6), torch.tensor([True, False]))
    scales = torch.linspace(1, 3, 402)

    predict = guided_prediction(network, first, speech, 5, scales)

    for step, timestep in enumerate(sampling_timesteps(5)[:-1]):
        heard, unheard = network(noisy.expand(2, -1, -1), first, speech, torch.tensor([timestep] * 2)).chunk(2)
        torch.testing.assert_close(predict(noisy, step), unheard + (heard - unheard) * scales, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_guided_step_of_the_published_size_is_few_launches_and_projects_no_speech() -> None:
    """1 879 before; on a GPU they, not arithmetic, are what a step of stage 1 costs."""
    with torch.device("meta"):
        network = SMGA(MMGT_512.smga).eval()
        keep = torch.tensor([True, False])
        speech = network.encode_condition(torch.empty(1, 80, MMGT_512.smga.condition_features), keep)
        predict = guided_prediction(network, torch.empty(2, 402), speech, 50, torch.empty(402))
        noisy = torch.empty(1, 80, 402)

    with Launches() as launches:
        predict(noisy, 7)

    # Each branch: queries and keys, values, output; queries, output. Each layer: feed-forward. Around them: in, out.
    assert launches.names["addmm"] + launches.names["mm"] == 8 * (2 * 5 + 2) + 3
    assert sum(launches.names.values()) <= 700
