"""Quality modes: which a preset has, what each of them is, and that numbers asked for win over it."""

from dataclasses import replace

import pytest

from mmgt_core.config import MMGT_512, MMGT_DEMO, PRESETS, Preset, SamplingOptions
from mmgt_core.pipelines.outputs import resolved_options
from mmgt_core.quality import Quality, Sampler, VideoSampling, WindowSchedule
from mmgt_core.types import RegionWeights

FAST = VideoSampling(
    num_inference_steps=8,
    guidance_scale=3.5,
    quality=Quality.FAST,
    sampler=Sampler.UNIPC_BH2,
    window_schedule=WindowSchedule.SHIFTED,
    guided_from=700,
    guided_to=200,
)
PRESET = replace(MMGT_512, faster_modes=(FAST,), default_quality=Quality.FAST)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_has_exact_first_and_its_default_among_its_modes_from_best_to_fastest(preset: Preset) -> None:
    names = [mode.quality for mode in preset.modes]

    assert names[0] is Quality.EXACT
    assert preset.default_quality in names
    assert names == sorted(set(names), key=list(Quality).index)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_exact_is_sampled_as_published(preset: Preset) -> None:
    exact = SamplingOptions(quality=Quality.EXACT).video_sampling(preset)

    assert exact == VideoSampling(preset.num_inference_steps, preset.guidance_scale)
    assert (exact.sampler, exact.window_schedule, exact.is_distilled) == (Sampler.DDIM, WindowSchedule.LINEAR, False)
    assert {exact.guidance_at(timestep) for timestep in range(1000)} == {preset.guidance_scale}


def test_the_published_preset_is_sampled_exactly_where_nobody_asks_otherwise() -> None:
    assert SamplingOptions().video_sampling(MMGT_512).quality is Quality.EXACT


def test_without_a_mode_it_is_the_presets_default() -> None:
    assert SamplingOptions().video_sampling(PRESET) == FAST
    assert SamplingOptions(quality=Quality.EXACT).video_sampling(PRESET).sampler is Sampler.DDIM


def test_numbers_that_are_asked_for_win_over_the_modes_and_leave_the_rest_of_it() -> None:
    weights = RegionWeights(lips=3.0)
    asked = SamplingOptions(
        num_inference_steps=12, guidance_scale=2.0, window_schedule=WindowSchedule.LOOPING, region_weights=weights
    )

    assert asked.video_sampling(PRESET) == replace(
        FAST,
        num_inference_steps=12,
        guidance_scale=2.0,
        window_schedule=WindowSchedule.LOOPING,
        region_weights=weights,
    )


def test_a_mode_that_a_preset_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(ValueError, match="mmgt-512 has no balanced; it has exact, fast"):
        SamplingOptions(quality=Quality.BALANCED).video_sampling(PRESET)


def test_guidance_counts_between_its_two_timesteps_and_both_are_included() -> None:
    guided = [timestep for timestep in range(1000) if FAST.guidance_at(timestep) != 1.0]

    assert guided == list(range(200, 701))
    assert {FAST.guidance_at(timestep) for timestep in guided} == {3.5}


def test_a_manifest_tells_the_mode_and_what_it_was() -> None:
    told = resolved_options(PRESET, SamplingOptions(num_inference_steps=9))

    assert (told["quality"], told["num_inference_steps"], told["guidance_scale"]) == ("fast", 9, 3.5)
    assert (told["sampler"], told["window_schedule"]) == ("unipc_bh2", "shifted")
    assert (told["guided_from"], told["guided_to"], told["is_distilled"]) == (700, 200, False)
    assert resolved_options(MMGT_DEMO, SamplingOptions())["quality"] == MMGT_DEMO.default_quality
