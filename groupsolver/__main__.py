"""``python -m groupsolver``."""

import sys

from groupsolver.cli.main import main

sys.exit(main())
