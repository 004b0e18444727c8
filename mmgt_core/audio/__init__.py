"""Speech features for both stages."""
