"""The procedural presenter: speech with known motion, for proof of training, tests and the demo weights."""
