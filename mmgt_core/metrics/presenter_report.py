"""The acceptance list as a page for the documentation, with its numbers, a sheet of pictures and a strip of speech."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmgt_core.media.image_writing import write_image
from mmgt_core.metrics.presenters import FIGURES, PresenterResults
from mmgt_core.metrics.regions import resize_frames
from mmgt_core.metrics.report import draw_lags, sheet
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.types import UInt8Array

_SHEET_ROWS = 8
_STRIP_ROWS = 3
_VERDICTS = {True: "yes", False: "**no**", None: ""}
_LANGUAGE_NUMBERS = {
    "mouth_own": "mouth of poses",
    "mouth_swapped": "with other speech",
    "seen_own": "mouth seen in frames",
    "seen_swapped": "with other speech",
    "psnr_driven": "PSNR by true pose, dB",
}


@dataclass(frozen=True)
class RunFacts:
    """How the numbers came about: the command's own facts, told above the tables."""

    preset: str
    weights: str
    command: str
    num_inference_steps: int
    seconds: float


def write_presenter_report(results: PresenterResults, facts: RunFacts, folder: Path) -> Path:
    """Write presenters.md, presenters.json, sheet.png, speech.png and hand_timing.png; the page's path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    write_image(folder / "sheet.png", _sheet(results))
    write_image(folder / "speech.png", _speech_strip(results))
    draw_lags(folder / "hand_timing.png", results.lags)
    (folder / "presenters.json").write_text(json.dumps(_numbers(results, facts), indent=1) + "\n")
    page = folder / "presenters.md"
    page.write_text(_page(results, facts))
    return page


def _numbers(results: PresenterResults, facts: RunFacts) -> dict[str, object]:
    return {
        "preset": facts.preset,
        "weights": facts.weights,
        "command": facts.command,
        "num_inference_steps": facts.num_inference_steps,
        "seconds": round(facts.seconds, 1),
        "held_out_language": results.held_out_language,
        "figures": {
            figure.name: {
                "value": results.figures.get(figure.name),
                "wanted": figure.wanted,
                "is_reached": results.is_reached(figure),
            }
            for figure in FIGURES
        },
        "clips": [
            {
                "seed": clip.seed,
                "language": clip.language,
                "voice": clip.voice,
                "frames": clip.num_frames,
                "numbers": clip.numbers,
            }
            for clip in results.clips
        ],
    }


def _page(results: PresenterResults, facts: RunFacts) -> str:
    known = [clip for clip in results.clips if clip.language != results.held_out_language]
    rows = [
        f"| {figure.meaning} | {_told(results.figures.get(figure.name), figure.unit)} | {figure.wanted} "
        f"| {_VERDICTS[results.is_reached(figure)]} |"
        for figure in FIGURES
    ]
    lines = [
        f"# {facts.preset} on presenters it has never seen",
        "",
        f"{len(known)} clips of presenters, voices and texts that were never trained on (seeds from "
        f"{min(clip.seed for clip in known)}), {sum(clip.num_frames for clip in known)} frames; "
        f"{len(results.clips) - len(known)} more in a language that was held out wholly, reported apart. "
        f"{facts.num_inference_steps} steps of stage 2. Made in {facts.seconds / 60:.0f} min by:",
        "",
        f"    {facts.command}",
        "",
        "| figure | measured | wanted | reached |",
        "|---|---|---|---|",
        *rows,
        "",
        "FGD and diversity use the pose autoencoder published with this program. Correlations are means over clips.",
        "",
        *_languages(results),
        "",
        "![Reference, pose, generated, autoencoder's picture of the truth, truth](sheet.png)",
        "",
        "![Generated from speech alone, above the truth](speech.png)",
        "",
        "![Hand speed against speech energy](hand_timing.png)",
        "",
    ]
    return "\n".join(lines)


def _languages(results: PresenterResults) -> list[str]:
    """One row a language, the held-out one last."""
    rows = []
    for language in results.languages:
        number = sum(clip.language == language for clip in results.clips)
        if number:
            name = f"{language}, held out" if language == results.held_out_language else language
            cells = [f"{results.of_language(language, key):.2f}" for key in _LANGUAGE_NUMBERS]
            rows.append(f"| {name} | {number} | {' | '.join(cells)} |")
    header = ["language", "clips", *_LANGUAGE_NUMBERS.values()]
    return [f"| {' | '.join(header)} |", "|" + "---|" * len(header), *rows]


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    return f"{value:.1f} {unit}" if unit else f"{value:.3f}"


def _sheet(results: PresenterResults) -> UInt8Array:
    """One row a presenter: reference, pose, generated by the true pose, autoencoder's picture, truth."""
    labels, rows = [], []
    for clip in results.clips[:_SHEET_ROWS]:
        shown = clip.sheet
        side = shown.truth.shape[0]
        pose = resize_frames(draw_pose(shown.pose)[None], side)[0]
        labels.append(f"{clip.seed}, {clip.language}: reference | pose | generated | autoencoder | truth")
        rows.append(np.stack([shown.reference, pose, shown.pose_driven, shown.rebuilt, shown.truth]))
    return sheet(labels, rows)


def _speech_strip(results: PresenterResults) -> UInt8Array:
    """Frames of a few clips from speech and one picture alone, and the drawn truth of the same moments below."""
    labels, rows = [], []
    for clip in results.clips[:_STRIP_ROWS]:
        labels += [f"{clip.seed}, {clip.language}: generated from speech and the reference", "truth"]
        rows += [clip.sheet.spoken, clip.sheet.spoken_truth]
    return sheet(labels, rows)
