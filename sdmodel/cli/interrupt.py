"""Ctrl-C: one press ends the command, whatever Python was about when it came.

Python raises KeyboardInterrupt wherever the main thread happens to be, and there it can
be lost: in a callback of a weak reference, in ``__del__``, in a callback from C, under
a library's ``except BaseException``, an exception is printed or dropped and the work
goes on. So what is raised here is watched: if it is gone before it has arrived at the
end of the command, it is raised once more, until it arrives. While a file or folder is
being put in its place it waits until that is done.
"""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED = 130
"""The exit code."""
SENTENCE = "interrupted; nothing half-done was kept"
PAUSE = 0.05
"""Seconds between two looks at whether an interrupt is still on its way."""

WHOLE = frozenset(
    {__name__, "sdmodel.study.files", "sdmodel.study.lock", "tempfile", "shutil"}
)
"""Modules whose short steps are not cut in two: what they do to files, and our own."""

LEAVING = contextlib._GeneratorContextManager.__exit__.__code__
"""What runs between the end of a ``with`` and its clearing up."""


class Interrupt(KeyboardInterrupt):
    """A press of Ctrl-C on its way through the program; it can be watched."""


class CtrlC:
    """The state of Ctrl-C during one command.

    Attributes
    ----------
    pressed
        Whether it has been pressed, be it when all was done.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._over = False
        self._watched = False
        self._again = False
        self._gone: list[Any] | None = None  # filled once what was raised is no more
        self._flying: weakref.ref[Interrupt] | None = None
        self._deciding = threading.Lock()
        self._shown = sys.unraisablehook

    def arrived(self) -> bool:
        """Raise it no more: the command has come to its end. Return `pressed`."""
        with self._deciding:
            self._over = True
        return self.pressed

    def press(self, number: int, frame: FrameType | None) -> None:
        """Take the signal: raise it here, or as soon as it cannot be in the way."""
        again, self._again = self._again, False
        if again and (self._over or self._is_flying()):
            return
        self.pressed = True
        if self._over:
            return
        if not self._watched:
            self._watched = True
            # Not a Thread, whose start takes locks that the main thread may hold.
            with contextlib.suppress(RuntimeError):
                _thread.start_new_thread(self._watch, (number,))
        if _is_whole(frame):
            return
        # No name for it here: the traceback holds this frame, which would hold it.
        raise self._watchable()

    def unraisable(self, lost: sys.UnraisableHookArgs) -> None:
        """Say nothing of a lost interrupt, which is raised again."""
        if not (self.pressed and issubclass(lost.exc_type, KeyboardInterrupt)):
            self._shown(lost)

    def _watchable(self) -> Interrupt:
        """Return what to raise; when it is gone, `_gone` is no more empty."""
        interrupt = Interrupt()
        self._gone = []
        # A method of C is called, so that no other press can be lost there.
        self._flying = weakref.ref(interrupt, self._gone.append)
        return interrupt

    def _is_flying(self) -> bool:
        return self._gone is not None and not self._gone

    def _watch(self, number: int) -> None:
        """Press again while what was raised is gone and has not arrived."""
        while True:
            time.sleep(PAUSE)
            with self._deciding:
                if self._over:
                    return
                if not self._is_flying():
                    self._again = True
                    _wake(number)


def _is_whole(frame: FrameType | None) -> bool:
    """Say whether a step is being done that must not be cut in two."""
    while frame is not None:
        if frame.f_code is LEAVING or frame.f_globals.get("__name__") in WHOLE:
            return True
        frame = frame.f_back
    return False


def _wake(number: int) -> None:
    """Have the signal handled by the main thread, even where that waits."""
    if sys.platform == "win32":
        _thread.interrupt_main(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)


_now: CtrlC | None = None


@contextlib.contextmanager
def listening() -> Iterator[CtrlC]:
    """Take Ctrl-C as above, where nobody else has a way of their own of taking it.

    Within another `listening`, that one's state is given.
    """
    global _now
    if _now is not None or not _is_pythons_own():
        yield _now or CtrlC()
        return
    _now = CtrlC()
    shown, sys.unraisablehook = sys.unraisablehook, _now.unraisable
    signal.signal(signal.SIGINT, _now.press)
    try:
        yield _now
    finally:
        _now.arrived()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = shown
        _now = None


def _is_pythons_own() -> bool:
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
