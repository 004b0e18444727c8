"""Which languages and voices an eSpeak NG on this machine has, by its data files alone; nothing of it is loaded.

It stands apart like the rest of this package: the HTTP face tells them, and whoever speaks goes by the same list.
"""

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "espeakng_loader"
"""What brings program and data; of the extra `speech`."""
TIMBRES = tuple(f"f{number}" for number in range(1, 6)) + tuple(f"m{number}" for number in range(1, 9))
"""eSpeak NG's plain women and men; each speaks every language. A name that it does not know it ignores, and one with
`../` in it is a path, so nothing else is ever passed on."""
DEFAULT_TIMBRE, DEFAULT_LANGUAGE = "m3", "en"
_USUAL_RANK = 5  # of a file that states none for a language; the lowest is meant by its tag


def data_folder() -> Path | None:
    """Return the folder of eSpeak NG's data, None where it is not installed."""
    found = find_spec(PACKAGE)
    return Path(found.origin).parent / "espeak-ng-data" if found and found.origin else None


def languages(folder: Path) -> dict[str, str]:
    """Return eSpeak NG's own name by language tag in lower case, of every language that it can speak."""
    ranked: dict[str, tuple[int, str]] = {}
    for path in sorted((folder / "lang").rglob("*")):
        if path.is_file() and (lines := _statements(path)) and (folder / f"{_dictionary(path, lines)}_dict").is_file():
            for words in (["language", path.name], *lines):
                if words[0] == "language":
                    tag, own = words[1].lower(), (_rank(words), path.name)
                    ranked[tag] = min(ranked.get(tag, own), own)
    return {tag: name for tag, (_, name) in sorted(ranked.items())}


def language_meant(tag: str, known: dict[str, str]) -> str | None:
    """Return eSpeak NG's name for a tag, or for the tag without its last parts; None where it has neither."""
    parts = tag.lower().replace("_", "-").split("-")
    tags = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((known[each] for each in tags if each in known), None)


def _statements(path: Path) -> list[list[str]]:
    lines = path.read_text(errors="replace").splitlines()
    return [words for line in lines if len(words := line.split("//")[0].split()) > 1]


def _dictionary(path: Path, lines: list[list[str]]) -> str:
    stated = next((words[1] for words in lines if words[0] == "dictionary"), None)
    first = next((words[1] for words in lines if words[0] == "language"), path.name)
    return stated or first.split("-")[0].lower()


def _rank(words: list[str]) -> int:
    return int(words[2]) if len(words) > 2 and words[2].isdecimal() else _USUAL_RANK
