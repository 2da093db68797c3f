"""Run the command with ``python -m groupsolver``."""

import sys

from groupsolver.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
