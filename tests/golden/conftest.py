"""Where the recorded numbers lie: a subset in this repository, the whole beside it."""

from pathlib import Path

HERE = Path(__file__).parent
IN_REPOSITORY = HERE / "data"
BESIDE = HERE.parents[2] / "shared" / "golden"


def names(folder: Path) -> list[str]:
    return sorted({path.stem for path in folder.glob("*.json")})
