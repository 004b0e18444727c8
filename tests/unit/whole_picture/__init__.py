"""Tests of the square in the whole photograph."""
