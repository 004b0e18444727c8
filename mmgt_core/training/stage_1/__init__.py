"""Stage 1 learns: from speech to poses."""
