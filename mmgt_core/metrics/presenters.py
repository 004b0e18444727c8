"""The acceptance list on held-out presenters: each wanted figure, what was measured, and whether it was reached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.gesture import HandMotion, diversity, gesture_distance
from mmgt_core.metrics.pose_autoencoder import PoseAutoencoder, pose_windows
from mmgt_core.metrics.presenter_clip import ClipFigures, System, measure_clip
from mmgt_core.metrics.presenter_store import ClipStore
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.types import PoseSequence


@dataclass(frozen=True)
class Figure:
    """A wanted figure: low and high bound what is good; None bounds nothing."""

    name: str
    meaning: str
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def is_reached(self, value: float) -> bool:
        """Whether a value lies within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    @property
    def wanted(self) -> str:
        """The bounds in words; empty where the figure is only told."""
        unit = f" {self.unit}" if self.unit else ""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}{unit}"
        if self.low is not None:
            return f"≥ {self.low:g}{unit}"
        return f"≤ {self.high:g}{unit}" if self.high is not None else ""


FIGURES = (
    Figure("found", "share of frames in which the default detector finds the presenter", low=0.95),
    Figure("found_error", "median error of its points, in % of the figure's height", high=2, unit="%"),
    Figure("fgd", "stage 1: FGD of generated poses against held-out truth"),
    Figure("fgd_untrained", "FGD of an untrained network's"),
    Figure("fgd_still", "FGD of the initial pose held still"),
    Figure("fgd_share", "FGD as a share of the better of these two", high=0.5),
    Figure("diversity", "diversity of generated poses as a share of the truth's"),
    Figure("mouth_own", "mouth opening of generated poses: correlation with the truth, own speech", low=0.9),
    Figure("mouth_swapped", "the same with another clip's speech", high=0.2),
    Figure("mouth_chance", "the same of the other clip's true mouth: what common pauses give by chance"),
    Figure("hand_speed", "hand speed as a share of the truth's", 0.7, 1.3),
    Figure("hand_variance", "its variance as a share of the truth's", 0.7, 1.3),
    Figure("hand_timing", "its correlation with speech energy at the truth's best lag, as a share", 0.7, 1.3),
    Figure("psnr_driven", "stage 2 by the true pose: PSNR against the drawn truth", low=26, unit="dB"),
    Figure("psnr_still", "PSNR of the reference standing still", unit="dB"),
    Figure("psnr_rebuilt", "PSNR of the autoencoder's picture of the truth (ceiling)", unit="dB"),
    Figure("psnr_above_still", "PSNR above standing still", low=5, unit="dB"),
    Figure("psnr_below_ceiling", "PSNR below the ceiling", high=4, unit="dB"),
    Figure("mouth_psnr_driven", "mouth box: PSNR against the drawn truth", unit="dB"),
    Figure("mouth_psnr_rebuilt", "mouth box: the autoencoder's ceiling", unit="dB"),
    Figure("mouth_psnr_above_still", "mouth box: PSNR above standing still", low=4, unit="dB"),
    Figure("forearm_psnr_above_still", "forearms: PSNR above standing still, in their boxes", unit="dB"),
    Figure("hand_psnr_above_still", "hands: PSNR above standing still, in their boxes", unit="dB"),
    Figure("residue_driven", "where the portrait's own arms lay: departure from the truth, levels of 255"),
    Figure("residue_still", "the same of the portrait standing still"),
    Figure("hand_apart_driven", "from wrist to hand as the detector finds them, in % of the figure's height", unit="%"),
    Figure("hand_apart_truth", "the same in drawn truth", unit="%"),
    Figure("blink_recall", "share of the frames with shut eyes that show them shut"),
    Figure("colour_clothes", "clothes: mean colour's error in % of the range", high=6, unit="%"),
    Figure("colour_skin", "skin: the same", high=6, unit="%"),
    Figure("colour_hair", "hair: the same", high=6, unit="%"),
    Figure("flicker_driven", "mean change where the truth does not change, levels of 255"),
    Figure("flicker_truth", "the truth's own, at the same places"),
    Figure("flicker_rebuilt", "the autoencoder's picture of the truth, at the same places"),
    Figure("flicker_share", "flicker as a share of the truth's own (drawn without any noise)", high=2),
    Figure("flicker_apart", "flicker more than 4 px from where the truth changes, levels of 255"),
    Figure("flicker_apart_truth", "the truth's own there"),
    Figure("flicker_motion", "flicker as a share of the truth's mean change over the whole picture"),
    Figure("seen_own", "end to end: mouth opening seen in rendered frames, correlation with the truth", low=0.7),
    Figure("seen_swapped", "the same with another clip's speech", high=0.15),
    Figure("seen_truth", "the same, seen in drawn truth: what the measure itself allows"),
    Figure("seen_rebuilt", "the same, seen in the autoencoder's picture of the truth"),
    Figure("seen_driven", "the same with the true pose and the speech"),
    Figure("seen_pose_alone", "the same with the true pose and no speech in stage 2: what the drawn pose carries"),
    Figure("seen_audio_alone", "the same with the pose's mouth held still and the speech: what MM-HAA carries"),
)
"""Issue 4's list, in its order, with what is told beside it."""


@dataclass(frozen=True)
class PresenterResults:
    """figures: figure name to its number over all clips but those of the held-out language. lags: generated, truth."""

    figures: dict[str, float]
    clips: tuple[ClipFigures, ...]
    held_out_language: str
    lags: tuple[Float32Array, Float32Array]

    def of_language(self, language: str, name: str) -> float:
        """A number's mean over the clips of one language."""
        return float(np.mean([clip.numbers[name] for clip in self.clips if clip.language == language]))

    @property
    def languages(self) -> list[str]:
        """Those that were heard, the held-out one last."""
        found = sorted({clip.language for clip in self.clips} - {self.held_out_language})
        return [*found, self.held_out_language]

    def is_reached(self, figure: Figure) -> bool | None:
        """None where the figure is only told, or was not measured."""
        if not figure.wanted or figure.name not in self.figures:
            return None
        return figure.is_reached(self.figures[figure.name])


