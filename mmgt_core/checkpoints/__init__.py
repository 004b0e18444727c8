"""Published weights: names, layouts, download, conversion, strict loading."""
