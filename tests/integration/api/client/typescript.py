"""Where the TypeScript client is, and npm there."""

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parents[4] / "clients" / "typescript"
ENDS_WITHIN_S = 120.0


def npm(*words: str) -> str:
    done = subprocess.run(
        ["npm", "--silent", *words], cwd=PACKAGE, capture_output=True, text=True, timeout=ENDS_WITHIN_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
