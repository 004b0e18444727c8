"""A pipeline that computes nothing but keeps the method's stage borders; what it does stands in the image's bytes.

The image is a JSON object, behind a PNG's signature where it must pass for a picture (a real one gives five
short steps): `steps`, `step_s` (seconds each), `seconds` of video; `hears`: the recording is really decoded, and its
length is the video's; and at step `at` one of `event`: `kill` (the process dies), `hang`, `fault`, `out_of_memory`,
`input_error`, `error`. `frames`: so many grey ones are given to a preview with the steps, and before frame N the
pipeline waits for somebody to open the named pipe `gates[N]`, or before frame `stops_at` until it is told to stop.
Chosen by `MMGT_WORKER__SCRIPTED_PIPELINE=tests.integration.scripted_pipeline`.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jobs.job import JobOptions, Notice
from jobs.settings import Settings
from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.preview_writer import PreviewWriter
from mmgt_core.pipelines.frame_receiver import FrameReceiver
from mmgt_core.pipelines.progress import RunControl, Stage
from worker.errors import GpuFault, GpuOutOfMemory
from worker.pipeline import InputPaths, Prepared, Rendered

VIDEO = Path(__file__).parents[1] / "data" / "scripted.mp4"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIDE = 64
MEMORY_BYTES = 5_000_000
PICTURE = b"\xff\xd8\xff\xe0 not quite a JPEG"


class ScriptedPipeline:
    """One at a time, as the real one."""

    device = "script"

    def __init__(self, preset: str, limits: Mapping[str, float]) -> None:
        self.model = {"id": preset, "size": "128x128", "fps": 25, "qualities": ["exact"], **limits}

    def warm_up(self, folder: Path) -> None:
        (folder / "canary").touch()

    def prepare(self, paths: InputPaths, options: JobOptions, control: RunControl) -> Prepared:
        text = paths.image.read_bytes().removeprefix(SIGNATURE)
        script = json.loads(text) if text.startswith(b"{") else {"steps": 5, "step_s": 0.1}
        if script.get("event") == "input_error":
            raise InputError(InputCode.AUDIO_TOO_LONG, "612.0 s long; the limit is 600 s")
        if script.get("hears") and paths.audio is not None:
            limits = MediaLimits(max_audio_s=self.model["max_seconds"])
            heard = decode_audio(paths.audio, limits, allow_silence=options.allow_silence)
            script["seconds"] = heard.waveform.num_frames / 25
        return Prepared(script.get("seconds", 1.0), 1, (Notice("scripted", "nothing was computed"),), script)

    def render(
        self,
        prepared: Prepared,
        options: JobOptions,
        folder: Path,
        control: RunControl,
        receiver: FrameReceiver | None = None,
    ) -> Rendered:
        script = prepared.inputs
        with control.stage(Stage.POSE_DIFFUSION, 1) as report:
            report(1)
        steps = options.num_inference_steps or script.get("steps", 4)
        frames = Frames(script, receiver, control) if receiver is not None and "frames" in script else None
        with control.stage(Stage.VIDEO_DIFFUSION, steps) as report:
            for step in range(steps):
                if step == script.get("at", 0):
                    happen(script)
                time.sleep(script.get("step_s", 0.0))
                if frames is not None:
                    frames.give((step + 1) * script["frames"] // steps)
                report(step + 1)
        with control.stage(Stage.DECODING, 1) as report:
            files = {name: folder / f"{name}.mp4" for name in ("video", "pose", "masks")}
            for path in files.values():
                path.write_bytes(VIDEO.read_bytes())
            files["thumbnail"] = folder / "thumbnail.jpg"
            files["thumbnail"].write_bytes(PICTURE)
            report(1)
        seconds = {stage.value: round(took, 3) for stage, took in control.stage_seconds.items()}
        manifest = {
            "preset": self.model["id"], "is_trained": False, "stage_seconds": seconds, "crop": options.crop,
        }  # fmt: skip
        return Rendered(files, prepared.seconds, prepared.warnings, manifest)

    def free_memory(self) -> None:
        """Nothing is held."""

    def memory_bytes(self) -> int:
        return MEMORY_BYTES


def grey_of(index: int) -> int:
    """The level of a frame."""
    return 40 + index % 150


class Frames:
    """The script's frames on their way to a preview, some at every step."""

    def __init__(self, script: dict[str, Any], receiver: FrameReceiver, control: RunControl) -> None:
        self._script, self._receiver, self._control, self._given = script, receiver, control, 0
        receiver.begin(partial(PreviewWriter, SIDE, SIDE, None, script["frames"]))

    def give(self, until: int) -> None:
        for index in range(self._given, until):
            if gate := self._script.get("gates", {}).get(str(index)):
                Path(gate).open().close()
            while index == self._script.get("stops_at"):
                self._control.check()
                time.sleep(0.01)
            self._receiver.take(np.full((SIDE, SIDE, 3), grey_of(index), np.uint8))
        self._given = until


def happen(script: dict[str, Any]) -> None:
    match script.get("event"):
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "fault":
            raise GpuFault("an illegal memory access was encountered")
        case "out_of_memory":
            script["tries"] = script.get("tries", 0) + 1
            if script["tries"] <= script.get("times", 1):
                raise GpuOutOfMemory("tried to allocate 20.00 GiB")
        case "error":
            raise ValueError("a bug")


def load(settings: Settings, preset: str, sandbox: None) -> ScriptedPipeline:
    return ScriptedPipeline(preset, {"max_seconds": settings.limits.max_seconds})
