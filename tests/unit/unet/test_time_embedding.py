"""Laws of the timestep's embedding: the library's keys and numbers."""

import torch
from diffusers.models import embeddings as library

from mmgt_core.unet.time_embedding import TimestepEmbedding, Timesteps


@torch.inference_mode()
def test_it_is_the_library_s_bit_for_bit() -> None:
    timesteps = torch.tensor([0.0, 1.0, 37.5, 999.0])
    theirs, ours = library.TimestepEmbedding(64, 256), TimestepEmbedding(64, 256)
    ours.load_state_dict(theirs.state_dict())
    expected = library.Timesteps(64, flip_sin_to_cos=True, downscale_freq_shift=0)(timesteps)

    waves = Timesteps(64)(timesteps)

    assert torch.equal(waves, expected)
    assert torch.equal(ours(waves), theirs(expected))
