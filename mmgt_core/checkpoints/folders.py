"""A weights folder as far as it can be known without opening a tensor: its index, and which preset it serves."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mmgt_core.config import PRESETS, Preset
from mmgt_core.errors import WeightsError

INDEX_FILE = "weights.json"


@dataclass(frozen=True)
class WeightsIndex:
    """What a converted folder holds: network to SHA-256 of its file, source file to SHA-256."""

    preset: str
    networks: Mapping[str, str]
    sources: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write `weights.json`, the last file of a folder: where it stands, the folder is whole."""
        (folder / INDEX_FILE).write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "WeightsIndex":
        """Raises: WeightsError: the folder holds no converted weights."""
        path = folder / INDEX_FILE
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise WeightsError(
                f"{folder} holds no converted weights ({error}); "
                "make them with `mmgt weights pull` and `mmgt weights convert`"
            ) from error


def holds_converted_weights(folder: Path) -> bool:
    """Whether a conversion into this folder was finished."""
    return (folder / INDEX_FILE).is_file()


def recorded_networks(folder: Path) -> Mapping[str, str]:
    """The networks of a folder and the hashes of their files; none where it holds no weights."""
    return WeightsIndex.read(folder).networks if holds_converted_weights(folder) else {}


def network_file(folder: Path, network: str) -> Path:
    """Where one network's tensors lie."""
    return folder / f"{network}.safetensors"


def find_preset(name: str) -> Preset:
    """Raises: WeightsError: there is no such preset; names those that are."""
    if name not in PRESETS:
        raise WeightsError(f"there is no preset {name}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_folder(weights: Path, preset: Preset) -> Path:
    """Where a preset's converted weights lie.

    Raises:
        WeightsError: what is given is such a folder itself, in which nobody would look.
    """
    if holds_converted_weights(weights):
        raise WeightsError(
            f"{weights} holds the weights of one preset; give the folder above it, in which it is called by the "
            f"preset's name, as {preset.weights_name}"
        )
    return weights / preset.weights_name


def require_weights(weights: Path, preset: Preset, packaged: Collection[str]) -> None:
    """Look whether a preset's networks are all there, before any is read.

    Args:
        weights: the folder that holds a folder for each converted preset.
        preset: which networks.
        packaged: those that the package carries for it.

    Raises:
        WeightsError: there is no folder and none is needed elsewhere, or it is another preset's, or a file is absent.
    """
    folder = preset_folder(weights, preset)
    if not folder.is_dir():
        if preset.is_trained and not packaged:
            raise WeightsError(
                f"{preset.name}: no weights in {folder}; fetch them with `mmgt weights pull` and `mmgt weights convert`"
            )
        return
    index = WeightsIndex.read(folder)
    if index.preset != preset.weights_name:
        raise WeightsError(f"{folder} holds the weights of {index.preset}, not of {preset.weights_name}")
    for path in (network_file(folder, name) for name in index.networks):
        if not path.is_file():
            raise WeightsError(f"{path} cannot be read: it is absent; convert it again with `mmgt weights convert`")


def default_preset(weights: Path) -> Preset:
    """The published layout where its weights are present, else the small one."""
    published, demo = PRESETS["mmgt-512"], PRESETS["mmgt-demo"]
    return published if holds_converted_weights(preset_folder(weights, published)) else demo
