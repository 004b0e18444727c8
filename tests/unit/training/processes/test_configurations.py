"""Packaged configurations fit the processes that they name."""

import pytest

from mmgt_core.config import PRESETS
from mmgt_core.training.machinery.configuration import fill, packaged_names, read_configuration
from mmgt_core.training.processes.by_name import PROCESSES
from mmgt_core.training.processes.distillation import DistillOptions
from mmgt_core.training.processes.presenters import KeypointOptions, VAEOptions
from mmgt_core.training.processes.stage_2 import ImageOptions, VideoOptions

OPTIONS = {
    "vae": VAEOptions,
    "keypoints": KeypointOptions,
    "image": ImageOptions,
    "video": VideoOptions,
    "distill": DistillOptions,
}


def stage_2_configurations() -> list[str]:
    return [name for name in packaged_names() if read_configuration(name).process in OPTIONS]


@pytest.mark.parametrize("name", stage_2_configurations())
def test_every_packaged_configuration_of_stage_2_has_its_processs_keys(name: str) -> None:
    configuration = read_configuration(name)

    options = fill(OPTIONS[configuration.process], configuration.options, name)

    assert options.preset in PRESETS
    assert configuration.process in PROCESSES


def test_the_configurations_that_the_method_names_are_there() -> None:
    wanted = {"demo-vae", "demo-keypoints", "demo-image", "demo-video", "demo-speech"}
    wanted |= {"published-image", "published-video", "paper-video"}
    wanted |= {f"ablation-{name}" for name in ("without-motion-mask", "without-stage-2-audio", "still-mask")}
    wanted |= {"ablation-without-held-mouths"}

    assert wanted <= set(stage_2_configurations())


def test_rows_of_stage_2_have_one_thing_otherwise_than_the_whole_method() -> None:
    def values(name: str) -> dict[str, object]:
        configuration = read_configuration(name)
        return {**vars(configuration.loop), **configuration.options, **configuration.options["training"]}

    whole = values("ablation-whole-stage-2")
    assert whole["held_mouths"] > 0
    for name, changed in {
        "ablation-without-motion-mask": "mask_motion",
        "ablation-still-mask": "mask_motion",
        "ablation-without-stage-2-audio": "hears_audio",
        "ablation-without-held-mouths": "held_mouths",
    }.items():
        row = values(name)
        assert {key for key in row if row[key] != whole[key]} == {"training", changed}
