#!/usr/bin/env bash
# Guess: numba caches what librosa compiles, so that only the first import of `librosa.beat` on a machine is slow.
# Seen (librosa 0.11.0, numba 0.68.1, 2026-11-30): every import of it compiles anew, some seconds of the processor: of its compiled
# functions one, the beat tracker's local score, is the only one declared without a cache. `librosa.onset` does not.
# Follows: a program that starts often does not import `librosa.beat` for a tempo.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check librosa==0.11.0 numba==0.68.1 numpy==2.4.6
export NUMBA_CACHE_DIR="$folder/cache"
measure='
import sys, time
import librosa.onset, librosa.feature, scipy.signal, numpy
librosa.onset.onset_strength(y=numpy.sin(numpy.arange(22050.0)), sr=22050)
began = time.process_time()
import librosa.beat
print(round(time.process_time() - began, 2))'
for run in 1 2 3; do
  took=$("$folder/venv/bin/python" -W ignore -c "$measure")
  echo "import $run of librosa.beat, everything below it imported before: $took s of the processor"
done
# The third import has every cache that there will ever be.
"$folder/venv/bin/python" -c "raise SystemExit($took < 0.7)"
