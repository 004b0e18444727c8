#!/usr/bin/env bash
# Guess: a planar audio frame has as many planes as channels, and an array of (channels, samples) makes one, for 7.1 as for 5.1.
# Seen (PyAV 18.1.0, 2026-11-29): up to seven channels so. With eight, `len(frame.planes)` says nine and `AudioFrame.from_ndarray`
# raises IndexError. Interleaved frames of eight channels are right. AAC and Opus decode to planar floats, so 7.1 from them meets it.
# Follows: resample to an interleaved format before arrays are made of it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import av
import numpy as np

SAMPLES = 100


def made(layout: str, format: str, shape: tuple[int, int]) -> str:
    try:
        frame = av.AudioFrame.from_ndarray(np.zeros(shape, "f4"), format=format, layout=layout)
    except IndexError as error:
        return type(error).__name__
    return f"{frame.layout.nb_channels} channels"


seen = {}
for layout in ("5.1", "6.1", "7.1"):
    channels = av.AudioLayout(layout).nb_channels
    planes = len(av.AudioFrame(format="fltp", layout=layout, samples=SAMPLES).planes)
    planar = made(layout, "fltp", (channels, SAMPLES))
    interleaved = made(layout, "flt", (1, channels * SAMPLES))
    seen[layout] = (planes, planar, interleaved)
    print(f"{layout}: {channels} channels, {planes} planes; of a planar array: {planar}; of an interleaved one: {interleaved}")
expected = {
    "5.1": (6, "6 channels", "6 channels"), "6.1": (7, "7 channels", "7 channels"), "7.1": (9, "IndexError", "8 channels"),
}
raise SystemExit(seen != expected)
PYTHON
