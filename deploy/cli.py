"""`mmgt`: the method's commands; those of the service will join them here."""

from mmgt_core.cli import run


def main() -> None:
    """Entry point of the `mmgt` command."""
    run()