def measure_presenters(
    clips: Sequence[SyntheticClip],
    held_out_language: str,
    system: System,
    untrained: System,
    pose_autoencoder: PoseAutoencoder,
    store: ClipStore,
    on_progress: Callable[[str, int, int], None],
) -> PresenterResults:
    """Measure every figure of the acceptance list.

    Args:
        clips: at least two; figures are over all of them but those of the held-out language, which stand apart.
        held_out_language: whose clips are reported beside the others.
        system: what is measured.
        untrained: the same with a stage 1 of random weights.
        pose_autoencoder: of FGD.
        store: keeps each clip as it is finished; one that it has already is not measured again.
        on_progress: told a name, steps done, steps in all.

    Raises:
        ValueError: fewer than two clips in languages that were trained on, by number.
    """
    num_known = sum(clip.language != held_out_language for clip in clips)
    if num_known < 2:
        raise ValueError(f"{num_known} clips in trained languages; figures need at least 2")
    found = []
    for index, (clip, other) in enumerate(with_others(clips)):
        on_progress("presenters", index, len(clips))
        measured = store.read(clip, other)
        if measured is None:
            measured = measure_clip(clip, other, system)
            store.write(clip, other, measured)
        found.append((clip, measured))
    on_progress("presenters", len(clips), len(clips))
    known = [(clip, measured) for clip, measured in found if clip.language != held_out_language]
    figures = _means([measured.numbers for _, measured in known])
    figures |= _derived(figures)
    spoken = [(clip, measured.spoken_poses) for clip, measured in known]
    figures |= _gesture_figures(spoken, untrained, pose_autoencoder)
    hands, lags = _hand_figures(spoken)
    return PresenterResults(figures | hands, tuple(measured for _, measured in found), held_out_language, lags)


def with_others(clips: Sequence[SyntheticClip]) -> list[tuple[SyntheticClip, SyntheticClip]]:
    """Each clip with the one whose speech it is given instead of its own: the next, or the first."""
    return list(zip(clips, [*clips[1:], *clips[:1]], strict=True))


def _means(numbers: list[dict[str, float]]) -> dict[str, float]:
    """Each number's mean over the clips that have it."""
    names = sorted({name for of_clip in numbers for name in of_clip})
    return {name: float(np.mean([of_clip[name] for of_clip in numbers if name in of_clip])) for name in names}


def _derived(means: dict[str, float]) -> dict[str, float]:
    found = {
        "psnr_above_still": means["psnr_driven"] - means["psnr_still"],
        "psnr_below_ceiling": means["psnr_rebuilt"] - means["psnr_driven"],
    }
    for part in ("mouth", "forearm", "hand"):
        if f"{part}_psnr_driven" in means:
            found[f"{part}_psnr_above_still"] = means[f"{part}_psnr_driven"] - means[f"{part}_psnr_still"]
    if means["motion_truth"] > 0:
        found["flicker_motion"] = means["flicker_driven"] / means["motion_truth"]
    if means["flicker_truth"] > 0:
        found["flicker_share"] = means["flicker_driven"] / means["flicker_truth"]
    return found


def _gesture_figures(
    spoken: list[tuple[SyntheticClip, PoseSequence]], untrained: System, network: PoseAutoencoder
) -> dict[str, float]:
    """FGD and diversity of generated poses, of an untrained network's, and of the initial pose held still.

    Args:
        spoken: each clip with the poses that were generated for it.
        untrained: a system with a stage 1 of random weights.
        network: of FGD.
    """
    clips = [clip for clip, _ in spoken]

    def features(sequences: list[PoseSequence]) -> Float32Array:
        return network.features(np.concatenate([pose_windows(poses) for poses in sequences]))

    def initial(clip: SyntheticClip) -> Float32Array:
        return clip.pose_sequence.keypoints[clip.reference_frame]

    truth = features([clip.pose_sequence for clip in clips])
    generated = features([poses for _, poses in spoken])
    random = features([untrained.seeded(clip.seed).speak(initial(clip), clip.waveform) for clip in clips])
    still = features([PoseSequence(np.repeat(initial(clip)[None], len(clip.pose_sequence), axis=0)) for clip in clips])
    distances = [gesture_distance(windows, truth) for windows in (generated, random, still)]
    return {
        "fgd": distances[0],
        "fgd_untrained": distances[1],
        "fgd_still": distances[2],
        "fgd_share": distances[0] / min(distances[1:]),
        "diversity": diversity(generated) / diversity(truth),
    }


def _hand_figures(
    spoken: list[tuple[SyntheticClip, PoseSequence]],
) -> tuple[dict[str, float], tuple[Float32Array, Float32Array]]:
    """Hand speed, its variance and its timing as shares of the truth's, and the lag correlations of both."""
    generated = HandMotion.of([(poses, clip.waveform) for clip, poses in spoken])
    truth = HandMotion.of([(clip.pose_sequence, clip.waveform) for clip, _ in spoken])
    lag = truth.best_lag
    figures = {
        "hand_speed": generated.mean_speed / truth.mean_speed,
        "hand_variance": generated.variance / truth.variance,
        "hand_timing": generated.timing(lag) / truth.timing(lag),
    }
    return figures, (generated.lags, truth.lags)
