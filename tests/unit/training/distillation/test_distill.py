"""Distillation on stand-ins: what the teacher leaves, what the student learns of it, and what it costs to run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.checkpoints.networks import build_networks
from mmgt_core.errors import Cancelled
from mmgt_core.pipelines.denoising import exact_plan
from mmgt_core.quality import VideoSampling
from mmgt_core.training.distillation.lessons import NUM_HELD_BACK, LessonConfig, TaughtWindows, teach
from mmgt_core.training.distillation.student import DistillConfig, DistillTraining
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.checkpointing import export_weights
from mmgt_core.training.machinery.configuration import LoopConfig
from mmgt_core.training.machinery.loop import run_training
from mmgt_core.training.machinery.rows import MadeDataError
from mmgt_core.training.presenters.dataset import PresenterDataset
from mmgt_core.training.presenters.latents import write_latents
from mmgt_core.training.stage_2.clips import ClipWindows
from mmgt_core.training.stage_2.conditions import batch_of_one
from mmgt_core.training.stage_2.finished import Stage2Files, finished_networks
from mmgt_core.training.stage_2.samples import renderer
from mmgt_core.training.stage_2.starts import VAE_NAME, VIDEO_NETWORKS, loaded
from mmgt_core.types import BackgroundMask, MaskMotion
from mmgt_core.unet.student import StudentDifferences, student_of
from tests.unit.training.learning import batch_of, losses_over_steps
from tests.unit.training.presenters.tiny_presenters import TINY, build

CPU = torch.device("cpu")
GUIDED = replace(TINY, num_inference_steps=6, guidance_scale=3.5)
LESSON = LessonConfig(NUM_HELD_BACK + 3, 4, BackgroundMask.ONE_PLUS_LIPS, MaskMotion.MOVING)
STUDENT = DistillConfig(num_steps=2, face_hands_weight=1.0, lips_weight=3.0)
LOOP = LoopConfig(steps=2, batch_size=2, learning_rate=1e-2, optimiser="adamw", checkpoint_every_steps=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Stage2Files:
    folder = tmp_path_factory.mktemp("teacher")
    torch.manual_seed(0)
    built = build_networks(TINY)
    for name in (VAE_NAME, *VIDEO_NETWORKS):
        export_weights(folder, name, getattr(built, name))
    return Stage2Files(folder, folder / "vae.safetensors")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, files: Stage2Files) -> ClipWindows:
    dataset: PresenterDataset = build(tmp_path_factory.mktemp("presenters"))
    write_latents(finished_networks(GUIDED, files).vae, dataset)
    return ClipWindows(dataset, LESSON.window_frames, "first")


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory, source: ClipWindows, files: Stage2Files) -> TaughtWindows:
    return taught(tmp_path_factory.mktemp("lessons"), source, files)


def taught(folder: Path, source: ClipWindows, files: Stage2Files, lesson: LessonConfig = LESSON) -> TaughtWindows:
    return teach(folder, source, GUIDED, lesson, files, 0, lambda done, total: None)


def training(lessons: TaughtWindows, files: Stage2Files) -> DistillTraining:
    return DistillTraining(GUIDED, finished_networks(GUIDED, files), lessons.held_back(), LESSON, STUDENT)


def some_differences(files: Stage2Files) -> StudentDifferences:
    differences = StudentDifferences(finished_networks(GUIDED, files).denoising_unet)
    torch.nn.init.normal_(differences.values, std=0.1, generator=torch.Generator().manual_seed(1))
    return differences


def test_a_stopped_teacher_goes_on_and_leaves_the_same_lessons(
    lessons: TaughtWindows, source: ClipWindows, files: Stage2Files, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("after the first")

    with pytest.raises(Cancelled):
        teach(tmp_path, source, GUIDED, LESSON, files, 0, stop)
    drawn_before = np.load(tmp_path / "is_taught.npy").sum()
    whole = taught(tmp_path, source, files)

    assert drawn_before == 1
    assert np.array_equal(whole.taught, lessons.taught)
    assert len(np.unique(whole.taught.reshape(len(whole.taught), -1), axis=0)) == LESSON.num_windows


def test_a_lesson_plan_must_leave_something_to_learn_from() -> None:
    with pytest.raises(ValueError, match="num_windows is 4; 4 are held back, so it must be more"):
        replace(LESSON, num_windows=NUM_HELD_BACK)


def test_lessons_of_another_teacher_are_refused(
    lessons: TaughtWindows, source: ClipWindows, files: Stage2Files
) -> None:
    with pytest.raises(MadeDataError, match="was taught otherwise: teacher_steps"):
        taught(lessons.folder, source, files, replace(LESSON, teacher_steps=2))


@pytest.mark.parametrize("is_noise_shared", [True, False])
def test_a_lesson_is_what_the_teacher_makes_of_the_noise_that_comes_with_it(
    source: ClipWindows, files: Stage2Files, tmp_path: Path, is_noise_shared: bool
) -> None:
    preset = replace(GUIDED, is_noise_shared=is_noise_shared)
    lessons = teach(
        tmp_path, source, preset, replace(LESSON, num_windows=NUM_HELD_BACK + 1), files, 0, lambda done, total: None
    )
    batch, teacher = batch_of_one(lessons.item(0, np.random.default_rng(0)), CPU), finished_networks(GUIDED, files)
    with torch.no_grad():
        clip, window = training(lessons, files).conditions(batch, torch.Generator())
    network, sampling = teacher.denoising_unet, VideoSampling(GUIDED.num_inference_steps, GUIDED.guidance_scale)

    plan = exact_plan((tuple(range(LESSON.window_frames)),), sampling)
    prepared = network.prepare_window(window, sampling.region_weights)
    made = renderer(teacher).denoise(batch["noise"], network.prepare_clip(clip), plan, lambda _: prepared).latents

    assert torch.allclose(made, batch["taught"], atol=2e-3)  # kept in half precision


def test_steps_on_some_lessons_bring_the_student_near_its_teacher(lessons: TaughtWindows, files: Stage2Files) -> None:
    process = training(lessons, files)

    found = losses_over_steps(process, batch_of(lessons), steps=40)

    assert found[-1] < 0.5 * found[0]


def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    lessons: TaughtWindows, files: Stage2Files, tmp_path: Path
) -> None:
    def student(folder: Path, *stops: int) -> torch.Tensor:
        for steps in stops:
            run_training(training(lessons, files), lessons, replace(LOOP, steps=steps), folder, CPU)
        return loaded(some_differences(files), folder / "student.safetensors").values.detach()

    stopped, straight = student(tmp_path / "stopped", 1, 2), student(tmp_path / "straight", 2)

    assert torch.equal(stopped, straight)
    assert straight.abs().max() > 0
    assert (tmp_path / "straight" / "samples" / "0000002.png").is_file()


def test_a_student_runs_conditional_rows_alone_and_each_of_its_few_steps_once(
    lessons: TaughtWindows, files: Stage2Files
) -> None:
    process, batch, rows = training(lessons, files), batch_of(lessons, 3), []
    network = finished_networks(GUIDED, files).denoising_unet
    counter = network.register_forward_pre_hook(lambda _, arguments: rows.append(len(arguments[0])))

    process.losses(batch, torch.Generator().manual_seed(0))
    counter.remove()

    assert set(rows) == {3}
    assert len(rows) <= STUDENT.num_steps


def test_a_student_walks_as_the_pipeline_samples_it(lessons: TaughtWindows, files: Stage2Files) -> None:
    process, item = training(lessons, files), lessons.item(0, np.random.default_rng(0))
    batch: Batch = batch_of_one(item, CPU)
    differences = some_differences(files)
    with torch.no_grad():
        process.networks["student"].values.copy_(differences.values)
        clip, window = process.conditions(batch, torch.Generator())
        walked = process.walked(batch["noise"], clip, window, STUDENT.num_steps - 1)
    teacher = finished_networks(GUIDED, files)
    student, sampling = student_of(teacher.denoising_unet, differences), VideoSampling(STUDENT.num_steps, 1.0)
    render, frames = replace(renderer(teacher), denoising_unet=student), tuple(range(LESSON.window_frames))

    prepared = student.prepare_window(window, sampling.region_weights)
    plan = exact_plan((frames,), sampling)
    sampled = render.denoise(batch["noise"], student.prepare_clip(clip), plan, lambda _: prepared).latents

    assert torch.allclose(walked, sampled, atol=1e-5)


def test_a_student_has_the_sum_where_it_differs_and_its_teachers_own_tensors_elsewhere(files: Stage2Files) -> None:
    teacher, differences = finished_networks(GUIDED, files).denoising_unet, some_differences(files)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}

    student = student_of(teacher, differences)

    own, theirs = dict(student.named_parameters()), dict(teacher.named_parameters())
    differing = {name for name in own if not torch.equal(own[name], theirs[name])}
    assert differing == {name for name, value in theirs.items() if value.dim() == 1} | {"conv_out.weight"}
    taken = torch.cat([(own[name] - theirs[name]).flatten() for name in sorted(differing)])
    assert torch.allclose(taken, differences.values, atol=1e-6)
    assert all(own[name] is theirs[name] for name in set(own) - differing)
    assert all(value is dict(teacher.named_buffers())[name] for name, value in student.named_buffers())
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
