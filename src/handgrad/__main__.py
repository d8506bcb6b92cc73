"""`python -m handgrad` is the command line."""

import sys

from handgrad.command import main

sys.exit(main())
