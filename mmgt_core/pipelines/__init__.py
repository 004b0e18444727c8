"""The two stages put together."""
