"""The studio: the page at `/`. Its TypeScript is bundled into `built/`; here it is read and given out."""
