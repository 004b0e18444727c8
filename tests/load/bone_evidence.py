"""How near portraits come that are moved along their bones: `python -m tests.load.bone_evidence [CLIPS [FRAMES]]`.

Not a test: it measures, and prints a line of JSON for each held-out presenter and one for all. By true poses, in dB:
the portrait standing still, moved by the flow towards what stage 2 drew (`moved_portrait`), moved along its bones; in
the boxes of mouth, forearms and hands (12 px around keypoints at 512) and in the whole. Then how well the person is
found (share of common pixels), how near the plate is to the true scene behind the person, what its own pose loses, and
the processor's milliseconds to take a portrait apart and to move it, on one core.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.finishing.portrait_details import moved
from mmgt_core.keypoints import CANVAS_SIZE, LIPS, Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.metrics.presenter_parts import FOREARMS, HANDS, Parts, boxes
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform
from tests.unit.puppet.presenters import Drawn, cut, drawn, overlap, psnr

FIRST_SEED, SIDE, MARGIN = 900200, MMGT_DEMO.resolution, 12
PARTS = {"mouth": (tuple(range(LIPS.start, LIPS.stop)),), "forearms": FOREARMS, "hands": HANDS}


def main() -> None:
    num_clips, num_frames = (int(word) for word in (*sys.argv[1:], "8", "24")[:2])
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    pipeline, matte = load_pipeline(MMGT_DEMO, Path("none"), torch.device("cpu"), torch.float32), PersonMatte()
    pipeline = replace(pipeline, detail_network=None)
    found = []
    for seed in range(FIRST_SEED, FIRST_SEED + num_clips):
        found.append(measured(drawn(seed), num_frames, pipeline, matte))
        tell({"seed": seed, **found[-1]})
    tell({"mean of": len(found), **{name: round(statistics.mean(row[name] for row in found), 2) for name in found[0]}})


def measured(presenter: Drawn, num_frames: int, pipeline: AudioToVideo, matte: PersonMatte) -> dict[str, float]:
    keypoints = presenter.keypoints
    frames = np.linspace(1, len(keypoints) - 1, num_frames).astype(int)
    poses, portrait = keypoints[frames], presenter.picture
    truth = [presenter.frame(pose) for pose in poses]
    puppet = Puppet.of(portrait, keypoints[0], matte)
    portrait_512 = draw_presenter(presenter.clip.identity, keypoints[:1], CANVAS_SIZE)[0]
    speech = np.concatenate([presenter.clip.waveform.samples, np.zeros(SAMPLES_PER_FRAME, np.float32)])
    heard = Waveform(speech[: len(keypoints) * SAMPLES_PER_FRAME])
    stage_2 = drawn_by(pipeline, portrait_512, keypoints, heard)
    (own,) = drawn_by(pipeline, portrait_512, keypoints[:1], Waveform(np.zeros(SAMPLES_PER_FRAME, np.float32)))
    ways = {
        "still": [portrait] * num_frames,
        "by flow": [moved(stage_2[frame], own, (portrait,))[0] for frame in frames],
        "along bones": [puppet.moved(pose) for pose in poses],
    }
    row = {
        f"{name}, {way}": round(within(pictures, truth, poses, joints), 2)
        for name, joints in {"whole": None, **PARTS}.items()
        for way, pictures in ways.items()
    }
    row["own pose"] = round(psnr(puppet.moved(keypoints[0]), portrait), 2)
    person = cut(presenter, matte)
    is_behind = presenter.figure()
    row["plate"] = round(psnr(person.plate[is_behind], presenter.scene()[is_behind]), 2)
    row["person found"] = round(overlap(person.share > 0.5, is_behind), 4)
    row["take apart, ms"] = round(milliseconds(lambda: Puppet.of(portrait, keypoints[0], matte), 5), 1)
    row["move, ms"] = round(milliseconds(lambda: puppet.moved(poses[num_frames // 2]), 50), 2)
    return row


def drawn_by(
    pipeline: AudioToVideo, portrait: UInt8Array, keypoints: Float32Array, heard: Waveform
) -> list[UInt8Array]:
    """Stage 2's frames."""
    poses = iter((PoseSequence(keypoints),))
    frames = pipeline.frames(portrait, keypoints[0], poses, heard, SamplingOptions(), RunControl())
    return [frame.image for frame in frames]


def within(pictures: list[UInt8Array], truth: list[UInt8Array], poses: Float32Array, joints: Parts | None) -> float:
    """PSNR of the mean squared error of all frames' pixels in the boxes around some keypoints, or everywhere."""
    errors = []
    for picture, true, pose in zip(pictures, truth, poses, strict=True):
        is_inside = np.ones((SIDE, SIDE), bool) if joints is None else boxes(pose, joints, SIDE, MARGIN)
        errors.append(np.square(picture.astype(np.float64) - true)[is_inside].ravel())
    return float(10 * np.log10(255**2 / np.concatenate(errors).mean()))


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The processor's, median."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        work()
        taken.append(1000 * (time.thread_time() - began))
    return statistics.median(taken)


def tell(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
