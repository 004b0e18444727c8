"""What decides how data is prepared, and which way each clip goes."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmgt_core.errors import UsageError
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.training.preparation.layout import Split

if TYPE_CHECKING:
    from mmgt_core.training.preparation.speech import SpeechEncoders

_KEY_CHARACTERS = 48
_HASH_CHARACTERS = 10


class SettingsError(UsageError):
    """Settings that cannot be used, or that are not those of the folder's other clips."""


@dataclass(frozen=True)
class PreparationSettings:
    """The numbers of a prepared folder; all its clips have the same.

    validation_share, test_share: of the source clips, in [0, 1). split_seed: another one deals the clips anew.
    min_fps: different pictures per second that a source must have. clips_per_shard: at most. preset: whose speech
    encoders gave the learned features; None where there are none.
    """

    validation_share: float = 0.05
    test_share: float = 0.05
    split_seed: int = 0
    min_fps: float = 20.0
    clips_per_shard: int = 64
    preset: str | None = None

    def __post_init__(self) -> None:
        """Raises: SettingsError: a number out of range."""
        if not (self.validation_share >= 0 and self.test_share >= 0 and self.validation_share + self.test_share < 1):
            shares = f"validation {self.validation_share:g} and test {self.test_share:g}"
            raise SettingsError(f"shares of {shares}; they are at least 0, and together less than 1")
        if self.clips_per_shard < 1:
            raise SettingsError(f"{self.clips_per_shard} clips a shard; at least 1 is needed")

    def dealt(self, sources: Iterable[str]) -> dict[str, Split]:
        """Which way each source clip goes: by a hash of its path, so that adding clips moves none.

        The last one by its hash is trained on in any case, or a folder of one or two clips could have none to learn
        from; of many clips it would be anyway.

        Args:
            sources: paths below the folder of videos, with forward slashes; at least one.
        """
        positions = {source: self._position(source) for source in sources}
        splits = {source: self._split_at(position) for source, position in positions.items()}
        return splits | {max(positions, key=lambda source: positions[source]): Split.TRAIN}

    def _position(self, source: str) -> float:
        """In [0, 1)."""
        digest = hashlib.sha256(f"{self.split_seed}:{source}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def _split_at(self, position: float) -> Split:
        if position < self.test_share:
            return Split.TEST
        return Split.VALIDATION if position < self.test_share + self.validation_share else Split.TRAIN


@dataclass(frozen=True)
class Tools:
    """What one process needs to prepare clips."""

    detector: WholeBodyDetector
    encoders: "SpeechEncoders | None" = None
    limits: MediaLimits = field(default_factory=MediaLimits)


MakeTools = Callable[[], Tools]
"""Called once in each process; it can be pickled where there are several."""


def clip_key(source: str) -> str:
    """A clip's name in the shards: readable, without the dots and slashes that a shard's names forbid, and unique."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", source.rpartition(".")[0]).strip("_")[-_KEY_CHARACTERS:]
    return f"{readable}-{hashlib.sha256(source.encode()).hexdigest()[:_HASH_CHARACTERS]}"
