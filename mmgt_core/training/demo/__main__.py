"""`python -m mmgt_core.training.demo FOLDER [STEP …]`."""

import logging
import sys

from mmgt_core.errors import MMGTError
from mmgt_core.training.demo.steps import main

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        main(sys.argv[1:])
    except MMGTError as error:
        sys.exit(f"mmgt: {error}")
