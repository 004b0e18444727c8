"""The golden-vector runner behind `mmgt parity`."""
