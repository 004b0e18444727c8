"""Stage 2: the video UNet and the networks that condition it."""
