"""What ends the frames of a small preset: lost details put back, then rest where nothing moves."""
