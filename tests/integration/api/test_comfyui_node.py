"""Laws of the ComfyUI node: imported as ComfyUI does it, it keeps that contract, and makes a real service's video.

ComfyUI itself is in no package registry: what the node takes from it has stand-ins here, five names.
"""

import importlib.util
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from mmgt import CreateWishes, InvalidRequest, NotCompleted
from tests.integration.api.scripted_worker import VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "clients" / "comfyui"
NODE = "MMGTTalkingVideo"
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN"}
PORTRAIT = torch.linspace(0, 1, 320 * 256 * 3).reshape(1, 320, 256, 3)  # (B, H, W, C)
SPEECH = {"waveform": torch.sin(torch.arange(32000) / 7)[None, None].repeat(1, 2, 1), "sample_rate": 16000}


class Interrupted(Exception):
    """Stands in for ComfyUI's InterruptProcessingException."""


@dataclass
class FakeComfy:
    """What ComfyUI gives its nodes. `at_each_look` runs whenever the node asks whether it is still wanted."""

    temporary: Path
    at_each_look: Callable[[], None] = lambda: None
    progress: list[int] = field(default_factory=list)

    def modules(self) -> dict[str, ModuleType]:
        comfy = self

        class ProgressBar:
            def __init__(self, total: int) -> None:
                assert total == 100

            def update_absolute(self, value: int) -> None:
                comfy.progress.append(value)

        class InputImpl:
            class VideoFromFile:
                def __init__(self, file: str) -> None:
                    self.file = file

        made = {
            "comfy": {},
            "comfy.utils": {"ProgressBar": ProgressBar},
            "comfy.model_management": {
                "InterruptProcessingException": Interrupted,
                "throw_exception_if_processing_interrupted": lambda: comfy.at_each_look(),
            },
            "comfy_api": {},
            "comfy_api.latest": {"InputImpl": InputImpl},
            "folder_paths": {"get_temp_directory": lambda: str(comfy.temporary)},
        }
        modules = {name: ModuleType(name) for name in made}
        for name, members in made.items():
            vars(modules[name]).update(members)
        return modules


@pytest.fixture
def comfy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeComfy:
    fake = FakeComfy(tmp_path / "temp")
    for name, module in fake.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return fake


@pytest.fixture
def package(comfy: FakeComfy) -> Iterator[ModuleType]:
    """The folder, imported as ComfyUI imports what lies in `custom_nodes`: by its path, under a name made of it."""
    name = str(FOLDER).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, FOLDER / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    for loaded in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        del sys.modules[loaded]


@pytest.fixture
def node(package: ModuleType) -> Any:
    return package.NODE_CLASS_MAPPINGS[NODE]()


@pytest.fixture
def make(node: Any, served: ServedApp, worker: ScriptedWorker, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call the node as ComfyUI does: its function, by its name, with every input by name."""
    monkeypatch.setenv("MMGT_KEY", KEYS["alice"])
    monkeypatch.delenv("MMGT_API_KEY", raising=False)
    worker.heartbeat()

    def call(**changed: Any) -> Any:
        inputs = defaults(node) | {"image": PORTRAIT, "audio": SPEECH, "service": served.url} | changed
        return getattr(node, node.FUNCTION)(**inputs)

    return call


def inputs_of(node: Any) -> dict[str, tuple[Any, ...]]:
    kinds = node.INPUT_TYPES()
    return {**kinds["required"], **kinds.get("optional", {})}


def is_widget(kind: tuple[Any, ...]) -> bool:
    return isinstance(kind[0], list) or kind[0] in WIDGETS


def defaults(node: Any) -> dict[str, Any]:
    return {name: kind[1]["default"] for name, kind in inputs_of(node).items() if is_widget(kind)}


def choices(name: str) -> set[str]:
    """What the service takes for a field, by the client's types."""
    hint = get_type_hints(CreateWishes)[name]
    while get_origin(hint) is not Literal:
        hint = get_args(hint)[0]
    return set(get_args(hint))


def test_the_folder_names_its_nodes_as_comfyui_looks_for_them(package: ModuleType, node: Any) -> None:
    assert set(package.NODE_DISPLAY_NAME_MAPPINGS) == set(package.NODE_CLASS_MAPPINGS) == {NODE}
    assert callable(getattr(node, node.FUNCTION))
    assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES) == len(node.OUTPUT_TOOLTIPS)
    assert isinstance(node.CATEGORY, str)
    assert set(node.INPUT_TYPES()) <= {"required", "optional", "hidden"}


def test_every_default_is_one_of_its_widgets_values(node: Any) -> None:
    for kind, options in (kind for kind in inputs_of(node).values() if is_widget(kind)):
        if isinstance(kind, list):
            assert options["default"] in kind
        if kind in ("INT", "FLOAT"):
            assert options["min"] <= options["default"] <= options["max"]


