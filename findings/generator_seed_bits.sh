#!/usr/bin/env bash
# Guess: torch's CPU generator takes a seed of 64 bits, as its argument, its `initial_seed()` and the GPU's generator do.
# Seen (torch 2.13.0, 2026-11-30): only the low 32 bits count. Seeds that differ by a multiple of 2**32 draw the same numbers, while
# `initial_seed()` tells them apart. numpy's default generator uses all bits.
# Follows: noise that is drawn on the CPU, so that a seed means the same everywhere, has 2**32 different videos and no more.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.3.5
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import torch

seeds = (42, 42 + 2**32, 42 + 5 * 2**32, 42 + 2**31)
generators = [torch.Generator().manual_seed(seed) for seed in seeds]
drawn = [torch.randn(4, generator=generator) for generator in generators]
alike = [torch.equal(drawn[0], other) for other in drawn]
told = [generator.initial_seed() == seed for generator, seed in zip(generators, seeds)]
numpys = [np.array_equal(np.random.default_rng(42).random(4), np.random.default_rng(seed).random(4)) for seed in seeds]
for seed, is_alike, is_told, is_numpys in zip(seeds, alike, told, numpys):
    print(f"seed {seed}: torch as 42: {is_alike}; initial_seed() says it: {is_told}; numpy as 42: {is_numpys}")
raise SystemExit(alike != [True, True, True, False] or not all(told) or numpys != [True, False, False, False])
PYTHON
