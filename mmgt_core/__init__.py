"""The method: stage 1 (SMGA), motion masks, stage 2. No service, no environment, no network but downloads."""
