"""Laws of configuration files."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmgt_core.training.demo.steps import NUM_CPU_TRAINERS
from mmgt_core.training.machinery.checkpointing import claim_folder
from mmgt_core.training.machinery.configuration import ConfigurationError, fill, packaged_names, read_configuration
from mmgt_core.training.stage_1.smga import SMGAOptions

SMALL = """
process = "smga"
[loop]
steps = 10
batch_size = 2
learning_rate = 1
optimiser = "adam"
[smga]
preset = "mmgt-demo"
"""


def written(folder: Path, text: str) -> str:
    path = folder / "small.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", packaged_names())
def test_every_packaged_configuration_reads(name: str) -> None:
    configuration = read_configuration(name)

    assert configuration.name == name
    assert configuration.loop.steps > 0


@pytest.mark.parametrize("name", [name for name in packaged_names() if read_configuration(name).process == "smga"])
def test_every_configuration_of_stage_1_fits_its_process(name: str) -> None:
    assert fill(SMGAOptions, read_configuration(name).options, name).preset in ("mmgt-512", "mmgt-demo")


@pytest.mark.parametrize("name", [name for name in packaged_names() if name.startswith(("demo-", "ablation-"))])
def test_batches_of_the_demo_can_be_shared_by_its_processes(name: str) -> None:
    assert read_configuration(name).loop.batch_size % NUM_CPU_TRAINERS == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("steps = 0", r"\[loop\]: steps is 0; it must be 1 or more"),
        ("batch_size = 0", "batch_size is 0; it must be 1 or more"),
        ("learning_rate = 0.0", "learning_rate is 0; it must be above 0"),
        ("decay_from = 1.5", "decay_from is 1.5; it must be 0 to 1"),
        ("seed = -1", "seed is -1; it must be 0 to"),
    ],
)
def test_a_number_outside_its_range_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_configuration(written(tmp_path, f'base = "demo-smga"\n[loop]\n{line}\n'))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("condition_dropout = 1.5", "condition_dropout is 1.5; it must be 0 to 1"),
        ("hands_weight = -1.0", "hands_weight is -1; it must be 0 or more"),
        ("synthetic_clips = 900001", "synthetic_clips is 900001; seeds from 900000 on are never trained on"),
    ],
)
def test_a_number_of_stage_1_outside_its_range_is_named(tmp_path: Path, line: str, message: str) -> None:
    found = read_configuration(written(tmp_path, f'base = "demo-smga"\n[smga]\n{line}\n'))

    with pytest.raises(ConfigurationError, match=message):
        fill(SMGAOptions, found.options, found.name)


def test_a_folder_belongs_to_one_configuration(tmp_path: Path) -> None:
    paper, other = (read_configuration(name) for name in ("paper-smga", "paper-smga-head-1"))
    claim_folder(tmp_path, other)  # nothing was trained yet: the folder is still free
    claim_folder(tmp_path, paper)
    (tmp_path / "checkpoint-00000001").mkdir()
    claim_folder(tmp_path, paper)

    with pytest.raises(ConfigurationError, match="holds a run with another head_weight"):
        claim_folder(tmp_path, other)
    with pytest.raises(ConfigurationError, match=r"another .*process"):
        claim_folder(tmp_path, read_configuration("demo-video"))


def test_what_a_run_starts_from_may_lie_elsewhere_when_it_goes_on(tmp_path: Path) -> None:
    details = read_configuration("demo-details")
    claim_folder(tmp_path, details)
    (tmp_path / "checkpoint-00000001").mkdir()

    claim_folder(tmp_path, replace(details, options={**details.options, "start": "moved", "vae": "moved"}))


def test_table_iv_is_four_configurations_that_differ_in_the_head_weight_alone() -> None:
    names = ["paper-smga-head-1", "paper-smga-head-2", "paper-smga", "paper-smga-head-4"]
    found = [read_configuration(name) for name in names]

    assert [configuration.options["head_weight"] for configuration in found] == [1, 2, 3, 4]
    assert len({configuration.loop for configuration in found}) == 1


def test_a_file_says_only_what_differs_from_its_base(tmp_path: Path) -> None:
    path = written(tmp_path, 'base = "demo-smga"\n[loop]\nsteps = 7\n')

    configuration, base = read_configuration(path), read_configuration("demo-smga")

    assert configuration.loop.steps == 7
    assert configuration.loop.batch_size == base.loop.batch_size
    assert configuration.options == base.options


def test_a_gpu_takes_another_loop_but_what_a_file_says_itself_wins_over_its_base(tmp_path: Path) -> None:
    base = written(tmp_path, SMALL.replace("[smga]", "[loop_on_gpu]\nsteps = 90\nbatch_size = 64\n[smga]"))
    above = tmp_path / "above.toml"
    above.write_text(f'base = "{base}"\n[loop]\nsteps = 7\n')

    assert read_configuration(base).loop.steps == 10
    assert read_configuration(base, is_on_gpu=True).loop.steps == 90
    assert read_configuration(str(above), is_on_gpu=True).loop.steps == 7
    assert read_configuration(str(above), is_on_gpu=True).loop.batch_size == 64


def test_a_loop_for_the_gpu_is_read_as_strictly(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL + "[loop_on_gpu]\nspeed = 1\n")

    with pytest.raises(ConfigurationError, match="unknown keys: speed"):
        read_configuration(path, is_on_gpu=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("speed = 1", r"unknown keys: speed, steep"),
        ('optimiser = "sgd"', "must be one of adam, adamw, adan"),
        ('seed = "one"', "seed is 'one'"),
        ("learning_rate = true", "learning_rate is True"),
    ],
)
def test_a_key_or_value_that_cannot_be_is_named(tmp_path: Path, line: str, message: str) -> None:
    extra = "\nsteep = 2" if "speed" in line else ""
    kept = [old for old in SMALL.splitlines() if line.split(" =")[0] + " =" not in old]
    text = "\n".join(kept).replace("[smga]", f"{line}{extra}\n[smga]")

    with pytest.raises(ConfigurationError, match=message):
        read_configuration(written(tmp_path, text))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not given: steps"):
        read_configuration(written(tmp_path, SMALL.replace("steps = 10\n", "")))


def test_an_unknown_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unknown keys: image"):
        read_configuration(written(tmp_path, SMALL + "[image]\n"))


def test_an_unknown_option_of_a_process_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"small \[smga\] has unknown keys: head_wait"):
        fill(SMGAOptions, {"preset": "mmgt-demo", "head_wait": 2.0}, "small [smga]")


def test_a_name_that_no_file_has_lists_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no configuration demo-sgma; there are .*demo-smga"):
        read_configuration("demo-sgma")
