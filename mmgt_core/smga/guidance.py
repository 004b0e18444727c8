"""What the sampler asks of SMGA at each step: the clean sequence, guided; what needs no noise is made once."""

from dataclasses import dataclass

import torch

from mmgt_core.smga.diffusion import sampling_timesteps
from mmgt_core.smga.model import SMGA, SegmentCondition, SpeechCondition, TimeCondition


@dataclass(frozen=True)
class GuidedPrediction:
    """One segment's predictions.

    segment, times: of B rows, and of B rows for each step. scales: guidance of each value of a pose, (402,), where the
    rows are the heard and the unheard; None where every row stands for itself.
    """

    network: SMGA
    segment: SegmentCondition
    times: TimeCondition
    scales: torch.Tensor | None

    def __call__(self, noisy: torch.Tensor, step: int) -> torch.Tensor:
        """The predicted clean sequence, (1, F, 402), or (B, F, 402) without guidance."""
        num_rows = len(self.segment.hidden)
        predicted = self.network.denoise(noisy, self.segment, self.times.rows(step * num_rows, num_rows))
        if self.scales is None:
            return predicted
        heard, unheard = predicted.chunk(2)
        return unheard + (heard - unheard) * self.scales


def guided_prediction(
    network: SMGA,
    initial_pose: torch.Tensor,
    speech: SpeechCondition,
    num_inference_steps: int,
    scales: torch.Tensor | None = None,
) -> GuidedPrediction:
    """Prepare a segment's predictions.

    Args:
        network: that predicts.
        initial_pose: (B, 402), normalised, legs removed.
        speech: of B rows; with guidance two, the heard and the unheard.
        num_inference_steps: of the sampler.
        scales: guidance of each value, (402,), on the network's device; None: none.
    """
    segment = network.prepare(initial_pose, speech)
    timesteps = torch.tensor(sampling_timesteps(num_inference_steps)[:-1], device=initial_pose.device)
    every_row = timesteps.repeat_interleave(len(initial_pose))
    return GuidedPrediction(network, segment, network.at_times(every_row, segment), scales)
