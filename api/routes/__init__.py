"""The routes: each reads, delegates and returns."""
