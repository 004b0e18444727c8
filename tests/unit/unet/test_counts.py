"""What a call at full size costs, counted: the exact rewrites are there, and nothing came back."""

import torch

from mmgt_core.bench.counting import Counted, counted
from mmgt_core.checkpoints.networks import empty_networks
from mmgt_core.config import MMGT_512, SamplingOptions
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.types import ClipConditions, MotionMasks, WindowConditions
from mmgt_core.unet.layout import channels_last

FRAMES, SIDE = SamplingOptions().window_frames, MMGT_512.latent_size
META_HALF = {"device": "meta", "dtype": torch.half}


def test_a_guided_window_of_the_published_size_costs_what_the_exact_rewrites_leave() -> None:
    networks = empty_networks(MMGT_512)
    for network in (networks.denoising_unet, networks.reference_unet):
        channels_last(network.half())
    unet = networks.denoising_unet
    render = PoseToVideo(networks.vae, networks.image_encoder, networks.reference_unet, unet)
    tokens = torch.empty(1, 1, MMGT_512.unet.cross_attention_dim, **META_HALF)
    portrait = torch.empty(1, 4, SIDE, SIDE, **META_HALF)
    features = networks.reference_unet(portrait, torch.zeros((), device="meta"), tokens).features
    masks = tuple(torch.empty(FRAMES, side * side, **META_HALF) for side in MMGT_512.mask_level_sizes)
    conditions = WindowConditions(
        torch.empty(1, 320, FRAMES, SIDE, SIDE, **META_HALF),
        torch.empty(1, FRAMES, 32, 768, **META_HALF),
        MotionMasks(masks, masks, masks),
    )
    sampling = SamplingOptions().video_sampling(MMGT_512)
    clip = unet.prepare_clip(ClipConditions(tokens, features))
    window = unet.prepare_window(conditions, sampling.region_weights)
    noisy, time = torch.empty(1, 4, FRAMES, SIDE, SIDE, device="meta"), torch.zeros((), device="meta")

    found: Counted = counted(lambda: render.predict(noisy, time, clip, window, sampling.guidance_scale))

    assert sampling.guidance_scale == 3.5
    assert 29e12 < found.operations <= 30.5e12  # under 29: something was not counted
    assert found.launches.total() <= 1300
