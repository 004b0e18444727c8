"""Stage 1: the SMGA network and its diffusion."""
