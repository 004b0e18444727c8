"""How lips follow new sound on driving poses: `python -m tests.load.dubbing_evidence [--clips 10] [--pictures FOLDER]`.

Not a test: it measures, on held-out presenters. Each clip's own poses drive its portrait, as keypoints, while the next
clip speaks; both stages are those of the small preset. A line of JSON for each, and one of the means: the mouth's
opening seen in the rendered frames, correlated with the truth of the sound that is heard (`seen_new`), with that of the
clip whose poses drive (`seen_old`), and what the two truths have in common (`chance`: pauses, mostly); `poses_new`,
`poses_old`: the same of the dubbed poses; `driving_new`, `driving_old`: seen with `lips=driving`; `mouth_off_px`: how
far the middle of the closed mouth lies from where the driving face has it, pixels of the 512 canvas; `rest_is_kept`:
whether every point but lips and jaw is the driving pose's, bit by bit. Pictures: the same moments dubbed, driven,
and the drawn truth.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from mmgt_core.commands.presenter_workers import SystemSource
from mmgt_core.keypoints import CANVAS_SIZE, LIPS, NUM_KEYPOINTS
from mmgt_core.metrics.gesture import correlation
from mmgt_core.metrics.mouth import mouth_opening, rendered_mouth_opening
from mmgt_core.metrics.presenter_clip import fitted
from mmgt_core.metrics.presenter_colours import PresenterColours
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.natural_poses import video_poses
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.face_motion import JAW
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import Lips
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.types import PoseSequence, UInt8Array

SPEAKING = [*range(JAW.start, JAW.stop), *range(LIPS.start, LIPS.stop)]
MOMENTS = 6


def main(num_clips: int, seconds: float, pictures: Path | None) -> None:
    system = SystemSource("mmgt-demo", Path("weights"), None).load()
    clips = [synthetic_clip(FIRST_HELD_OUT_SEED + index, seconds) for index in range(num_clips)]
    rows = []
    for clip, other in zip(clips, [*clips[1:], *clips[:1]], strict=True):
        rows.append(measured(clip, other, system.seeded(clip.seed), pictures))
        tell({"clip": clip.seed, "heard": other.seed, **rows[-1]})
    tell({"mean of": num_clips, **{name: float(np.mean([row[name] for row in rows])) for name in rows[0]}})


def tell(row: dict[str, float]) -> None:
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")
    sys.stdout.flush()


def measured(
    clip: SyntheticClip, other: SyntheticClip, system: PipelineSystem, pictures: Path | None
) -> dict[str, float]:
    """One portrait, driven by its own clip's poses, heard with another's sound."""
    num_frames = len(clip.pose_sequence)
    heard, truth = fitted(other.waveform, num_frames), np.resize(other.mouth_opening, num_frames)
    portrait = clip.render([clip.reference_frame], CANVAS_SIZE)[0]
    found = system.find(portrait)
    initial = clip.pose_sequence.keypoints[clip.reference_frame] if found is None else found
    frame = SquareFrame(0, 0, CANVAS_SIZE)
    inputs = Inputs(portrait, frame, initial, heard, Path("none.wav"), clip.pose_sequence, (), is_drawn=True)
    dubbed, as_driven = (poses_of(replace(inputs, lips=lips), system) for lips in Lips)
    films = {"seen": (dubbed, heard), "driving": (as_driven, heard)}
    colours, row = PresenterColours.of(clip.identity), {}
    row["chance"] = correlation(truth, clip.mouth_opening)
    row["poses_new"], row["poses_old"] = (correlation(mouth_opening(dubbed), it) for it in (truth, clip.mouth_opening))
    shown = {}
    for name, (poses, sound) in films.items():
        shown[name] = frames = system.render(portrait, initial, poses, sound)
        opening = rendered_mouth_opening(frames, poses, colours.inside_mouth, colours.around_mouth)
        row[f"{name}_new"], row[f"{name}_old"] = correlation(opening, truth), correlation(opening, clip.mouth_opening)
    row |= told_of(dubbed, clip.pose_sequence)
    if pictures is not None:
        moments = np.linspace(0, num_frames - 1, MOMENTS + 2).round().astype(int)[1:-1]
        drawn = clip.render(moments.tolist(), system.resolution)
        save(pictures / f"{clip.seed}.png", [shown["seen"][moments], shown["driving"][moments], drawn])
    return row


def poses_of(inputs: Inputs, system: PipelineSystem) -> PoseSequence:
    """As a video gets them."""
    pipeline = system.pipeline
    parts = video_poses(pipeline.audio_to_pose, pipeline.preset, inputs, system.options, RunControl())
    return PoseSequence(np.concatenate([part.keypoints for part in parts]))


def told_of(dubbed: PoseSequence, driving: PoseSequence) -> dict[str, float]:
    """Where the mouth lies, and what else changed."""
    rest = [point for point in range(NUM_KEYPOINTS) if point not in SPEAKING]
    upper = slice(LIPS.start, LIPS.start + 7)
    off = np.linalg.norm(
        dubbed.keypoints[:, upper, :2].mean(axis=1) - driving.keypoints[:, upper, :2].mean(axis=1), axis=1
    )
    is_kept = np.array_equal(dubbed.keypoints[:, rest], driving.keypoints[:, rest])
    return {"mouth_off_px": float(np.median(off)), "rest_is_kept": float(is_kept)}


def save(path: Path, rows: list[UInt8Array]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows])).save(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--pictures", type=Path, default=None)
    chosen = parser.parse_args()
    main(chosen.clips, chosen.seconds, chosen.pictures)
