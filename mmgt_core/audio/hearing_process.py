"""The process behind `HeardBeside`: answers each recording with its hand-made features until the other side is gone."""

import sys
from multiprocessing.connection import Connection

from mmgt_core.audio.baseline import baseline_features


def main(descriptor: int) -> None:
    """Args: descriptor: of an inherited end of a pipe."""
    with Connection(descriptor) as asked:
        while True:
            try:
                samples, sample_rate_hz = asked.recv()
            except EOFError:
                return
            asked.send(baseline_features(samples, sample_rate_hz))


if __name__ == "__main__":
    main(int(sys.argv[1]))
