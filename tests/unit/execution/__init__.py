"""Execution on a GPU, as far as it can be proved without one."""
