"""Captions: what is said gets times, word by word; words become cues, and cues a WebVTT file and a film's track."""
