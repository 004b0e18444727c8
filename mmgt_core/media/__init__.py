"""Input media in, video out: bounded decoding and the MP4 writer."""
