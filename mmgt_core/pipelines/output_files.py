"""Which files a generation writes and how they take their places: all of them whole, or none."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from mmgt_core.backdrop.backdrop import KEEP, TRANSPARENT
from mmgt_core.pipelines.frame_receiver import FrameReceiver

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BYTES_PER_S = {".mp4": 400_000, ".mov": 5_000_000}
"""Of one video of 512 pixels at most; a guess that a full disk corrects."""


class Extra(StrEnum):
    """What can be saved beside the video."""

    POSE = "pose"
    MASKS = "masks"
    KEYPOINTS = "keypoints"
    THUMBNAIL = "thumbnail"
    MANIFEST = "manifest"
    CAPTIONS = "captions"
    MATTE = "matte"
    TRANSPARENT = "transparent"


SAVED = tuple(extra for extra in Extra if extra not in (Extra.CAPTIONS, Extra.TRANSPARENT))
"""Those that are asked for as such; captions come with what they are made of, a layer with its backdrop."""


class Until(StrEnum):
    """How far a generation goes: to the poses that would be drawn, or to the video."""

    POSES = "poses"
    VIDEO = "video"


POSE_FILES = frozenset({Extra.POSE, Extra.KEYPOINTS})
"""What a generation writes that ends with its poses."""

_SUFFIXES = {
    Extra.POSE: ".pose.mp4",
    Extra.MASKS: ".masks.mp4",
    Extra.KEYPOINTS: ".keypoints.npy",
    Extra.THUMBNAIL: ".thumbnail.jpg",
    Extra.MANIFEST: ".manifest.json",
    Extra.CAPTIONS: ".vtt",
    Extra.MATTE: ".matte.mp4",
    Extra.TRANSPARENT: ".transparent.mov",
}
MARKED = frozenset({".mp4", ".mov"})
"""Suffixes of files that say by a mark that a machine made them."""


def of_backdrop(name: str) -> frozenset[Extra]:
    """What only a backdrop brings. Args: name: of it, or `keep`."""
    if name == KEEP:
        return frozenset()
    return frozenset({Extra.MATTE, Extra.TRANSPARENT} if name == TRANSPARENT else {Extra.MATTE})


@dataclass(frozen=True)
class Outputs:
    """The video's path and what is wanted beside it; receiver: who else is given the frames.

    until: where that is poses there is no video, only what is beside it.
    """

    video: Path
    extras: frozenset[Extra] = frozenset()
    receiver: FrameReceiver | None = None
    until: Until = Until.VIDEO

    def path(self, extra: Extra) -> Path:
        """Where an extra lies: the video's name with another suffix."""
        return self.video.with_name(self.video.stem + _SUFFIXES[extra])

    @property
    def paths(self) -> list[Path]:
        """Every wanted file, the video first."""
        video = [self.video] if self.until is Until.VIDEO else []
        return [*video, *(self.path(extra) for extra in sorted(self.extras))]

    @property
    def videos(self) -> list[Path]:
        """Those of them that are films."""
        return [path for path in self.paths if path.suffix in MARKED]

    def check_room(self, seconds: float) -> None:
        """Compare the free disk with what videos of a length take, before hours of work.

        Raises:
            OSError: it does not suffice; names the video and the numbers.
        """
        needed = round(seconds * sum(_BYTES_PER_S[path.suffix] for path in self.videos))
        folder = self.video.absolute().parent
        free = shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free
        if free < needed:
            reason = f"{free / 1e6:.1f} MB are free, and about {needed / 1e6:.1f} MB are needed"
            raise OSError(errno.ENOSPC, reason, str(self.video.absolute()))

    @contextmanager
    def unfinished(self) -> Iterator["Outputs"]:
        """The same outputs in a folder of their own beside the video, `NAME.….part`.

        They take their places when the block ends well; after any error they are gone, and so are the folders that
        were made for them, and earlier files are still there.
        """
        with (
            made_folder(self.video.parent) as folder,
            TemporaryDirectory(prefix=self.video.stem + ".", suffix=".part", dir=folder) as part,
        ):
            staged = replace(self, video=Path(part) / self.video.name)
            try:
                yield staged
            except OSError as error:
                if error.errno in _FULL:  # the staged name would tell the user nothing
                    raise OSError(error.errno, os.strerror(error.errno), str(self.video.absolute())) from error
                raise
            for source, target in zip(reversed(staged.paths), reversed(self.paths), strict=True):
                os.replace(source, target)


@contextmanager
def made_folder(folder: Path) -> Iterator[Path]:
    """A folder, made with its parents where absent; after an error those made here are gone, unless others use them."""
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        with suppress(OSError):  # somebody else's file is in it by now
            for parent in made:
                parent.rmdir()
        raise
