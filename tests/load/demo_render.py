"""How long `make demo`'s render takes, beside another checkout: `python -m tests.load.demo_render OTHER [PAIRS]`.

Not a test: it measures, and prints one JSON object. Each pair renders in the other checkout, then in this one, by a
service of its own as `make demo` starts it; both need their `.venv`. What is compared is told by the job's manifest:
`pipeline_seconds`, from the first decoded input to the last written frame, and the seconds of each stage. Stages may
overlap, so that they may come to more than the whole. Target beside 8713862: half.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTRAIT, SPEECH = ROOT / "samples" / "presenters" / "man.png", ROOT / "samples" / "presenters" / "man.wav"
WHOLE = "pipeline_seconds"


def render(checkout: Path) -> dict[str, float]:
    """Seconds of one job, the whole and by stage."""
    with tempfile.TemporaryDirectory() as folder:
        command = [checkout / ".venv/bin/mmgt", "submit", "--start", f"{folder}/service", "--image", PORTRAIT]
        command += ["--audio", SPEECH, "--field", "model=mmgt-demo", "--field", "seed=42"]
        command += ["--save", "pose,masks,manifest", "--out", f"{folder}/demo.mp4"]
        subprocess.run(command, cwd=checkout, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        manifest = json.loads(Path(folder, "demo.manifest.json").read_text())
    return {WHOLE: manifest[WHOLE], **manifest["stage_seconds"]}


def main() -> None:
    other, num_pairs = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    pairs = [(render(other), render(ROOT)) for _ in range(num_pairs)]
    told: dict[str, object] = {"pairs": num_pairs}
    for name in pairs[0][0]:
        before, now = (statistics.median(pair[side][name] for pair in pairs) for side in (0, 1))
        told[name] = {"other_s": round(before, 2), "own_s": round(now, 2), "times_faster": round(before / now, 2)}
    told["times_faster_by_pair"] = [round(before[WHOLE] / now[WHOLE], 2) for before, now in pairs]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
