"""The command line and what is needed to run the whole house on one machine."""
