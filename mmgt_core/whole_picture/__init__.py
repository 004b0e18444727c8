"""The rendered square back in its place in the whole photograph."""
