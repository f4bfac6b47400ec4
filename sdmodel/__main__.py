"""``python -m sdmodel`` is the command ``sdmodel``."""

import sys

from sdmodel.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
