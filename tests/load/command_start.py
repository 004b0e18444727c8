"""How soon a command answers, beside another checkout: `python -m tests.load.command_start OTHER [PAIRS [NAME…]]`.

Not a test: it measures, and prints a line of JSON for each command (all, or those whose names are given). Each pair
runs the other checkout's `mmgt`, then this one's; both need their `.venv`. Ratios are of medians, by the clock and by
the processor's time. Targets beside 8713862: help and refusals 1/8, the beginning of stage 1 half (`stage 1 entered`:
its bar stands there; `first step`: its first step is done).
"""

import json
import os
import pty
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTRAIT, SPEECH = ROOT / "samples" / "presenters" / "man.png", ROOT / "samples" / "presenters" / "man.wav"
INPUTS = ["--image", str(PORTRAIT), "--audio", str(SPEECH)]
QUICK = {
    "generate --help": ["generate", "--help"],
    "wrong preset": ["generate", *INPUTS, "--out", "OUT/o.mp4", "--preset", "mmgt-9000"],
    "missing file": ["generate", "--image", "OUT/none.png", "--audio", "OUT/none.wav", "--out", "OUT/o.mp4"],
    "weights pull, no hub": ["weights", "pull", "--weights", "OUT", "--endpoint", "http://127.0.0.1:9"],
    "verify, no file": ["verify", "OUT/none.mp4"],
    "evaluate --help": ["evaluate", "--help"],
    "train, unknown process": ["train", "gan", "--config", "demo-smga", "--data", "OUT", "--out", "OUT/run"],
    "data prepare, no folder": ["data", "prepare", "OUT/none", "--out", "OUT/shards"],
    "synthesize --help": ["synthesize", "--help"],
}
STAGE_1 = ["generate", *INPUTS, "--preset", "mmgt-demo", "--out", "OUT/o.mp4"]
ENTERED, FIRST_STEP = re.compile(rb"stage 1"), re.compile(rb"stage 1.*?\b([1-9]\d*)/\d+", re.DOTALL)
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


def ended(checkout: Path, words: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of the processor until a command has ended."""
    started_s = time.monotonic()
    process = subprocess.Popen(
        [checkout / ".venv/bin/mmgt", *words], cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    return time.monotonic() - started_s, usage.ru_utime + usage.ru_stime


def until_stage_1(checkout: Path, words: list[str]) -> tuple[float, float]:
    """Seconds until stage 1's bar stands on a terminal, and until its first step is done; then it is interrupted."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    started_s = time.monotonic()
    command = [checkout / ".venv/bin/mmgt", *words]
    process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen, entered_s = b"", None
    while not FIRST_STEP.search(ESCAPES.sub(b"", seen)):
        seen += os.read(ours, 1 << 16)
        if entered_s is None and ENTERED.search(seen):
            entered_s = time.monotonic() - started_s
    first_s = time.monotonic() - started_s
    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        try:
            os.read(ours, 1 << 16)
        except OSError:
            process.wait()
    os.close(ours)
    return entered_s or first_s, first_s


def compare(other: Path, measure: object, words: list[str], names: tuple[str, str], pairs: int) -> dict[str, object]:
    """Both checkouts by turns; each name is one of the two figures of a run."""
    with tempfile.TemporaryDirectory() as folder:
        given = [word.replace("OUT", folder) for word in words]
        runs = [(measure(other, given), measure(ROOT, given)) for _ in range(pairs)]
    found: dict[str, object] = {}
    for index, name in enumerate(names):
        before, now = (statistics.median(pair[side][index] for pair in runs) for side in (0, 1))
        found[name] = {"other_s": round(before, 2), "own_s": round(now, 2), "ratio": round(now / before, 3)}
    return found


def main() -> None:
    other, pairs, names = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5, sys.argv[3:]
    for name, words in QUICK.items():
        if not names or name in names:
            tell(name, compare(other, ended, words, ("clock", "processor"), pairs))
    if not names or "generate" in names:
        tell("generate", compare(other, until_stage_1, STAGE_1, ("stage 1 entered", "first step"), pairs))


def tell(name: str, found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"command": name, **found}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
