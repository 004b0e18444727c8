"""What a file is by its first bytes: for the HTTP face and the decoders alike, who may not know each other."""
