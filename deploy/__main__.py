"""`python -m deploy`: the `mmgt` command, where no script is installed."""

from deploy.cli import main

main()
