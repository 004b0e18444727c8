#!/usr/bin/env bash
# Guess: sound in Ogg whose clock begins at an hour (a stream that was joined late) is stamped from an hour throughout, for every codec.
# Seen (PyAV 18.1.0 with its own FFmpeg, 2026-11-29): Opus is. FLAC's first page is stamped from 0 and the rest from an hour on:
# three seconds of sound with a hole of an hour in it, written and read by the same library.
# Follows: take a gap between two blocks for a hole in the clock, not for silence, when it is longer than any recording may be.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cd "$folder" && venv/bin/python - <<'PYTHON'
from fractions import Fraction

import av
import numpy as np

RATE, SECONDS, START_S = 48000, 3, 3600
BLOCKS = {"libopus": 960, "flac": 4608}


def times(codec: str) -> list[float]:
    """The time that each decoded frame states."""
    with av.open(f"{codec}.ogg", "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        block = BLOCKS[codec]
        for k in range(RATE * SECONDS // block):
            tone = np.sin(2 * np.pi * 440 * (np.arange(block) + k * block) / RATE) * 8000
            frame = av.AudioFrame.from_ndarray(tone.astype("i2").reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, START_S * RATE + k * block, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(f"{codec}.ogg") as container:
        return [float(frame.time) for frame in container.decode(audio=0)]


def largest_step_s(codec: str) -> float:
    """The longest time between two frames."""
    return round(float(np.max(np.diff(times(codec)))), 1)


seen = {codec: (round(times(codec)[0]), largest_step_s(codec)) for codec in BLOCKS}
for codec, (start, step) in seen.items():
    print(f"{codec}: first frame at {start} s, longest step between two frames {step} s")
flac_start, flac_step = seen["flac"]
raise SystemExit(not (seen["libopus"][0] == START_S and seen["libopus"][1] < 1 and flac_start == 0 and flac_step > 3000))
PYTHON
