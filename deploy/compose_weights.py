"""The weights of a compose installation: fetched and converted once, after the operator accepted their licences."""

import logging
import os
import sys
from pathlib import Path

from mmgt_core import cli
from mmgt_core.checkpoints.folders import holds_converted_weights, preset_folder
from mmgt_core.config import PRESETS

logger = logging.getLogger(__name__)

_PRESET = "mmgt-512"


def main(weights: Path) -> None:
    """Leave `weights` with the published preset, or say why not; a worker without it serves the small one."""
    if holds_converted_weights(preset_folder(weights, PRESETS[_PRESET])):
        logger.info("weights_present preset=%s", _PRESET)
        return
    if os.environ.get("MMGT_ACCEPT_LICENCES") != "true":
        logger.warning("weights_not_fetched: read docs/checkpoints.md, then set MMGT_ACCEPT_LICENCES=true")
        return
    for command in (("pull", "--yes"), ("convert",)):
        if status := _status_of(["weights", *command, "--weights", str(weights)]):
            # No failure of the container: the worker waits for its end, and can serve the small preset meanwhile.
            logger.error("weights_not_ready: `weights %s` ended with %s; `up -d` tries again", command[0], status)
            return


def _status_of(arguments: list[str]) -> object:
    try:
        cli.run(arguments)
    except SystemExit as end:
        return end.code
    return None


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(Path(sys.argv[1]))
