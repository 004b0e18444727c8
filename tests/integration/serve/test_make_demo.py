"""What `make demo` runs, as the Makefile has it, with the real method on less speech; its video's mark is trusted."""

import json
import os
import shlex
import subprocess
import sys
import wave
from pathlib import Path

ROOT = Path(__file__).parents[3]
MMGT = (sys.executable, "-m", "deploy")
FROM_S, SPEECH_S = 0.6, 0.6  # it begins with a pause


def recipe() -> list[str]:
    """The last command of the target, its words."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # in `make test`
    make = ["make", "-n", "demo"]
    shown = subprocess.run(make, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    return shlex.split(shown.replace("\\\n", " ").splitlines()[-1])


def shortened(path: Path, to: Path) -> Path:
    with wave.open(str(path)) as whole, wave.open(str(to), "wb") as part:
        part.setparams(whole.getparams())
        whole.setpos(int(whole.getframerate() * FROM_S))
        part.writeframes(whole.readframes(int(whole.getframerate() * SPEECH_S)))
    return to


def test_the_demo_ends_with_a_video_whose_mark_is_trusted(tmp_path: Path) -> None:
    program, *words = recipe()
    assert program.endswith("/mmgt")
    speech = next(word for word in words if word.endswith(".wav"))
    short = str(shortened(ROOT / speech, tmp_path / "short.wav"))
    words = [short if word == speech else word.replace("out/", f"{tmp_path}/out/") for word in words]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "home")}

    demo = subprocess.run([*MMGT, *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert demo.returncode == 0, demo.stderr[-3000:]
    written = [Path(line) for line in demo.stdout.splitlines()]
    verdict = subprocess.run(
        [*MMGT, "verify", str(written[0])], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert [path.suffix for path in written] == [".mp4", ".mp4", ".mp4", ".json"]
    assert all(path.is_file() for path in written)
    assert verdict.returncode == 0, verdict.stdout
    assert json.loads(verdict.stdout)["is_trusted"]
