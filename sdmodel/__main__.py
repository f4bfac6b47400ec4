"""The command ``sdmodel``, which is also ``python -m sdmodel``."""

import contextlib
import os
import signal
import sys
from typing import NoReturn

from sdmodel.cli.interrupt import INTERRUPTED, SENTENCE, listening


def program() -> NoReturn:
    """Run the command line in a process of its own, which ends with it."""
    with listening() as ctrl_c:
        code = 0
        try:
            # Only now, so that Ctrl-C may come while it is being imported.
            from sdmodel.cli.main import main

            code = main()
        except KeyboardInterrupt:
            pass
        if ctrl_c.arrived() and code != INTERRUPTED:
            sys.stderr.write(f"\nsdmodel: {SENTENCE}\n")
        if ctrl_c.pressed or code == INTERRUPTED:
            # Whatever threads are still computing: nobody waits for it.
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(INTERRUPTED)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Nothing is left that could be half-done: Ctrl-C ends Python at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


if __name__ == "__main__":
    program()
