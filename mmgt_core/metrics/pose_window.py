"""How long a window of poses is that the pose autoencoder looks at: 34 frames, 1.4 s (paper §IV-A)."""

WINDOW_FRAMES = 34
