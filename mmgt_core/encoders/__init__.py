"""The two frozen networks that read pictures: between pixels and latents, and from the portrait to one token."""
