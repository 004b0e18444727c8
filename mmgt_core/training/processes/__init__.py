"""From a configuration and a folder to a process and its data."""
