#!/usr/bin/env bash
# Guess: libswresample's downmix has one level; the sample format that one asks for only rounds it.
# Seen (PyAV 18.1.0 with its own FFmpeg, 2026-11-29): with floats the standard coefficients are used as they are; with whole
# numbers all of them are scaled down so that no sum could ever clip. Speech in the centre of 5.1 is heard at full level in float
# mono and 10.67 dB below it in 16 or 32 bits; one channel of stereo loses 3.01 dB or 6.02 dB. What the input was counts for nothing.
# Follows: downmix in floats, then make whole numbers.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import av
import numpy as np

RATE = 16000
SCALE = {"s16": 2.0**15, "s32": 2.0**31, "flt": 1.0}
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE) / 4


def lost_db(layout: str, channel: int, given: str, wanted: str) -> float:
    """How much quieter a tone in one channel is in mono."""
    samples = np.zeros((RATE, av.AudioLayout(layout).nb_channels))
    samples[:, channel] = TONE * SCALE[given]
    kind = {"s16": "i2", "flt": "f4"}[given]
    frame = av.AudioFrame.from_ndarray(samples.astype(kind).reshape(1, -1), format=given, layout=layout)
    frame.sample_rate = RATE
    resampler = av.AudioResampler(format=wanted, layout="mono", rate=RATE)
    mono = np.concatenate([each.to_ndarray().ravel() for each in resampler.resample(frame)]) / SCALE[wanted]
    return float(20 * np.log10(np.sqrt(np.mean(mono**2) / np.mean(TONE**2))))


expected = {
    ("5.1", 2, "flt", "flt"): 0.0, ("5.1", 2, "s16", "flt"): 0.0,
    ("5.1", 2, "flt", "s16"): -10.67, ("5.1", 2, "s16", "s16"): -10.67, ("5.1", 2, "flt", "s32"): -10.67,
    ("stereo", 0, "flt", "flt"): -3.01, ("stereo", 0, "s16", "s16"): -6.02,
}
seen = {case: round(lost_db(*case), 2) for case in expected}
for (layout, channel, given, wanted), level in seen.items():
    print(f"{layout} channel {channel}, {given} in, mono {wanted} out: {level:+.2f} dB")
raise SystemExit(any(abs(seen[case] - expected[case]) > 0.05 for case in expected))
PYTHON
