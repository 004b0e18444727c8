"""How soon `mmgt serve` is ready, beside another checkout: `python -m tests.load.serve_start OTHER [PAIRS]`.

Not a test: it measures, and prints one JSON object. Each pair starts the other checkout's service on a new data folder,
then this one's; both need their `.venv`. Ready is the line that `mmgt serve` prints when `/readyz` is ok: the API is
up, the render worker loaded, its canary passed. By the clock, and by the processor's time of all its processes until
then, which a busy machine disturbs less; ratios are of medians. Target beside 8713862: half.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
MEASURES = ("clock_s", "processor_s")


def started(checkout: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor until a new service is ready; then it is stopped."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MMGT_", "OMP_"))}
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryFile() as log:
        command = [str(checkout / ".venv/bin/mmgt"), "serve", "--port", "0", "--data", data]
        begun_s = monotonic()
        service = subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=log)
        assert service.stdout is not None
        line = service.stdout.readline()
        ready_s, used_s = monotonic() - begun_s, processor_s(service.pid)
        service.send_signal(signal.SIGTERM)
        service.wait()
        if not line.startswith(b"ready "):
            log.seek(0)
            sys.exit(log.read().decode()[-4000:])
    return ready_s, used_s


def processor_s(root: int) -> float:
    """Processor seconds so far of a process, of all below it, and of those among them that have ended."""
    parents, seconds = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        process = int(entry.parent.name)
        parents[process] = int(fields[1])
        seconds[process] = sum(map(int, fields[11:15])) / TICKS_PER_S
    tree = {root}
    while more := {process for process, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return sum(seconds[process] for process in tree if process in seconds)


def main() -> None:
    other, pairs = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    runs = [(started(other), started(ROOT)) for _ in range(pairs)]
    found: dict[str, object] = {"pairs": pairs}
    for index, measure in enumerate(MEASURES):
        before, now = (statistics.median(pair[side][index] for pair in runs) for side in (0, 1))
        each = [[round(pair[side][index], 2) for side in (0, 1)] for pair in runs]
        found[measure] = {
            "other": round(before, 2), "own": round(now, 2), "ratio": round(now / before, 3), "runs": each,
        }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
