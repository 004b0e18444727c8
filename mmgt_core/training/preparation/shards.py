"""Clips as WebDataset shards: each clip first in a file of its own, all of them joined at the end (docs/data.md)."""

import io
import json
import tarfile
import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mmgt_core.training.preparation.clip import PreparedClip
from mmgt_core.training.preparation.layout import FORMAT_VERSION, ClipFacts, Member, Split
from mmgt_core.training.preparation.records import clip_path, whole_file
from mmgt_core.training.preparation.settings import PreparationSettings, SettingsError
from mmgt_core.types import SAMPLE_RATE_HZ

_INDEX = "dataset.json"


@dataclass(frozen=True)
class DatasetIndex:
    """`dataset.json`: how a folder is prepared, and which clips its shards hold.

    A shard is listed before it is written; a listed one that is absent is written by the next run.
    """

    settings: PreparationSettings
    shards: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        values = {"format_version": FORMAT_VERSION, "settings": asdict(self.settings), "shards": self.shards}
        with whole_file(folder / _INDEX) as path:
            path.write_text(json.dumps(values, indent=1) + "\n")

    @classmethod
    def open(cls, folder: Path, settings: PreparationSettings) -> "DatasetIndex":
        """Read a folder's index, or begin one.

        Raises:
            SettingsError: the folder was prepared with other settings or by another version.
        """
        if not (folder / _INDEX).exists():
            return cls(settings)
        values = json.loads((folder / _INDEX).read_text())
        wanted = {"format_version": FORMAT_VERSION, **asdict(settings)}
        found = {"format_version": values["format_version"], **values["settings"]}
        other = [f"{name} {found.get(name)}, not {value}" for name, value in wanted.items() if found.get(name) != value]
        if other:
            raise SettingsError(f"{folder} was prepared with {'; '.join(other)}; take another --out")
        return cls(settings, values["shards"])

    def with_clips(self, clips: Iterable[ClipFacts]) -> "DatasetIndex":
        """With new shards for the clips that no shard holds yet, in order of their keys."""
        held = {key for keys in self.shards.values() for key in keys}
        shards = dict(self.shards)
        new = sorted((clip for clip in clips if clip.key not in held), key=lambda clip: clip.key)
        for split in Split:
            keys = [clip.key for clip in new if clip.split is split]
            number = sum(name.startswith(f"{split}-") for name in shards)
            for first in range(0, len(keys), self.settings.clips_per_shard):
                shards[f"{split}-{number:06d}.tar"] = keys[first : first + self.settings.clips_per_shard]
                number += 1
        return DatasetIndex(self.settings, shards)


def write_clip(folder: Path, clip: PreparedClip, pictures: BinaryIO) -> None:
    """Write a clip's own file, whole or not at all."""
    facts = clip.facts
    members: dict[Member, BinaryIO] = {
        Member.FACTS: io.BytesIO(facts.to_json()),
        Member.SPEECH: io.BytesIO(_wav(clip.speech)),
        **{member: io.BytesIO(_npy(array)) for member, array in clip.arrays.items()},
        Member.PICTURES: pictures,
    }
    with whole_file(clip_path(folder, facts.key)) as path, _new_archive(path) as archive:
        for member, content in members.items():
            entry = tarfile.TarInfo(f"{facts.key}.{member}")
            entry.size = content.seek(0, io.SEEK_END)
            content.seek(0)
            archive.addfile(entry, content)


def join_clips(folder: Path, index: DatasetIndex) -> None:
    """Write the listed shards that are not there yet; a clip's own file goes when its shard stands."""
    for name, keys in index.shards.items():
        paths = [clip_path(folder, key) for key in keys]
        if not (folder / name).exists():
            with whole_file(folder / name) as path, _new_archive(path) as shard:
                for clip in paths:
                    _append(shard, clip)
        for clip in paths:
            clip.unlink(missing_ok=True)


def _append(shard: tarfile.TarFile, clip: Path) -> None:
    with tarfile.open(clip, "r:") as archive:
        for entry in archive:
            shard.addfile(entry, archive.extractfile(entry))


def _new_archive(path: Path) -> tarfile.TarFile:
    """Entries have neither owner nor time, so that the same clips give the same bytes."""
    return tarfile.open(path, "w:", format=tarfile.USTAR_FORMAT)


def _npy(array: npt.NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _wav(samples: npt.NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(samples.itemsize)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(samples.tobytes())
    return file.getvalue()
