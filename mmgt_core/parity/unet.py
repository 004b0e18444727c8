"""Stage 2's networks one by one: reference UNet, denoising UNet, their inner modules, pose guider, audio projection."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from einops import rearrange
from torch import nn

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.loading import load_published
from mmgt_core.checkpoints.published_names import published_name
from mmgt_core.config import AudioLayout, AudioProjectionConfig, PoseGuiderConfig, UNetConfig
from mmgt_core.parity.case import GoldenCase, GoldenError, Produced
from mmgt_core.types import ClipConditions, MotionMasks, RegionWeights, WindowConditions
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.layout import unfold_frames
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.projections import attend
from mmgt_core.unet.reference_unet import ReferenceUNet

EVEN_WEIGHTS = RegionWeights(1.0, 1.0, 1.0)
_MASK_NAMES = ("full", "face", "lip")


def run_reference_unet(case: GoldenCase) -> Iterator[Produced]:
    """The output and the 16 feature banks, and one row at another timestep."""
    network = reference_unet(case)
    tokens = case["in/encoder_hidden_states"]
    result = network(case["in/sample"], case["in/timestep"], tokens)
    yield "out/sample_after_up_blocks", result.hidden
    for name, features in result.features.items():
        yield f"out/bank/{name}.transformer_blocks.0", features
    later = network(case["in/sample"][1:], torch.tensor(37.0), tokens[1:])
    yield "out/sample_t37_row1", later.hidden


def run_reference_probes(case: GoldenCase) -> Iterator[Produced]:
    """Outputs of inner modules of the reference UNet."""
    parent = case.companion("reference_unet")
    network = reference_unet(parent)
    arguments = (parent["in/sample"], parent["in/timestep"], parent["in/encoder_hidden_states"])
    yield from _probed(network, lambda: network(*arguments), case)


def run_denoising_unet(case: GoldenCase) -> Iterator[Produced]:
    """Region weights on and off, with and without pose, reading reference features guided and unguided."""
    network = denoising_unet(case)
    weights = RegionWeights(*case["in/motion_scale"].tolist())
    pose = case["in/pose_cond_fea"]
    yield "out/eval_no_scale", _denoise(network, case, EVEN_WEIGHTS, pose)
    # The recorded run ignored the weights it was given: an accident of the published code (spec §9).
    yield "out/eval_with_scale", _denoise(network, case, EVEN_WEIGHTS, pose)
    yield "out/train_ckpt_with_scale", _denoise(network, case, weights, pose)
    yield "out/ckpt_no_pose", _denoise(network, case, weights, None)
    banks = recorded_features(case)
    yield "out/read_cfg_bank_fp16", _denoise(network, case, weights, pose, rounded(banks))
    yield "out/read_cfg_bank_fp32", _denoise(network, case, weights, pose, banks)
    yield "out/read_nocfg_row1", _denoise(network, case, weights, pose, banks, first_row=1)


def run_denoising_probes(case: GoldenCase) -> Iterator[Produced]:
    """Outputs of inner modules of the denoising UNet."""
    parent = case.companion("denoising_unet")
    network = denoising_unet(parent)
    weights = RegionWeights(*parent["in/motion_scale"].tolist())
    normed: dict[str, torch.Tensor] = {}
    for module in _audio_modules(network):
        module.block.norm2.register_forward_hook(lambda _m, _i, output, name=module.name: normed.update({name: output}))
    yield from _probed(network, lambda: _denoise(network, parent, weights, parent["in/pose_cond_fea"]), case)
    for module in _audio_modules(network):
        yield from _region_probes(module, normed[module.name], parent)


def run_denoising_weights(case: GoldenCase) -> Iterator[Produced]:
    """Half of the denoising UNet's weights: nothing to compute, but the keys must fit."""
    denoising_unet(case.companion("denoising_unet"))
    yield from ()


def run_pose_guider(case: GoldenCase) -> Iterator[Produced]:
    """The pose guider at its true size."""
    yield "out/y", pose_guider(case.weights())(case["in/x"])


def run_audio_projection(case: GoldenCase) -> Iterator[Produced]:
    """Audio context tokens."""
    recorded = case.config["config"]
    config = AudioProjectionConfig(
        window_frames=recorded["seq_len"],
        num_layers=recorded["blocks"],
        features=recorded["channels"],
        hidden=recorded["intermediate_dim"],
        tokens=recorded["context_tokens"],
        token_features=recorded["output_dim"],
    )
    network = load_published(AudioProjection(config), key_maps.AS_PUBLISHED, case.weights(), "audio projection")
    yield "out/y", network(case["in/x"])


def reference_unet(case: GoldenCase) -> ReferenceUNet:
    """The recorded reference UNet."""
    config = unet_config(case.config["config"], case.weights())
    return load_published(ReferenceUNet(config), key_maps.UNET, case.weights(), "reference UNet")


def denoising_unet(case: GoldenCase) -> DenoisingUNet:
    """The recorded denoising UNet, its weights gathered from the two files beside it."""
    halves = [case.companion(f"denoising_unet_weights_{half}").weights() for half in "ab"]
    state = {**halves[0], **halves[1]}
    config = unet_config(case.config["config"], state)
    return load_published(DenoisingUNet(config), key_maps.UNET, state, "denoising UNet")


