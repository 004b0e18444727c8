"""`python -m api`: the HTTP face, with host, port and all else from the environment."""

import sys

from api.server import main

if __name__ == "__main__":
    sys.exit(main())
