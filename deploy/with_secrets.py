"""Run a command with the values of a file in its environment: `python -m deploy.with_secrets FILE COMMAND …`.

So a secret stands in no compose file, image or process list.
"""

import os
import sys
from pathlib import Path


def read_environment(path: Path) -> dict[str, str]:
    """Read lines of NAME=VALUE."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


if __name__ == "__main__":
    os.environ.update(read_environment(Path(sys.argv[1])))
    os.execvp(sys.argv[2], sys.argv[2:])
