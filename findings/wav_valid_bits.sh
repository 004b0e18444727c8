#!/usr/bin/env bash
# Guess: a WAV whose samples are 32 bits wide and say how many of them are valid (WAVE_FORMAT_EXTENSIBLE: 16, 20, 24) is read
# as 32-bit samples with zeros below, which is what such a file holds.
# Seen (PyAV 18.1.0 with its own FFmpeg, 2026-11-29): the decoder is chosen by the valid bits alone. 20 in 32 is read as 24-bit, 16 in
# 32 as 16-bit samples: 1.33 and 2 times as long, and noise; 24 in 32 as an old float format. No error. 24 in 24 is right.
# Follows: write the width into the valid bits before FFmpeg sees the header.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cd "$folder" && venv/bin/python - <<'PYTHON'
import struct

import av
import numpy as np

RATE, SECONDS = 16000, 1
PCM = bytes.fromhex("0100000000001000800000aa00389b71")


def wav(width: int, valid: int) -> bytes:
    """One second of a tone; valid bits at the top of each sample, zeros below, as the format wants."""
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE * SECONDS) / RATE) * (2.0 ** (valid - 1) - 1) / 2
    samples = np.round(tone).astype("<i8") << (width - valid)
    body = samples.view("u1").reshape(-1, 8)[:, : width // 8].tobytes()
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, RATE * width // 8, width // 8, width, 22, valid, 4) + PCM
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def read(width: int, valid: int) -> tuple[str, float]:
    """The decoder that was chosen, and the seconds that came out of it."""
    name = f"{valid}_in_{width}.wav"
    with open(name, "wb") as file:
        file.write(wav(width, valid))
    with av.open(name) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return container.streams.audio[0].codec_context.name, round(samples / RATE, 2)


expected = {
    (24, 24): ("pcm_s24le", 1.0), (32, 32): ("pcm_s32le", 1.0), (32, 24): ("pcm_f24le", 1.0),
    (32, 20): ("pcm_s24le", 1.33), (32, 16): ("pcm_s16le", 2.0),
}
seen = {case: read(*case) for case in expected}
for (width, valid), (codec, seconds) in seen.items():
    print(f"{valid} valid bits in {width}: read as {codec}, {seconds} s of {SECONDS}")
raise SystemExit(seen != expected)
PYTHON
