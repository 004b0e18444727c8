"""Metrics: how good a video or a pose sequence is, against others (paper §IV)."""
