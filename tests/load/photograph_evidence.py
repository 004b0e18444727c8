"""What the small preset makes of photographs: `python -m tests.load.photograph_evidence PHOTO... [--sheet PNG]`.

Not a test: it measures, and prints a line of JSON for each photograph, which speaks the sample recording. PSNR to the
portrait moved along its bones, outside of mouth, eyes, arms and hands, in dB. The share of frames in which the face is
found again with its 68 points within 5 % of the face's size (the longer side of its box) of the asked ones, in the
mean, by the detector that found the portrait's. The correlation of the mouth's opening, as found, with the poses'. The
same of the moved portrait says what the detector sees at this resolution. `--sheet` draws frames below it.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.keypoints import CANVAS_SIZE, FACE, LIPS, Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.media.image_writing import write_image
from mmgt_core.media.limits import MediaLimits
from mmgt_core.metrics.gesture import correlation
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.metrics.presenter_parts import FOREARMS, HANDS, Parts, boxes
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.pose.eyelids import EYES
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.types import PoseSequence, UInt8Array

SIDE, MARGIN = MMGT_DEMO.resolution, 12
MOVING: Parts = (
    tuple(range(LIPS.start, LIPS.stop)),
    *(tuple(range(eye.start, eye.stop)) for eye in EYES),
    (2, 3),
    (5, 6),
    *FOREARMS,
    *HANDS,
)
NEAR, SHOWN = 0.05, 5


def main(arguments: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    pipeline = load_pipeline(MMGT_DEMO, arguments.weights, torch.device("cpu"), torch.float32)
    detector, rows = load_detector(arguments.weights, MMGT_DEMO), []
    for photo in arguments.photos:
        files = InputFiles(photo, arguments.samples / "speech.wav")
        inputs = prepare_inputs(files, InputWishes(), MediaLimits(), lambda: detector, RunControl())
        options = SamplingOptions()
        poses = PoseSequence(np.concatenate([part.keypoints for part in pipeline.poses(inputs, options, RunControl())]))
        frames = pipeline.frames(
            inputs.reference_image, inputs.initial_keypoints, iter((poses,)), inputs.waveform, options, RunControl()
        )
        ended, moved = np.stack([frame.image for frame in frames]), moved_along_bones(inputs, poses)
        told = {
            "photo": photo.name,
            "dB to moved portrait": round(outside_of_moving(ended, moved, poses.keypoints), 2),
            **of_face(ended, poses, detector, "frames"),
            **of_face(moved, poses, detector, "moved portrait"),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        shown = np.linspace(0, len(ended) - 1, SHOWN).astype(int)
        rows += [np.concatenate([scaled(inputs.reference_image, SIDE), *row[shown]], axis=1) for row in (moved, ended)]
    if arguments.sheet:
        write_image(arguments.sheet, np.concatenate(rows))


def moved_along_bones(inputs: Inputs, poses: PoseSequence) -> UInt8Array:
    """The portrait in each pose, (F, S, S, 3)."""
    puppet = Puppet.of(scaled(inputs.reference_image, SIDE), inputs.initial_keypoints, PersonMatte())
    return np.stack([puppet.moved(pose) for pose in poses.keypoints])


def outside_of_moving(frames: UInt8Array, moved: UInt8Array, poses: Float32Array) -> float:
    """PSNR of all frames' pixels that are in no box of a moving part."""
    rest = ~np.stack([boxes(pose, MOVING, SIDE, MARGIN) for pose in poses])
    return float(10 * np.log10(255**2 / np.square(frames.astype(np.float64) - moved)[rest].mean()))


def of_face(frames: UInt8Array, poses: PoseSequence, detector: WholeBodyDetector, of: str) -> dict[str, float]:
    """Share of frames with the face where it is asked for, and how the found mouth follows."""
    found, openings, asked_openings = 0, [], []
    asked = mouth_opening(poses)
    for frame, pose, opening in zip(frames, poses.keypoints, asked, strict=True):
        large = cv2.resize(frame, (CANVAS_SIZE, CANVAS_SIZE), interpolation=cv2.INTER_CUBIC)
        people = [person for person in detector.detect(large) if person.has_face]
        if not people:
            continue
        keypoints = max(people, key=lambda person: float(person.keypoints[FACE, 2].mean())).keypoints
        size = np.ptp(pose[FACE, :2], axis=0).max()
        found += np.linalg.norm(keypoints[FACE, :2] - pose[FACE, :2], axis=1).mean() <= NEAR * size
        openings.append(float(mouth_opening(PoseSequence(keypoints[None].astype(np.float32)))[0]))
        asked_openings.append(float(opening))
    follows = correlation(np.array(openings), np.array(asked_openings)) if len(openings) > 1 else 0.0
    return {f"{of}: face found": round(found / len(frames), 3), f"{of}: mouth follows": round(float(follows), 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--samples", type=Path, default=Path("samples"))
    parser.add_argument("--sheet", type=Path)
    main(parser.parse_args())
