"""The method's commands that train, measure and draw; `mmgt_core.cli` mounts them."""
