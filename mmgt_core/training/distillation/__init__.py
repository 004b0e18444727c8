"""A student of few steps learns from lessons that its teacher drew."""
