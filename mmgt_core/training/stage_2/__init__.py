"""Stage 2 learns: from poses and speech to frames."""
