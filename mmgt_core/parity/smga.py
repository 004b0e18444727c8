"""Stage 1's cases: the network, the sampler with its noise tape, the losses."""

from collections.abc import Iterator

import torch

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.loading import load_published
from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE
from mmgt_core.parity.case import GoldenCase, Produced
from mmgt_core.smga.attention import rotary_table, rotate
from mmgt_core.smga.diffusion import CosineSchedule, add_noise, cosine_schedule, sample, sampling_timesteps
from mmgt_core.smga.model import SMGA, time_sinusoid
from mmgt_core.training.stage_1.losses import pose_loss_terms

_LOSS_CONFIG = {"latent_dim": 64, "ff_size": 128, "num_layers": 3, "num_heads": 4, "cond_feature_dim": 1059}
"""`smga_losses` records no configuration; it is that of the other two cases."""


def run_decoder(case: GoldenCase) -> Iterator[Produced]:
    """The network with its condition kept, dropped and guided."""
    network = _network(case)
    pose, first, condition, times = case["in/x"], case["in/cond_frame"], case["in/cond"], case["in/times"]
    keep = torch.ones(len(pose), dtype=torch.bool)
    guided = network(pose, first, network.encode_condition(condition, keep), times)
    unguided = network(pose, first, network.encode_condition(condition, ~keep), times)
    yield "out/cond_drop_0", guided
    yield "out/cond_drop_1", unguided
    yield "out/guided_w2", unguided + (guided - unguided) * 2
    single = network.encode_condition(condition[:1], keep[:1])
    yield "out/unbatched_cond_batch1", network(pose[:1], first[:1], single, times[:1])

    is_face = torch.zeros(pose.shape[-1], dtype=torch.bool)
    is_face[3 * FACE.start : 3 * FACE.stop] = True
    yield "mid/face_x", pose * is_face
    yield "mid/body_x", pose * ~is_face
    time = torch.nn.functional.mish(network.time_in(time_sinusoid(times, network.width)))
    yield "mid/time_mlp", time
    tokens = network.encode_condition(condition, keep).tokens
    yield "mid/cond_tokens", tokens
    yield "mid/rotary_of_cond", rotate(tokens, rotary_table(network.rotary_frequencies, tokens.shape[1]))


def run_sampler(case: GoldenCase) -> Iterator[Produced]:
    """The 50-step sampler, replaying the noise tape."""
    network = _network(case)
    first, condition = case["in/cond_frame"], case["in/cond"]
    kept = network.encode_condition(condition, torch.tensor([True]))
    dropped = network.encode_condition(condition, torch.tensor([False]))
    weight = case.config["config"]["guidance_weight"]

    schedule = cosine_schedule()
    num_steps = case.config["config"]["sampling_timesteps"]
    times = sampling_timesteps(num_steps)

    def predict_clean(noisy: torch.Tensor, step: int) -> torch.Tensor:
        timesteps = torch.tensor([times[step]])
        guided, unguided = network(noisy, first, kept, timesteps), network(noisy, first, dropped, timesteps)
        return unguided + (guided - unguided) * weight

    states: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    result = sample(
        predict_clean,
        _tape(case)[:num_steps],
        schedule,
        on_step=lambda state: states.append((state.noisy, state.clean, state.noise)),
    )
    yield "out/sample", result
    noisy, clean, noise = states[0]
    yield "out/first_x", noisy
    yield "out/first_x_start", clean
    yield "out/first_pred_noise", noise
    yield "out/x_at_step_10", states[10][0]
    yield "out/x_at_step_49", states[49][0]
    yield "table/ddim_times_reversed", torch.tensor(sampling_timesteps(num_steps))
    yield from _tables(schedule)


def run_noise_tape(case: GoldenCase) -> Iterator[Produced]:
    """The tape, drawn anew from its seed."""
    yield "noise", _drawn_tape(case.config["seed"], tuple(case["noise"].shape))


def run_losses(case: GoldenCase) -> Iterator[Produced]:
    """The total and the six terms, with fixed timesteps, noise and dropped conditions."""
    network = load_published(SMGA(_config(_LOSS_CONFIG)), key_maps.SMGA, case.weights(), "SMGA")
    target, times = case["in/x_start"], case["in/t"]
    noisy = add_noise(cosine_schedule(), target, case["in/noise"], times)
    speech = network.encode_condition(case["in/cond"], case["in/keep_mask"])
    terms = pose_loss_terms(network(noisy, case["in/cond_frame"], speech, times), target)
    yield "mid/x_noisy", noisy
    yield "out/terms", torch.stack(terms.ordered())
    yield "out/total", terms.total


def _tables(schedule: CosineSchedule) -> Iterator[Produced]:
    """Every table of the published diffusion; those past the first two follow from them."""
    alphas, previous, betas = schedule.alphas_cumprod, schedule.alphas_cumprod_prev, schedule.betas
    yield "table/betas", betas
    yield "table/alphas_cumprod", alphas
    yield "table/alphas_cumprod_prev", previous
    yield "table/sqrt_alphas_cumprod", alphas.sqrt()
    yield "table/sqrt_one_minus_alphas_cumprod", (1 - alphas).sqrt()
    yield "table/sqrt_recip_alphas_cumprod", (1 / alphas).sqrt()
    yield "table/sqrt_recipm1_alphas_cumprod", (1 / alphas - 1).sqrt()
    yield "table/posterior_variance", betas * (1 - previous) / (1 - alphas)
    yield "table/posterior_mean_coef1", betas * previous.sqrt() / (1 - alphas)
    yield "table/posterior_mean_coef2", (1 - previous) * (1 - betas).sqrt() / (1 - alphas)
    yield "table/p2_loss_weight", torch.ones_like(alphas)


def _tape(case: GoldenCase) -> torch.Tensor:
    """The recorded tape where it is in the folder, else the same one drawn from its seed."""
    name = "smga_ddim_noise"
    if (case.folder / f"{name}.safetensors").exists():
        return case.companion(name)["noise"]
    num_steps = case.config["config"]["sampling_timesteps"]
    return _drawn_tape(case.config["seed"], (num_steps, *case["out/sample"].shape))


def _drawn_tape(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed + 5)
    return torch.stack([torch.randn(shape[1:], generator=generator) for _ in range(shape[0])])


def _network(case: GoldenCase) -> SMGA:
    return load_published(SMGA(_config(case.config["config"])), key_maps.SMGA, case.weights(), "SMGA")


def _config(recorded: dict[str, int]) -> SMGAConfig:
    return SMGAConfig(
        width=recorded["latent_dim"],
        feedforward_width=recorded["ff_size"],
        num_layers=recorded["num_layers"],
        num_heads=recorded["num_heads"],
        condition_features=recorded["cond_feature_dim"],
        segment_frames=recorded.get("seq_len", 80),
        pose_features=recorded.get("nfeats", 402),
    )
