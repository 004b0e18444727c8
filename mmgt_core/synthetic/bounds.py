"""Which seeds were never trained on, and how long a clip may be asked to be: what commands know before they draw."""

FIRST_HELD_OUT_SEED = 900_000
"""From here on seeds are never trained on: voices, parts of sentences and generators of their own."""

SHORTEST_S, LONGEST_S = 1.0, 600.0
"""Of a clip whose length is asked for."""
