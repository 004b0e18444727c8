"""Procedural presenters as training data, and the networks that only they need."""
