"""The command ``sdmodel``, which is also ``python -m sdmodel``."""

import contextlib
import os
import sys
from typing import NoReturn

from sdmodel.cli.interrupt import INTERRUPTED, SENTENCE, listening


def program() -> NoReturn:
    """Run the command line in a process of its own, which ends with it."""
    with listening() as ctrl_c:
        try:
            # Only now, so that Ctrl-C may come while it is being imported.
            from sdmodel.cli.main import main

            code = main()
        except KeyboardInterrupt:
            ctrl_c.arrived()
            sys.stderr.write(f"\nsdmodel: {SENTENCE}\n")
            code = INTERRUPTED
        if code == INTERRUPTED:
            # Whatever threads are still computing: nobody waits for it.
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    program()
