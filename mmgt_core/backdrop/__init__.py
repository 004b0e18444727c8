"""Something else behind the person than what the photograph has there."""
