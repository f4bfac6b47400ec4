"""A second thread for work that would leave processors idle beside the first."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Given = ParamSpec("Given")
Found = TypeVar("Found")


class _StopError(Exception):
    """Ends the thread where the caller's own work has failed."""


class Beside:
    """One thread beside the caller's, which does what it is given in that order.

    Compiled runs and compiling leave Python free for it. Where either fails the other
    stops at its next word of progress.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._given: list[Future[object]] = []
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Wait for the thread; where the caller's work has failed, stop it.

        Whoever presses Ctrl-C does not wait for it to stop.
        """
        if kind is not None:
            self._stopped.set()
        pressed = kind is not None and issubclass(kind, KeyboardInterrupt)
        self._pool.shutdown(wait=not pressed, cancel_futures=kind is not None)

    def do(
        self,
        work: Callable[Given, Found],
        *args: Given.args,
        **named: Given.kwargs,
    ) -> Future[Found]:
        """Give work to the thread."""
        future = self._pool.submit(work, *args, **named)
        self._given.append(future)  # type: ignore[arg-type]  # only looked at
        return future

    def progress(self, done: int, total: int) -> None:
        """Take the thread's word of progress: end it where the caller has failed."""
        del done, total
        if self._stopped.is_set():
            raise _StopError

    def check(self) -> None:
        """Raise what has failed in the thread."""
        for future in self._given:
            if future.done():
                future.result()
