"""A run that is stopped, by its caller or by a signal, ends at once and leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.errors import Cancelled
from mmgt_core.load import load_pipeline
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.inputs import InputFiles, InputWishes, prepare_inputs
from mmgt_core.pipelines.output_files import Extra, Outputs
from mmgt_core.pipelines.progress import Progress, RunControl, Stage
from tests.integration.generate.command import PORTRAIT, TINY, record

ROOT = Path(__file__).parents[3]
MMGT = Path(sys.executable).with_name("mmgt")
STOPS_WITHIN_S = 10
OPTIONS = SamplingOptions(num_inference_steps=2, pose_inference_steps=3)


@pytest.fixture(scope="module")
def tiny_pipeline():
    return load_pipeline(TINY, Path("no weights"), torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def tiny_inputs(half_a_second):
    files = InputFiles(PORTRAIT, half_a_second)
    return prepare_inputs(
        files, InputWishes(), MediaLimits(), lambda: load_detector(Path("no weights"), MMGT_DEMO), RunControl()
    )


@pytest.mark.parametrize("stage", [Stage.POSE_DIFFUSION, Stage.CONDITIONS, Stage.VIDEO_DIFFUSION, Stage.DECODING])
@pytest.mark.parametrize("step", [0, 1])
def test_a_run_cancelled_at_any_stage_stops_within_a_step_and_leaves_earlier_files_alone(
    tmp_path, tiny_pipeline, tiny_inputs, stage, step
):
    earlier = tmp_path / "out.pose.mp4"
    earlier.write_bytes(b"of an earlier run")
    told: list[Progress] = []
    control = RunControl(told.append, lambda: told[-1:] and told[-1].stage is stage and told[-1].step >= step)

    with pytest.raises(Cancelled):
        tiny_pipeline(tiny_inputs, OPTIONS, Outputs(tmp_path / "out.mp4", frozenset(Extra)), control)

    assert told[-1].stage is stage
    assert told[-1].step <= step + 1
    assert list(tmp_path.iterdir()) == [earlier]
    assert earlier.read_bytes() == b"of an earlier run"


def test_a_cancelled_run_removes_the_folders_that_it_made_and_no_others(tmp_path, tiny_pipeline, tiny_inputs):
    (tmp_path / "there").mkdir()
    out, told = tmp_path / "there" / "new" / "newer" / "out.mp4", []
    control = RunControl(told.append, lambda: told[-1:] and told[-1].stage is Stage.DECODING)

    with pytest.raises(Cancelled):
        tiny_pipeline(tiny_inputs, OPTIONS, Outputs(out), control)

    assert told[-1].stage is Stage.DECODING
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]


def test_a_run_cancelled_before_it_began_does_nothing(tmp_path, tiny_pipeline, tiny_inputs):
    told: list[Progress] = []

    with pytest.raises(Cancelled):
        tiny_pipeline(
            tiny_inputs, SamplingOptions(), Outputs(tmp_path / "out.mp4"), RunControl(told.append, lambda: True)
        )

    assert told == []
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_every_stage_from_nothing_to_all(tmp_path, tiny_pipeline, tiny_inputs):
    told: list[Progress] = []

    tiny_pipeline(tiny_inputs, OPTIONS, Outputs(tmp_path / "out.mp4"), RunControl(told.append))

    steps = {Stage.POSE_DIFFUSION: 3, Stage.CONDITIONS: 1, Stage.VIDEO_DIFFUSION: 2, Stage.DECODING: 12}
    assert told == [Progress(stage, step, last) for stage, last in steps.items() for step in range(last + 1)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_stage_2_ends_the_command_with_130_and_no_file(tmp_path, moving_poses, number):
    folder = tmp_path / "new" / "results"
    speech = record(tmp_path / "speech.wav", 20.0)
    arguments = ["generate", "--image", PORTRAIT, "--audio", speech, "--driving-keypoints", moving_poses]
    options = [
        "--out",
        folder / "out.mp4",
        "--preset",
        MMGT_DEMO.name,
        "--save",
        "all",
        "--lips",
        "driving",
        "--steps",
        "50",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TTY_COMPATIBLE": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [MMGT, *arguments, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    seen = b""
    while b"stage 2" not in seen:
        piece = process.stderr.read1()
        assert piece, seen
        seen += piece

    process.send_signal(number)
    began_s = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)

    assert time.monotonic() - began_s < STOPS_WITHIN_S
    assert process.returncode == 130
    assert stderr.rstrip().endswith(b"mmgt: interrupted; nothing was written")
    assert stdout == b""
    assert not folder.parent.exists()
