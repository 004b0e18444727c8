"""Laws of what a worker's processes import: what they use, for each import is waited for at every start."""

import subprocess
import sys

import pytest

MEDIA, LEARNING = {"numpy", "av", "cv2", "c2pa"}, {"torch", "diffusers", "transformers"}
SERVICE = {"boto3", "fastapi"}


def modules_of(module: str) -> set[str]:
    asked = f"import sys, {module}; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


@pytest.mark.parametrize("module", ["worker.tasks", "worker.launch"])
def test_who_only_waits_for_messages_imports_no_media_and_no_networks(module: str) -> None:
    assert not modules_of(module) & (MEDIA | LEARNING | SERVICE)


def test_the_small_preset_s_pipeline_brings_no_library_of_models_no_compiler_and_no_librosa() -> None:
    unused = {"diffusers", "transformers", "accelerate", "torch._dynamo", "sympy", "librosa", "numba", "scipy.signal"}

    assert not modules_of("worker.method_pipeline") & (unused | SERVICE)
