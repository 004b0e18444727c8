"""What wishes about poses do, in pictures: `python -m tests.load.wish_pictures [FOLDER]` (by default docs/pictures).

Not a test: it draws. A held-out presenter speaks by the small preset; each picture is a WebP that says what it shows.
Its paper is its own, so that it reads alike on light and on dark pages.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.finishing.loop_seam import dissolved_into_first
from mmgt_core.keypoints import CANVAS_SIZE, NECK, NOSE, Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.pose.easing import Float64Array
from mmgt_core.pose.eyelids import eye_opening, usual_opening
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import Lips, PoseWishes, StartPose
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.types import FPS, SAMPLES_PER_FRAME, PoseSequence, RenderedFrame, UInt8Array, Waveform

PICTURES = Path("docs/pictures")
SEED, SECONDS, SHORT_S = FIRST_HELD_OUT_SEED + 5, 8, 4
PAPER, INK, BLUE, ORANGE, GREEN = "#f4f4f1", "#22222a", "#1f5fbf", "#d2571c", "#2b8a4b"
WRISTS, WRIST, EYES = {4: BLUE, 7: ORANGE}, 4, (14, 15)
ARMS = ([2, 3, 4], [5, 6, 7])
STRENGTHS = (0.0, 1.0, 1.5)
TAKEN = 45  # the frame of a take that is shown
ALL = slice(0, CANVAS_SIZE)
FOREARMS = (slice(86, 426), slice(300, 490))
"""Columns and rows of the canvas."""


class Speaker:
    """A presenter, and the poses and frames that the small preset makes of speech."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._pipeline = load_pipeline(MMGT_DEMO, Path("none"), torch.device("cpu"), torch.float32)
        self.clip = clip = synthetic_clip(SEED, SECONDS)
        self.keypoints = clip.pose_sequence.keypoints[clip.reference_frame]
        self.portrait = clip.render([clip.reference_frame], CANVAS_SIZE)[0]
        frame = SquareFrame(0, 0, CANVAS_SIZE)
        self._inputs = Inputs(self.portrait, frame, self.keypoints, clip.waveform, Path("none"), None, ())

    def poses(
        self, seconds: float = SECONDS, is_silent: bool = False, seed: int = SEED, **wishes: object
    ) -> Float32Array:
        """(F, 134, 3)."""
        inputs, options = self._asked(seconds, is_silent, wishes)
        return self._made(inputs, replace(options, seed=seed))

    def driven(self, clip: SyntheticClip, lips: Lips) -> Float32Array:
        """(F, 134, 3): a clip's poses with the presenter's own sound."""
        inputs, options = self._asked(SHORT_S, False, {})
        poses = PoseSequence(clip.pose_sequence.keypoints[: inputs.num_frames])
        return self._made(replace(inputs, driving_poses=poses, lips=lips), options)

    def _made(self, inputs: Inputs, options: SamplingOptions) -> Float32Array:
        return np.concatenate([part.keypoints for part in self._pipeline.poses(inputs, options, RunControl())])

    def frames(self, seconds: float, **wishes: object) -> list[RenderedFrame]:
        inputs, options = self._asked(seconds, False, wishes)
        poses = self._pipeline.poses(inputs, options, RunControl())
        frames = self._pipeline.frames(self.portrait, self.keypoints, poses, inputs.waveform, options, RunControl())
        return list(dissolved_into_first(frames) if options.pose_wishes.loop else frames)

    def _asked(self, seconds: float, is_silent: bool, wishes: dict[str, object]) -> tuple[Inputs, SamplingOptions]:
        samples = self._inputs.waveform.samples[: round(seconds * FPS) * SAMPLES_PER_FRAME] * (0 if is_silent else 1)
        options = SamplingOptions(seed=SEED, pose_wishes=PoseWishes(**wishes))  # type: ignore[arg-type]
        return replace(self._inputs, waveform=Waveform(samples)), options


def main(folder: Path) -> None:
    speaker = Speaker()
    pictures = {
        "gesture-strength": gesture_strength(speaker),
        "head-strength": head_strength(speaker),
        "smoothing": smoothing(speaker),
        "loop": loop(speaker),
        "start-pose": start_pose(speaker),
        "allow-silence": allow_silence(speaker),
        "takes": takes(speaker),
        "lips": lips(speaker),
    }
    for name, figure in pictures.items():
        sys.stdout.write(f"{save(figure, folder / f'{name}.webp')}\n")


