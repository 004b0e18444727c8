"""The networks' few and large products are the published arithmetic, written out here layer by layer."""

from collections.abc import Callable, Mapping

import pytest
import torch
from einops import rearrange, repeat
from torch.nn import functional as F

from mmgt_core.config import AudioLayout
from mmgt_core.types import ClipConditions, MotionMasks, RegionWeights, WindowConditions
from mmgt_core.unet.attention import SpatialBlock, prepared_image
from mmgt_core.unet.audio_attention import AudioBlock
from mmgt_core.unet.conditions import PreparedClip, PreparedWindow, joined_windows
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.layout import Convolution, channels_last, group_norm
from mmgt_core.unet.motion_module import TemporalAttention
from mmgt_core.unet.projections import SelfAttention, attend
from tests.unit.unet.test_networks import CONFIG, FRAMES, SIDE

WIDTH, HEADS, TOKENS = 48, 3, 16
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
State = Mapping[str, torch.Tensor]


@pytest.fixture(params=TOLERANCE, ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


def built(make: Callable[[], torch.nn.Module], dtype: torch.dtype) -> torch.nn.Module:
    torch.manual_seed(0)
    return make().to(dtype).requires_grad_(False).eval()


def plain_attention(state: State, prefix: str, hidden: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Attention with its weights written out, by the names that files have."""
    weights = [state[f"{prefix}.to_{name}.weight"] for name in "qkv"]
    parts = [F.linear(value, weight) for value, weight in zip((hidden, seen, seen), weights, strict=True)]
    query, key, value = (rearrange(part, "r n (a d) -> r a n d", a=HEADS) for part in parts)
    shares = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1)
    attended = rearrange(shares @ value, "r a n d -> r n (a d)")
    return F.linear(attended, state[f"{prefix}.to_out.0.weight"], state[f"{prefix}.to_out.0.bias"])


def plain_feed_forward(state: State, hidden: torch.Tensor) -> torch.Tensor:
    inner, gate = F.linear(hidden, state["ff.net.0.proj.weight"], state["ff.net.0.proj.bias"]).chunk(2, dim=-1)
    return F.linear(inner * F.gelu(gate), state["ff.net.2.weight"], state["ff.net.2.bias"])


def normed(state: State, name: str, hidden: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(hidden, hidden.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def test_a_spatial_block_is_both_its_attentions_one_after_another(dtype: torch.dtype) -> None:
    block = built(lambda: SpatialBlock(WIDTH, HEADS, 24), dtype)
    state, hidden = block.state_dict(), torch.randn(2 * FRAMES, TOKENS, WIDTH, dtype=dtype)
    token, features = torch.randn(1, 1, 24, dtype=dtype), torch.randn(1, TOKENS, WIDTH, dtype=dtype)
    both = torch.cat([torch.zeros_like(token), token])  # the unconditional row sees zeros
    seen = normed(state, "norm1", hidden)
    read = torch.cat([seen[FRAMES:], repeat(features, "1 n d -> f n d", f=FRAMES)], dim=1)
    free = plain_attention(state, "attn1", seen[:FRAMES], seen[:FRAMES])
    expected = hidden + torch.cat([free, plain_attention(state, "attn1", seen[FRAMES:], read)])
    images = repeat(both, "b n d -> (b f) n d", f=FRAMES)
    expected = expected + plain_attention(state, "attn2", normed(state, "norm2", expected), images)
    expected = expected + plain_feed_forward(state, normed(state, "norm3", expected))

    image = torch.stack([block.attn2.output.bias[None], block.image_constant(token)])[:, None]  # (B, 1, 1, D)
    found, own_features = block(hidden, image, block.attn1.keys_values(features), FRAMES)

    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[dtype])
    torch.testing.assert_close(own_features, seen, rtol=0, atol=0)


def test_an_audio_block_is_its_three_branches_one_after_another(dtype: torch.dtype) -> None:
    block = built(lambda: AudioBlock(WIDTH, HEADS, 24), dtype)
    state, hidden = block.state_dict(), torch.randn(2 * FRAMES, TOKENS, WIDTH, dtype=dtype)
    speech, masks = torch.randn(FRAMES, 5, 24, dtype=dtype), torch.rand(3, FRAMES, TOKENS, dtype=dtype) * 2
    weights = 1.0, 1.5, 2.0
    heard = torch.cat([torch.zeros_like(speech), speech])  # the unconditional row hears zeros
    seen = normed(state, "norm1", hidden)
    expected = hidden + plain_attention(state, "attn1", seen, seen)
    seen = normed(state, "norm2", expected)
    for name, mask, weight in zip(("background", "face_hands", "lips"), masks, weights, strict=True):
        attended = plain_attention(state, f"{name}.attention", seen, heard)
        masked = rearrange(attended * mask.repeat(2, 1)[..., None], "r (h w) d -> r d h w", h=4)
        refined = F.conv2d(masked, state[f"{name}.adapter.weight"], state[f"{name}.adapter.bias"])
        expected = expected + weight * rearrange(refined, "r d h w -> r (h w) d")
    expected = expected + plain_feed_forward(state, normed(state, "norm3", expected))

    factors = [torch.full((FRAMES, TOKENS), weight, dtype=dtype) for weight in weights]
    columns = torch.stack([*(mask * factor for mask, factor in zip(masks, factors, strict=True)), *factors], dim=-1)
    found = block(hidden, block.joined_regions(), block.keys_values(speech), columns)

    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE[dtype])


def test_attention_over_time_is_attention_over_the_frames_of_each_pixel(dtype: torch.dtype) -> None:
    temporal = built(lambda: TemporalAttention(WIDTH, HEADS, 8), dtype)
    temporal.position.normal_()
    state, hidden = temporal.state_dict(), torch.randn(2 * FRAMES, TOKENS, WIDTH, dtype=dtype)
    series = rearrange(hidden, "(b f) n d -> (b n) f d", f=FRAMES) + state["position"][:, :FRAMES]
    expected = rearrange(plain_attention(state, "attention", series, series), "(b n) f d -> (b f) n d", n=TOKENS)

    torch.testing.assert_close(temporal(hidden, FRAMES), expected, rtol=0, atol=TOLERANCE[dtype])


def test_attention_to_one_key_returns_its_value_whatever_the_query() -> None:
    query, key, value = torch.randn(2, 3, 7, 8), torch.randn(2, 3, 1, 8), torch.randn(2, 3, 1, 8)

    assert torch.equal(attend(query, key, value), rearrange(value, "r a n d -> r n (a d)").expand(-1, 7, -1))


def test_files_keep_query_key_and_value_apart_and_give_them_back() -> None:
    one, other = SelfAttention(WIDTH, HEADS), SelfAttention(WIDTH, HEADS)
    file = one.state_dict()

    other.load_state_dict(file)

    assert set(file) == {"to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight", "to_out.0.bias"}
    assert torch.equal(one.to_qkv, other.to_qkv)
    hidden = torch.randn(2, TOKENS, WIDTH)
    queries = rearrange(F.linear(hidden, file["to_q.weight"]), "r n (a d) -> r n a d", a=HEADS)
    torch.testing.assert_close(one.project(hidden)[..., 0, :], queries)


def test_a_part_that_is_not_there_is_missed() -> None:
    attention = SelfAttention(WIDTH, HEADS)
    file = {name: value for name, value in attention.state_dict().items() if name != "to_k.weight"}

    with pytest.raises(RuntimeError, match="to_qkv"):
        attention.load_state_dict(file)


@pytest.fixture(scope="module")
def network() -> DenoisingUNet:
    return built(lambda: DenoisingUNet(CONFIG), torch.float64)


def window_of(network: DenoisingUNet, seed: int, *, is_silent: bool = False) -> PreparedWindow:
    draw = torch.Generator().manual_seed(seed)
    sizes = [(FRAMES, (SIDE // 2**level) ** 2) for level in range(4)]
    regions = [tuple(torch.rand(size, generator=draw, dtype=torch.float64) for size in sizes) for _ in range(3)]
    pose = torch.randn(1, CONFIG.block_out_channels[0], FRAMES, SIDE, SIDE, generator=draw, dtype=torch.float64)
    speech = torch.randn(1, FRAMES, 8, CONFIG.audio_attention_dim, generator=draw, dtype=torch.float64)
    conditions = WindowConditions(pose, speech * (not is_silent), MotionMasks(*regions))
    return network.prepare_window(conditions, RegionWeights())


def clip_of(network: DenoisingUNet) -> PreparedClip:
    draw = torch.Generator().manual_seed(7)
    token = torch.randn(1, 1, CONFIG.cross_attention_dim, generator=draw, dtype=torch.float64)
    widths = prepared_image(network, token).image_widths
    features = {name: torch.randn(1, 9, width, generator=draw, dtype=torch.float64) for name, width in widths.items()}
    return network.prepare_clip(ClipConditions(token, features))


def latents_of(num_rows: int) -> torch.Tensor:
    return torch.randn(num_rows, 4, FRAMES, SIDE, SIDE, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


TIME = torch.tensor(500)
CLOSE = {"rtol": 0, "atol": 1e-10}  # float64 through a whole network, whose sums may be taken in another order


def test_an_unconditional_row_is_one_that_is_given_zeros(network: DenoisingUNet) -> None:
    clip, window, latents = clip_of(network), window_of(network, 1), latents_of(2)
    zeros = network.prepare_clip(ClipConditions(torch.zeros(1, 1, CONFIG.cross_attention_dim).double(), {}))
    silent = window_of(network, 1, is_silent=True)

    both = network(latents, TIME, clip, window)

    torch.testing.assert_close(both[:1], network(latents[:1], TIME, zeros, silent), **CLOSE)
    torch.testing.assert_close(both[1:], network(latents[1:], TIME, clip, window), **CLOSE)


def test_windows_of_one_call_do_not_see_each_other(network: DenoisingUNet) -> None:
    clip, alone = clip_of(network), [window_of(network, seed) for seed in (1, 2)]
    latents = latents_of(3)  # the first window guided, the second not

    together = network(latents, TIME, clip.for_rows(2), joined_windows(alone))

    first = network(latents[:2], TIME, clip, alone[0])
    torch.testing.assert_close(together[:2], first, **CLOSE)
    torch.testing.assert_close(together[2:], network(latents[2:], TIME, clip, alone[1]), **CLOSE)


def test_a_time_for_each_row_is_the_same_as_one_for_all(network: DenoisingUNet) -> None:
    clip, window, latents = clip_of(network), window_of(network, 1), latents_of(2)

    one, each = (network(latents, time, clip, window) for time in (TIME, TIME.expand(2)))

    torch.testing.assert_close(one, each, **CLOSE)
    assert CONFIG.audio_layout is AudioLayout.DOWN


@pytest.mark.parametrize("offset", [0.0, 10.0, 100.0])
def test_group_norm_keeps_its_digits_where_a_mean_is_far_above_its_spread(offset: float) -> None:
    hidden = (torch.randn(2, 64, 16, 16) + offset).contiguous(memory_format=torch.channels_last)
    norm = torch.nn.GroupNorm(8, 64).requires_grad_(False)

    with torch.no_grad():
        found = group_norm(norm, hidden)

    rounded_at = 1e-6 * max(1.0, offset)  # the input's own last digit, in units of its spread
    torch.testing.assert_close(found.double(), norm.double()(hidden.double().contiguous()), rtol=0, atol=4 * rounded_at)
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (4, 6), (5, 3), (1, 1), (2, 2)])
def test_a_convolution_of_few_cells_is_the_librarys(stride: int, height: int, width: int) -> None:
    convolution = channels_last(Convolution(12, 20, stride=stride).double())
    hidden = torch.randn(1, 12, height, width).double().contiguous(memory_format=torch.channels_last)

    with torch.inference_mode():
        found = convolution(hidden)
        expected = torch.nn.functional.conv2d(hidden, convolution.weight, convolution.bias, stride, padding=1)

    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert found.is_contiguous(memory_format=torch.channels_last)
