"""What a render worker tells of a preset's quality modes, and what it makes of a job's."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
import torch

from api.fields import CreateFields, read_fields
from jobs.job import JobOptions, Notice
from jobs.settings import Settings
from mmgt_core.backdrop.backdrop import asked_backdrop
from mmgt_core.commands.captioning import CaptionForm
from mmgt_core.errors import InputWarning
from mmgt_core.load import load_pipeline
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.inputs import Inputs, InputWishes
from mmgt_core.pipelines.output_files import Until
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import Lips, PoseWishes, StartPose
from mmgt_core.quality import Quality, Sampler, VideoSampling, WindowSchedule
from mmgt_core.types import PoseSequence, Waveform
from mmgt_core.whole_picture.framing import Framing
from tests.small_preset import SMALL
from tests.unit.media.recordings import SAMPLES
from tests.unit.pose.figures import on_canvas
from worker.method_pipeline import MethodPipeline, sampling_options
from worker.pipeline import Prepared
from worker.preflight import media_limits

FAST = VideoSampling(6, 2.0, quality=Quality.FAST, sampler=Sampler.UNIPC_BH2, window_schedule=WindowSchedule.SHIFTED)
PRESET = replace(SMALL, resolution=64, faster_modes=(FAST,), default_quality=Quality.FAST)


@pytest.fixture(scope="module")
def method() -> MethodPipeline:
    pipeline = load_pipeline(PRESET, Path("none"), torch.device("cpu"), torch.float32)
    return MethodPipeline(pipeline, Settings(), None)


def test_a_worker_tells_its_modes_best_first_and_what_the_default_takes(method: MethodPipeline) -> None:
    model = method.model

    assert (model["qualities"], model["default_quality"]) == (["exact", "fast"], "fast")
    assert (model["num_inference_steps"], model["guidance_scale"]) == (6, 2.0)


@pytest.mark.parametrize(
    ("asked", "expected"), [(None, Quality.FAST), ("fast", Quality.FAST), ("exact", Quality.EXACT)]
)
def test_a_job_is_rendered_in_the_mode_that_it_asks_for(asked: str | None, expected: Quality) -> None:
    options = sampling_options(JobOptions(seed=1, quality=asked))

    assert options.video_sampling(PRESET).quality is expected


def test_a_jobs_own_numbers_win_over_its_modes() -> None:
    options = sampling_options(JobOptions(seed=1, quality="fast", num_inference_steps=9))

    sampling = options.video_sampling(PRESET)

    assert (sampling.num_inference_steps, sampling.guidance_scale, sampling.sampler) == (9, 2.0, Sampler.UNIPC_BH2)


def test_what_is_found_while_a_job_is_rendered_stands_behind_what_its_inputs_told(
    method: MethodPipeline, tmp_path: Path
) -> None:
    keypoints, silence = on_canvas()[None], Waveform(np.zeros(640, np.float32))
    told, found = InputWarning("image_recropped", "cut"), InputWarning("found", "on the way")
    picture, frame, sound = np.full((512, 512, 3), 128, np.uint8), SquareFrame(0, 0, 512), SAMPLES / "speech.wav"
    inputs = Inputs(picture, frame, keypoints[0], silence, sound, PoseSequence(keypoints), (told,))
    control = RunControl()
    control.warn(found.code, found.message)

    prepared = Prepared(0.04, 0, (Notice(told.code, told.message),), inputs)
    rendered = method.render(prepared, JobOptions(seed=1, num_inference_steps=1), tmp_path, control)

    assert rendered.warnings == (Notice("image_recropped", "cut"), Notice("found", "on the way"))
    assert rendered.manifest["warnings"] == ("cut", "on the way")


def test_what_a_job_wishes_of_its_poses_reaches_the_method() -> None:
    asked = JobOptions(
        seed=1, gesture_strength=0.25, head_strength=1.25, smoothing=0.75, loop=True, start_pose="portrait"
    )

    assert sampling_options(asked).pose_wishes == PoseWishes(0.25, 1.25, 0.75, True, StartPose.PORTRAIT)


def test_a_job_that_wishes_nothing_is_rendered_as_the_method_does_by_default() -> None:
    job, taken = JobOptions(seed=1), InputWishes()

    assert sampling_options(job).pose_wishes == PoseWishes()
    assert (job.framing, job.allow_silence) == (taken.framing.value, taken.allow_silence)
    assert asked_backdrop(job.backdrop) is taken.backdrop
    assert media_limits(Settings().limits)["max_framed_side_px"] == MediaLimits().max_framed_side_px


@pytest.mark.parametrize("asked", ["keep", "transparent", "#2e6F95", "green", "#12345", "#123456\n", ""])
def test_the_api_takes_just_the_backdrops_that_the_method_knows(asked: str) -> None:
    _, findings = read_fields([("backdrop", asked)])

    if findings:
        with pytest.raises(ValueError, match="backdrop is"):
            asked_backdrop(asked)
    else:
        asked_backdrop(asked)


@pytest.mark.parametrize(
    ("field", "known"),
    [
        ("framing", Framing),
        ("start_pose", StartPose),
        ("lips", Lips),
        ("until", Until),
        ("captions", CaptionForm),
    ],
)
def test_the_api_takes_just_what_the_method_knows(field: str, known: type[StrEnum]) -> None:
    (words, _) = CreateFields.model_json_schema()["properties"][field]["anyOf"]

    assert words["enum"] == [each.value for each in known]
