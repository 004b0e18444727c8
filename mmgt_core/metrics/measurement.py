"""One measured number, or the reason why it was not measured; and the table of every metric's name and meaning."""

from dataclasses import dataclass
from enum import StrEnum


class Region(StrEnum):
    """What of a video was looked at: the columns of table II."""

    VIDEO = "video"
    FACE = "face"
    LIPS = "lips"
    GESTURE = "gesture"


@dataclass(frozen=True)
class Metric:
    """A metric's name, which way is better, and what it is in a sentence."""

    name: str
    better: str
    meaning: str


HIGHER, LOWER, TRUTH = "higher", "lower", "near the truth"

METRICS = {
    metric.name: metric
    for metric in (
        Metric("PSNR", HIGHER, "dB, mean over frames; a frame equal to the truth counts as 100 dB"),
        Metric("SSIM", HIGHER, "structural similarity, 11 px Gaussian window, mean over frames"),
        Metric("LPIPS", LOWER, "distance by the network of --lpips, mean over frames"),
        Metric("FID", LOWER, "Fréchet distance of frames' features by the network of --inception"),
        Metric("KID", LOWER, "kernel distance of the same features"),
        Metric("FVD", LOWER, "Fréchet distance of 16-frame clips' features by the network of --i3d"),
        Metric("KVD", LOWER, "kernel distance of the same features"),
        Metric("LSE-D", LOWER, "least mean distance of sound and mouth over offsets; behaves as the paper's Syn-C"),
        Metric("LSE-C", HIGHER, "median less least of those distances; behaves as the paper's Syn-D"),
        Metric("FGD", LOWER, "Fréchet distance of 34-frame pose windows' features, by our pose autoencoder"),
        Metric("Diversity", TRUTH, "mean distance between those features of different windows"),
        Metric("Beat alignment", TRUTH, "exp(-d²/2σ²) of each motion beat's distance d to its nearest onset; σ 0.1 s"),
        Metric("Hand speed", TRUTH, "shoulder widths a second, mean over hands and frames"),
        Metric("Hand speed variance", TRUTH, "of the same"),
        Metric("Hand timing", TRUTH, "correlation of hand speed with speech energy at the truth's best lag"),
        Metric("Hand confidence", HIGHER, "mean confidence that the detector has in hand points"),
        Metric("Mouth opening", HIGHER, "correlation of the inner lips' distance with the truth's"),
    )
}  # fmt: skip
"""In the order of the report."""


@dataclass(frozen=True)
class Measurement:
    """A number, or None and a note that says what is missing.

    truth: the same number of the truth itself, for metrics that are good when near it. note: also how it was measured.
    """

    metric: str
    region: Region
    value: float | None
    truth: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Raises: ValueError: a metric without an entry in METRICS, or neither a number nor a note."""
        if self.metric not in METRICS:
            raise ValueError(f"there is no metric {self.metric}; there are {', '.join(METRICS)}")
        if self.value is None and not self.note:
            raise ValueError(f"{self.metric}: not measured, and no note says why")


def not_measured(metric: str, region: Region, what_to_give: str) -> Measurement:
    """A metric whose number cannot be had, e.g. "give --inception PATH"."""
    return Measurement(metric, region, None, note=f"not measured: {what_to_give}")
