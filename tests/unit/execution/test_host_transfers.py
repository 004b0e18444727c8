"""The denoising loops never wait for the device, and nothing in a render is what a GPU would refuse."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import mmgt_core
from tests.unit.execution.pretended_render import NUM_FRAMES

SOURCE = Path(mmgt_core.__file__).parent
LOOPS = {"smga/diffusion.py:sample", "pipelines/denoising.py:denoise"}
"""Who calls the networks step by step."""
NOBODY_WAITS = "nobody waits"

WAITS_BEFORE_FIRST_STEP = {
    "pipelines/denoising.py:denoise": "the timesteps of a stretch",
    "pipelines/denoising.py:of": "how often its windows visit each frame",
}
"""What the host waits for under a loop, once in a stretch; during its steps it waits for nothing."""

HOST_READS = {"cpu", "item", "tolist", "numpy", "nonzero", "synchronize"}
"""On whatever they are called: which side a tensor lies on is not written."""
HOST_WRITES = {"from_numpy", "tensor", "as_tensor"}
LOOP_FILES = ("unet/*.py", "smga/*.py", "execution/*.py", "pipelines/denoising.py", "pipelines/pose_to_video.py")
READ_OUTSIDE = {
    "unet/multistep.py:times_and_factors tolist": "a table on the CPU",
    "unet/multistep.py:step_factors tolist": "a table on the CPU",
    "unet/samplers.py:sampling_steps tolist": "a table on the CPU",
    "unet/samplers.py:_levels tolist": "a table on the CPU",
    "unet/schedule.py:inference_scheduler from_numpy": "a table on the CPU",
    "smga/diffusion.py:sampling_timesteps tolist": "a table on the CPU",
    "smga/diffusion.py:sampling_timesteps from_numpy": "a table on the CPU",
    "smga/guidance.py:guided_prediction tensor": "before a segment's first step",
    "pipelines/denoising.py:denoise tensor": "before a stretch's first step",
    "pipelines/denoising.py:_place tensor": "before a stretch's first step",
    "pipelines/pose_to_video.py:decode numpy": "finished frames",
    "pipelines/pose_to_video.py:begin cpu": "finished frames of a CPU",
    "pipelines/pose_to_video.py:numpy synchronize": "finished frames, while the next ones are decoded",
    "pipelines/pose_to_video.py:numpy numpy": "finished frames",
}
"""`file:function call` to why it is no transfer of the loop."""


@pytest.fixture(scope="module")
def renders() -> list[dict[str, Any]]:
    """A render in each kind of half precision, the second with a step more."""
    words = [sys.executable, "-W", "ignore", "-m", "tests.unit.execution.pretended_render"]
    runs = [
        subprocess.Popen([*words, *how], cwd=SOURCE.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for how in (("float16", "1"), ("bfloat16", "2"))
    ]
    told = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], [errors[-4000:] for _, errors in told]
    return [json.loads(output) for output, _ in told]


def waits_in_loops(render: dict[str, Any]) -> Counter[str]:
    """What the host waits for under a loop: `file:function` and line that asks, and what for; how often."""
    found: Counter[str] = Counter()
    for event in render["events"]:
        if LOOPS & set(event["callers"]) and NOBODY_WAITS not in event["what"]:
            found[f"{event['callers'][0]} line {event['line']}: {event['what']}"] += event["times"]
    return found


def asked(render: dict[str, Any]) -> Counter[tuple[str, int]]:
    """Everything that went between host and device, waited for or not: what and by which line, how often."""
    found: Counter[tuple[str, int]] = Counter()
    for event in render["events"]:
        found[f"{event['callers'][0]}: {event['what']}", event["line"]] += event["times"]
    return found


def places(waits: Counter[str]) -> set[str]:
    return {wait.split(" ")[0] for wait in waits}


def test_a_render_in_half_precision_mixes_neither_devices_nor_types(renders: list[dict[str, Any]]) -> None:
    assert [render["num_frames"] for render in renders] == [NUM_FRAMES, NUM_FRAMES]
    assert min(render["num_operations"] for render in renders) > 5000


def test_under_the_loops_the_host_waits_for_nothing_but_what_is_written_here(renders: list[dict[str, Any]]) -> None:
    waits = sum(map(waits_in_loops, renders), Counter())

    assert [wait for wait in waits if wait.split(" ")[0] not in WAITS_BEFORE_FIRST_STEP] == []
    assert set(WAITS_BEFORE_FIRST_STEP) - places(waits) == set()


def test_a_further_step_sends_nothing_and_waits_for_nothing(renders: list[dict[str, Any]]) -> None:
    one_step, two_steps = (asked(render) for render in renders)

    assert two_steps == one_step


def host_calls(path: Path) -> list[tuple[str, int]]:
    """`file:function call` and line of each call that moves numbers between host and device."""
    found: list[tuple[str, int]] = []

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            of_torch = isinstance(node.func.value, ast.Name) and node.func.value.id == "torch"
            if name in HOST_READS or (of_torch and name in HOST_WRITES):
                found.append((f"{path.relative_to(SOURCE)}:{function} {name}", node.lineno))
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(ast.parse(path.read_text()), "")
    return found


def test_no_line_of_the_loops_modules_moves_numbers_but_those_that_say_why() -> None:
    paths = [path for pattern in LOOP_FILES for path in sorted(SOURCE.glob(pattern))]
    found = [call for path in paths for call in host_calls(path)]

    assert [f"{place}, line {line}" for place, line in found if place not in READ_OUTSIDE] == []
    assert set(READ_OUTSIDE) - {place for place, _ in found} == set()
