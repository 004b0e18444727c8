"""Gathers the gesture metrics of many clips: FGD, diversity, beats, hand motion, mouth opening (paper §IV-A)."""

from dataclasses import dataclass, field

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.gesture import HandMotion, beat_alignment, correlation, diversity, gesture_distance, hand_speed
from mmgt_core.metrics.measurement import Measurement, Region, not_measured
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.metrics.pose_autoencoder import PoseAutoencoder, pose_windows
from mmgt_core.types import PoseSequence, Waveform

_NAMES = (
    "FGD", "Diversity", "Beat alignment", "Hand speed", "Hand speed variance", "Hand timing", "Mouth opening",
)  # fmt: skip
_AUTOENCODER = "by the pose autoencoder published with this program, trained on drawn presenters"


@dataclass
class GestureScores:
    """Clips with keypoints of both sides. pose_autoencoder: None where its weights are absent."""

    pose_autoencoder: PoseAutoencoder | None
    generated: list[tuple[PoseSequence, Waveform | None]] = field(default_factory=list)
    truth: list[tuple[PoseSequence, Waveform | None]] = field(default_factory=list)

    def add(self, generated: PoseSequence, truth: PoseSequence, sound: Waveform | None) -> None:
        """Take the poses of one clip and the speech that lies under both."""
        self.generated.append((generated, sound))
        self.truth.append((truth, sound))

    def measurements(self) -> list[Measurement]:
        """Every gesture metric, or what is missing for it."""
        if not self.generated:
            reason = "no keypoints; lay NAME.keypoints.npy beside both videos, or give --poses detect"
            return [not_measured(name, Region.GESTURE, reason) for name in _NAMES]
        return [*self._distances(), self._beats(), *self._hands(), self._mouth()]

    def lags(self) -> tuple[Float32Array, Float32Array] | None:
        """Correlation of hand speed with speech energy at every lag, generated and truth."""
        heard, true = _with_sound(self.generated), _with_sound(self.truth)
        return (HandMotion.of(heard).lags, HandMotion.of(true).lags) if heard else None

    def _distances(self) -> list[Measurement]:
        if self.pose_autoencoder is None:
            reason = (
                "the pose autoencoder's weights are not in this installation; `mmgt evaluate autoencoder` trains it"
            )
            return [not_measured(name, Region.GESTURE, reason) for name in _NAMES[:2]]
        sets = [
            self.pose_autoencoder.features(np.concatenate([pose_windows(poses) for poses, _ in clips]))
            for clips in (self.generated, self.truth)
        ]
        number = min(len(windows) for windows in sets)
        if number < 2:
            return [
                not_measured(name, Region.GESTURE, f"only {number} windows of 34 frames; at least 2 are needed")
                for name in _NAMES[:2]
            ]
        note = f"{number} windows, {_AUTOENCODER}"
        return [
            Measurement("FGD", Region.GESTURE, gesture_distance(*sets), note=note),
            Measurement("Diversity", Region.GESTURE, diversity(sets[0]), diversity(sets[1]), note),
        ]

    def _beats(self) -> Measurement:
        found = [
            [score for clip in _with_sound(clips) if (score := beat_alignment(*clip)) is not None]
            for clips in (self.generated, self.truth)
        ]
        if not found[1]:
            return not_measured("Beat alignment", Region.GESTURE, "no video has sound with onsets")
        if not found[0]:
            return not_measured("Beat alignment", Region.GESTURE, "the generated hands have no beats")
        return Measurement("Beat alignment", Region.GESTURE, float(np.mean(found[0])), float(np.mean(found[1])))

    def _hands(self) -> list[Measurement]:
        speeds = [np.concatenate([hand_speed(poses) for poses, _ in clips]) for clips in (self.generated, self.truth)]
        found = [
            Measurement("Hand speed", Region.GESTURE, float(speeds[0].mean()), float(speeds[1].mean())),
            Measurement("Hand speed variance", Region.GESTURE, float(speeds[0].var()), float(speeds[1].var())),
        ]
        heard, true = _with_sound(self.generated), _with_sound(self.truth)
        if not heard:
            return [*found, not_measured("Hand timing", Region.GESTURE, "no video has sound")]
        motion, true_motion = HandMotion.of(heard), HandMotion.of(true)
        lag = true_motion.best_lag
        note = f"at {lag} frames; the generated hands' own best lag is {motion.best_lag}"
        timing = Measurement("Hand timing", Region.GESTURE, motion.timing(lag), true_motion.timing(lag), note)
        return [*found, timing]

    def _mouth(self) -> Measurement:
        found = [
            correlation(mouth_opening(poses), mouth_opening(truth))
            for (poses, _), (truth, _) in zip(self.generated, self.truth, strict=True)
        ]
        return Measurement("Mouth opening", Region.LIPS, float(np.mean(found)), 1.0, "from keypoints, mean over videos")


def _with_sound(clips: list[tuple[PoseSequence, Waveform | None]]) -> list[tuple[PoseSequence, Waveform]]:
    return [(poses, sound) for poses, sound in clips if sound is not None]
