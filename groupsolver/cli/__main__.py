"""``python -m groupsolver.cli``."""

import sys

from groupsolver.cli import main

sys.exit(main())
