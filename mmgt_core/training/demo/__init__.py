"""Every training of the small preset in order, and its weights."""