def gesture_strength(speaker: Speaker) -> Figure:
    """Where the wrists were in a whole clip."""
    asked = {strength: speaker.poses(gesture_strength=strength) for strength in STRENGTHS}
    return trails(speaker, "gesture_strength", asked, list(WRISTS), (ALL, ALL))


def head_strength(speaker: Speaker) -> Figure:
    """Where the eyes were, seen from the neck, which sways with the trunk."""
    x, y = speaker.keypoints[NOSE, :2].astype(int).tolist()
    asked = {strength: speaker.poses(head_strength=strength) for strength in STRENGTHS}
    for poses in asked.values():
        poses[..., :2] += speaker.keypoints[NECK, :2] - poses[:, [NECK], :2]
    return trails(speaker, "head_strength", asked, list(EYES), (slice(x - 90, x + 90), slice(y - 90, y + 90)))


def trails(
    speaker: Speaker, field: str, asked: dict[float, Float32Array], points: list[int], part: tuple[slice, slice]
) -> Figure:
    """The ways of two points, for each strength."""
    figure = paper(7.2, 2.85)
    for index, (strength, poses) in enumerate(asked.items()):
        axes = picture(figure.add_axes((index / 3 + 0.005, 0.0, 0.323, 0.82)), speaker.portrait, part)
        for point, colour in zip(points, (BLUE, ORANGE), strict=True):
            axes.plot(poses[:, point, 0], poses[:, point, 1], color=colour, linewidth=1.3)
        moved = np.linalg.norm(np.diff(poses[:, points, :2], axis=0), axis=-1).mean()
        axes.set_title(f"{field} = {strength:g}\n{moved:.2g} px a frame", fontsize=9.5, color=INK)
    return figure


def smoothing(speaker: Speaker) -> Figure:
    """One wrist's height over time."""
    figure = paper(7.2, 2.5)
    axes = chart(figure.add_axes((0.09, 0.2, 0.89, 0.68)), "seconds", "wrist's height, px")
    for value, colour, width in ((0.0, ORANGE, 1.0), (0.5, GREEN, 1.3), (1.0, BLUE, 2.0)):
        height = CANVAS_SIZE - speaker.poses(SHORT_S, smoothing=value)[:, WRIST, 1]
        axes.plot(np.arange(len(height)) / FPS, height, color=colour, linewidth=width, label=f"smoothing = {value:g}")
    legend(axes)
    return figure


def loop(speaker: Speaker) -> Figure:
    """The last frame and the first, and how far the quickest point moves from frame to frame, across the seam."""
    figure = paper(7.2, 3.9)
    axes = chart(figure.add_axes((0.57, 0.14, 0.41, 0.74)), "frames after the seam", "quickest of the wrists, px")
    for row, (is_looping, colour) in enumerate(((False, ORANGE), (True, BLUE))):
        frames = speaker.frames(SHORT_S, loop=is_looping)
        name = "loop" if is_looping else "no loop"
        for column, index in enumerate((-1, 0)):
            place = (0.01 + 0.25 * column, 0.5 - 0.48 * row, 0.235, 0.43)
            shown = picture(figure.add_axes(place), frames[index].image, (slice(0, 128), slice(0, 128)))
            shown.set_title(f"{name}: {'last' if index else 'first'} frame", fontsize=9.5, color=INK, pad=3)
        jumps = steps(np.stack([frame.keypoints for frame in (*frames[-13:], *frames[:12])]))
        axes.plot(np.arange(-12, 12), jumps, color=colour, linewidth=1.6, marker=".", label=name)
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    legend(axes)
    return figure


def start_pose(speaker: Speaker) -> Figure:
    """The arms in the first frame, over the portrait's own."""
    figure = paper(7.2, 2.7)
    for index, wish in enumerate(StartPose):
        axes = picture(figure.add_axes((index / 2 + 0.01, 0.12, 0.48, 0.76)), speaker.portrait, FOREARMS)
        first = speaker.poses(2, start_pose=wish)[0]
        for arm in ARMS:
            axes.plot(*first[arm, :2].T, color=BLUE, linewidth=3.5, marker="o", markersize=8, label="first frame")
            axes.plot(*speaker.keypoints[arm, :2].T, color=ORANGE, linewidth=1.6, marker=".", label="portrait")
        off = np.linalg.norm(first[list(WRISTS), :2] - speaker.keypoints[list(WRISTS), :2], axis=1).max()
        axes.set_title(f"start_pose = {wish.value}: a wrist is off by {off:.0f} px", fontsize=9.5, color=INK)
    figure.legend(handles=axes.lines[:2], fontsize=8.5, frameon=False, loc="lower center", ncols=2, labelcolor=INK)
    return figure


