"""One writer to a folder at a time, in this process, this machine or a shared disk.

The operating system holds the lock and lets it go when its process ends, however that
ends: a lock of a dead process, or of a machine that was switched off, is none. The lock
file stands beside the folder, which is itself replaced as a whole, and tells who holds
it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from sdmodel.errors import HostError, UsageError
from sdmodel.study.files import ensure_folder, host_error, remove_if_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger("sdmodel")

_held: dict[Path, int] = {}
"""Which thread of this process holds which folder."""

_FAR = 1 << 30
"""Windows locks bytes, which nobody else may then read: one beyond the text."""

_BUSY = (errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.EWOULDBLOCK)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the right to write ``folder``; whoever asks meanwhile is refused at once.

    A thread may ask again for what it holds.

    Raises
    ------
    HostError
        If somebody else holds it, saying which process; or if the place beside the
        folder cannot be written.
    UsageError
        If it is the root of a disk, beside which nothing can stand.
    """
    true = folder.resolve()
    if not true.name:
        msg = f"{folder}: the root of a disk cannot hold results; name a folder in it"
        raise UsageError(msg)
    me = threading.get_ident()
    if _held.get(true) == me:
        yield
        return
    made = ensure_folder(true.parent)
    try:
        handle = _acquire(folder, true.with_name(f".{true.name}.lock"))
        _held[true] = me
        try:
            yield
        finally:
            del _held[true]
            _release(handle, true.with_name(f".{true.name}.lock"))
    finally:
        remove_if_empty(made)


def _acquire(folder: Path, path: Path) -> int:
    """Return the open lock file, held and signed."""
    for patience in range(20, -1, -1):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                # Who held it before may have removed the file since we opened it.
                if _take(handle) and _same(handle, path):
                    _sign(handle)
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
        except OSError as error:
            raise host_error(error, folder) from error
        holder = _holder(path)
        if holder or not patience:
            break
        time.sleep(0.02)  # it is being signed, or has just been let go
    raise HostError(
        f"{folder}: in use: {holder or 'another process'} is writing here; wait until "
        "it has ended, or name another folder with --out"
    )


def _release(handle: int, path: Path) -> None:
    """Remove the file while it is still ours; Windows wants it closed first."""
    if sys.platform == "win32":
        os.close(handle)
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - apart from what a full disk may fail
        return
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - apart from what a full disk may fail
    os.close(handle)


def _take(handle: int) -> bool:
    """Lock an open file; False if somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            _log.warning("This disk knows no locks: let no two processes write here.")
            return True
        if error.errno in _BUSY:
            return False
        raise
    return True


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116 - as fstat
    except FileNotFoundError:
        return False


def _sign(handle: int) -> None:
    holder = {"pid": os.getpid(), "host": socket.gethostname()}
    text = json.dumps(holder | {"since": time.strftime("%Y-%m-%d %H:%M:%S")})
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, text.encode())


def _holder(path: Path) -> str:
    """Return who signed a lock file, in words; nothing if nobody has, or it is gone."""
    try:
        signed = json.loads(path.read_text("utf-8"))
        who = f"process {signed['pid']}"
        if signed["host"] != socket.gethostname():
            who += f" on {signed['host']}"
        return f"{who}, since {signed['since']},"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