def pose_guider(state: dict[str, torch.Tensor], what: str = "pose guider") -> PoseGuider:
    """A pose guider of the size that its weights have."""
    widths = [value.shape[1] for key, value in state.items() if key.startswith("blocks.") and key.endswith("weight")]
    if "conv_out.weight" not in state or not widths:
        raise GoldenError(f"{what}: no weights to tell its size from")
    config = PoseGuiderConfig((*sorted(widths)[::2], state["conv_out.weight"].shape[1]), len(state["conv_out.weight"]))
    return load_published(PoseGuider(config), key_maps.AS_PUBLISHED, state, what)


def unet_config(recorded: dict[str, Any], state: dict[str, torch.Tensor]) -> UNetConfig:
    """The configuration out of a recorded one; the audio layout shows in the keys."""
    has_sixteen = any("mid_block.audio_modules" in key for key in state)
    return UNetConfig(
        block_out_channels=tuple(recorded["block_out_channels"]),
        cross_attention_dim=recorded["cross_attention_dim"],
        audio_attention_dim=recorded.get("extra", {}).get("audio_attention_dim", recorded["cross_attention_dim"]),
        audio_layout=AudioLayout.DOWN_MID_UP if has_sixteen else AudioLayout.DOWN,
        in_channels=recorded["in_channels"],
        out_channels=recorded["out_channels"],
        layers_per_block=recorded["layers_per_block"],
        num_heads=recorded["attention_head_dim"],
        norm_num_groups=recorded["norm_num_groups"],
    )


def recorded_masks(case: GoldenCase, rows: slice | list[int]) -> MotionMasks:
    """The masks of some frames; upstream's names for the three regions are full, face, lip."""
    num_levels = sum(key.startswith("in/full_mask_") for key in case.tensors)
    return MotionMasks(
        *(tuple(case[f"in/{name}_mask_{level}"][rows] for level in range(num_levels)) for name in _MASK_NAMES)
    )


def recorded_features(case: GoldenCase) -> dict[str, torch.Tensor]:
    """The conditional row of the reference features, by our layer names."""
    start, end = "in/bank/", ".transformer_blocks.0"
    return {
        key.removeprefix(start).removesuffix(end): value[1:]
        for key, value in case.tensors.items()
        if key.startswith(start)
    }


def rounded(features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Features as half precision leaves them: upstream rounds them by default (spec §10)."""
    return {name: value.half().float() for name, value in features.items()}


def _denoise(
    network: DenoisingUNet,
    case: GoldenCase,
    weights: RegionWeights,
    pose: torch.Tensor | None,
    features: dict[str, torch.Tensor] | None = None,
    first_row: int = 0,
) -> torch.Tensor:
    sample = case["in/sample"]
    masks = recorded_masks(case, slice(first_row * sample.shape[2], None))
    pose = torch.zeros_like(case["in/pose_cond_fea"]) if pose is None else pose
    clip = ClipConditions(case["in/encoder_hidden_states"][first_row:], features or {})
    window = WindowConditions(pose[first_row:], case["in/audio_embedding"][first_row:], masks)
    return network(
        sample[first_row:], case["in/timestep"], network.prepare_clip(clip), network.prepare_window(window, weights)
    )


def _probed(network: nn.Module, run: Callable[[], object], case: GoldenCase) -> Iterator[Produced]:
    """Run, and yield the outputs of the modules that the case names; an outer module of the same name comes last."""
    outputs: dict[str, torch.Tensor] = {}
    handles = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: outputs.update({name: output}))
        for ours, module in network.named_modules()
        if (name := "probe/" + published_name(key_maps.UNET, ours)) in case.tensors
    ]
    run()
    for handle in handles:
        handle.remove()
    for name, output in outputs.items():
        yield name, _as_recorded(output, case[name])


def _audio_modules(network: DenoisingUNet) -> list[AudioAttention]:
    return [module for module in network.modules() if isinstance(module, AudioAttention)]


def _region_probes(module: AudioAttention, normed: torch.Tensor, case: GoldenCase) -> Iterator[Produced]:
    """What the branches of one MM-HAA layer would give one by one: the network computes them as one product.

    Args: normed: what they read in this run, (B F, N, D).
    """
    tokens, side = case["in/audio_embedding"].flatten(0, 1), int(normed.shape[1] ** 0.5)
    masks = [region[module.level] for region in recorded_masks(case, slice(None)).regions]
    for name, branch, mask in zip(("background", "face_hands", "lips"), module.block.regions, masks, strict=True):
        read = branch.attention
        heads = [
            rearrange(value, "r n (a d) -> r a n d", a=module.block.num_heads)
            for value in (read.to_q(normed), read.to_k(tokens), read.to_v(tokens))
        ]
        attended = read.output(attend(*heads))  # (B F, N, D)
        refined = branch.adapter(rearrange(attended * mask[..., None], "r (h w) d -> r d h w", h=side))
        path = f"{module.name}.block.{name}"
        yield f"probe/{published_name(key_maps.UNET, path + '.attention')}", attended
        yield f"probe/{published_name(key_maps.UNET, path + '.adapter')}", refined


def _as_recorded(output: torch.Tensor, recorded: torch.Tensor) -> torch.Tensor:
    """Put frames where the recording has them: (B, C, F, h, w) for images."""
    if recorded.dim() == 5:
        return unfold_frames(output, recorded.shape[2])
    if recorded.dim() == 2:
        return output.expand(recorded.shape)  # one time for all rows
    return output