def allow_silence(speaker: Speaker) -> Figure:
    """What idles without a word: the hands, the eyes, the head."""
    poses = speaker.poses(SECONDS, is_silent=True)
    figure = paper(7.2, 2.85)
    shown = picture(figure.add_axes((0.005, 0.0, 0.323, 0.82)), speaker.portrait, (ALL, ALL))
    for point, colour in {**WRISTS, NOSE: GREEN}.items():
        shown.plot(poses[:, point, 0], poses[:, point, 1], color=colour, linewidth=1.3)
    shown.set_title("8 s of silence:\nwrists and nose", fontsize=9.5, color=INK)
    axes = chart(figure.add_axes((0.43, 0.19, 0.55, 0.7)), "seconds", "px a frame; share")
    seconds = np.arange(1, len(poses)) / FPS
    axes.plot(seconds, steps(poses), color=BLUE, linewidth=1.2, label="quicker wrist, px a frame")
    openness = eye_opening(poses)[1:] / (usual_opening(speaker.keypoints) or 1)
    axes.plot(seconds, openness, color=ORANGE, linewidth=1.4, label="eyes open, share of usual")
    legend(axes)
    return figure


def takes(speaker: Speaker) -> Figure:
    """One moment of three seeds, as variant `pose` shows it."""
    figure = paper(7.2, 2.7)
    for seed in range(3):
        axes = figure.add_axes((seed / 3 + 0.005, 0.0, 0.323, 0.88))
        axes.imshow(draw_pose(speaker.poses(SHORT_S, seed=seed)[TAKEN]))
        axes.set_axis_off()
        axes.set_title(f"until = poses, seed = {seed}", fontsize=9.5, color=INK)
    return figure


def lips(speaker: Speaker) -> Figure:
    """How far the mouth is open when another clip's poses drive."""
    figure = paper(7.2, 2.5)
    axes = chart(figure.add_axes((0.09, 0.2, 0.89, 0.68)), "seconds", "mouth open, share of most")
    film = synthetic_clip(SEED + 1, SHORT_S)
    drawn = {wish: mouth_opening(PoseSequence(speaker.driven(film, wish))) for wish in Lips}
    truth = speaker.clip.mouth_opening[: len(drawn[Lips.AUDIO])]
    shown = (("the new sound's truth", truth, GREEN, 3.0), ("lips = audio", drawn[Lips.AUDIO], BLUE, 1.4),
             ("lips = driving", drawn[Lips.DRIVING], ORANGE, 1.0))  # fmt: skip
    for label, opening, colour, width in shown:
        axes.plot(np.arange(len(opening)) / FPS, opening / opening.max(), color=colour, linewidth=width, label=label)
    legend(axes)
    return figure


def steps(poses: Float32Array) -> Float64Array:
    """From frame to frame, of the quicker wrist: (F, 134, 3) to (F - 1,) px."""
    return np.asarray(np.linalg.norm(np.diff(poses[:, list(WRISTS), :2], axis=0), axis=-1).max(axis=1))


def paper(width: float, height: float) -> Figure:
    """An empty sheet, in inches of 100 pixels."""
    figure = Figure(figsize=(width, height), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def picture(axes: Axes, image: UInt8Array, part: tuple[slice, slice]) -> Axes:
    """Show part of an image, pale where lines are drawn over it."""
    columns, rows = part
    axes.imshow(image, alpha=0.55 if len(image) == CANVAS_SIZE else 1.0)
    axes.set_xlim(columns.start, columns.stop)
    axes.set_ylim(rows.stop, rows.start)
    axes.set_axis_off()
    return axes


def chart(axes: Axes, x: str, y: str) -> Axes:
    """An empty chart with named axes."""
    axes.set_facecolor(PAPER)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def legend(axes: Axes) -> None:
    axes.legend(fontsize=8.5, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=3, labelcolor=INK)


def save(figure: Figure, path: Path) -> str:
    """Write it; gives the line that tells."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
    Image.fromarray(pixels).save(path, "WEBP", quality=58, method=6)
    return f"{path} {path.stat().st_size} bytes"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else PICTURES)
