"""How networks run on a device: which attention kernel, compiled or not. What is right there is found by measuring."""