def test_the_node_offers_what_the_service_takes(node: Any) -> None:
    offered = {name: set(kind[0]) for name, kind in inputs_of(node).items() if isinstance(kind[0], list)}

    assert offered == {"quality": {"default"} | choices("quality"), "framing": choices("framing")}


def test_no_key_can_be_typed_into_a_node(node: Any) -> None:
    assert [name for name in inputs_of(node) if "key" in name or "token" in name] == []


def test_a_portrait_and_a_recording_become_a_video_while_the_bar_follows(
    make: Callable[..., Any], comfy: FakeComfy, worker: ScriptedWorker
) -> None:
    sent: dict[str, bytes] = {}

    def work() -> None:
        job = worker.claim()
        sent.update({name: b"".join(worker.storage.stream(key)) for name, key in job.request.inputs.items()})
        worker.tell(job, 40)
        comfy.at_each_look = lambda: bool(worker.finish(job))

    comfy.at_each_look = work
    video, video_id = make(seed=7, framing="photo")

    samples, rate = soundfile.read(io.BytesIO(sent["audio"]))
    pixels = np.asarray(Image.open(io.BytesIO(sent["image"])))
    assert Path(video.file).read_bytes() == VIDEO
    assert comfy.progress == [40, 100]
    assert (worker.store.get(video_id).request.options.seed, rate) == (7, 16000)
    assert np.abs(samples.T - SPEECH["waveform"][0].numpy()).max() <= 1 / 32768  # 16 bit, which have no +1
    assert np.abs(pixels / 255 - PORTRAIT[0].numpy()).max() <= 0.5 / 255 + 1e-6  # 8 bit


def test_an_interrupt_in_comfyui_cancels_the_job_on_the_service(
    make: Callable[..., Any], comfy: FakeComfy, worker: ScriptedWorker
) -> None:
    def interrupt() -> None:
        raise Interrupted

    comfy.at_each_look = interrupt
    with pytest.raises(Interrupted):
        make()

    assert worker.store.status_counts()["cancelled"] == 1


def test_a_job_that_failed_is_the_nodes_error_in_the_services_words(
    make: Callable[..., Any], comfy: FakeComfy, worker: ScriptedWorker
) -> None:
    comfy.at_each_look = lambda: worker.fail(worker.claim())

    with pytest.raises(NotCompleted) as failed:
        make()

    assert failed.value.video["error"] is not None
    assert failed.value.video["error"]["message"] in str(failed.value)


def test_what_the_service_does_not_take_is_refused_before_a_job_is_made(
    make: Callable[..., Any], worker: ScriptedWorker
) -> None:
    with pytest.raises(InvalidRequest, match="gesture_strength"):
        make(gesture_strength=9.0)
    with pytest.raises(ValueError, match="batch of 2"):
        make(image=PORTRAIT.repeat(2, 1, 1, 1))
    with pytest.raises(ValueError, match="batch of 2"):
        make(audio={"waveform": torch.zeros(2, 1, 100), "sample_rate": 8000})

    assert sum(worker.store.status_counts().values()) == 0


def test_the_example_workflow_fits_the_node(node: Any) -> None:
    workflow = json.loads((FOLDER / "example_workflows" / "talking_video.json").read_text())
    nodes = {each["id"]: each for each in workflow["nodes"]}
    ours = next(each for each in workflow["nodes"] if each["type"] == NODE)
    kinds = inputs_of(node)
    sockets = {name: kind[0] for name, kind in kinds.items() if not is_widget(kind)}
    widgets = [kind for kind in kinds.values() if is_widget(kind)]
    # After an INT with `control_after_generate` stands a value of its own.
    slots = [slot for kind in widgets for slot in [kind, *([None] if kind[1].get("control_after_generate") else [])]]

    assert {socket["name"]: socket["type"] for socket in ours["inputs"]} == sockets
    assert [(out["name"], out["type"]) for out in ours["outputs"]] == [
        *zip(node.RETURN_NAMES, node.RETURN_TYPES, strict=True)
    ]
    assert len(ours["widgets_values"]) == len(slots)
    for slot, value in zip(slots, ours["widgets_values"], strict=True):
        assert value in ("fixed",) if slot is None else (not isinstance(slot[0], list) or value in slot[0])
    for link, source, out, target, at, kind in workflow["links"]:
        assert nodes[source]["outputs"][out]["type"] == nodes[target]["inputs"][at]["type"] == kind
        assert link in nodes[source]["outputs"][out]["links"]
        assert nodes[target]["inputs"][at]["link"] == link
    assert len(workflow["links"]) == workflow["last_link_id"] == 3
