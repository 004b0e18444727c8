"""A manifest tells every sampling number of a run, with the preset's own where none was asked for."""

import pytest

from mmgt_core.config import MMGT_512, MMGT_DEMO, Preset, SamplingOptions
from mmgt_core.pipelines.outputs import resolved_options


@pytest.mark.parametrize(
    ("preset", "asked", "gestures", "heads"),
    [
        (MMGT_512, None, 2.0, 2.0),
        (MMGT_DEMO, None, MMGT_DEMO.pose_guidance_scale, MMGT_DEMO.head_guidance_scale),
        (MMGT_DEMO, 1.7, 1.7, 1.7),
    ],
)
def test_guidance_of_stage_1_is_told(preset: Preset, asked: float | None, gestures: float, heads: float) -> None:
    told = resolved_options(preset, SamplingOptions(pose_guidance_scale=asked))

    assert (told["pose_guidance_scale"], told["head_guidance_scale"]) == (gestures, heads)


def test_steps_and_guidance_of_stage_2_are_told() -> None:
    told = resolved_options(MMGT_DEMO, SamplingOptions(guidance_scale=3.0))

    assert (told["num_inference_steps"], told["guidance_scale"]) == (MMGT_DEMO.num_inference_steps, 3.0)
