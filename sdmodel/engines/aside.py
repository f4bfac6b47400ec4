"""Long native work in another thread: the main thread can take Ctrl-C meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Given = ParamSpec("Given")
Found = TypeVar("Found")


def aside(
    work: Callable[Given, Found], *args: Given.args, **named: Given.kwargs
) -> Found:
    """Return what ``work`` returns, done in a thread of its own.

    Whoever is interrupted waiting for it does not wait for it to end.
    """
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work, *args, **named).result()
    finally:
        pool.shutdown(wait=False)
