"""Run the command line with ``python -m triage``."""

from triage.cli.main import main

main()
