"""Videos of people speaking become windows to learn from (`mmgt data prepare`)."""
