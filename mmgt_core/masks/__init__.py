"""Motion masks (paper Algorithm 1)."""
