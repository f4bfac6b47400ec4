"""Reading text strictly and writing so that nothing half-done is ever left behind."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from sdmodel.errors import CONTROL, HostError, SdmodelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_TEXT = 4_000_000
"""Bytes of the largest scenario, study or table file that is read."""


Stamp = tuple[int, int, int] | None
"""What tells one state of a file from another; None where there is no file."""


def stamp(path: Path) -> Stamp:
    """Return the time of the last change, the size and the number of a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_text(path: Path, problem: type[SdmodelError], what: str) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Parameters
    ----------
    path
        The file.
    problem
        Class of the error to raise.
    what
        What the file is called in the message, such as "scenario".

    Raises
    ------
    SdmodelError
        Of class ``problem`` if it is missing, empty, binary, too large, not UTF-8
        or holds control characters;
        ``HostError`` if there is no right to read it.
    """
    if path.is_dir():
        msg = f"{path}: this is a folder; a {what} is a file"
        raise problem(msg)
    if not path.is_file():
        msg = f"{path}: no such {what} file"
        raise problem(msg)
    try:
        size = path.stat().st_size
        if size > LARGEST_TEXT:
            msg = f"{path}: {size} bytes; a {what} has at most {LARGEST_TEXT}"
            raise problem(msg)
        data = path.read_bytes()
    except OSError as error:
        raise host_error(error, path, "read") from error
    return decode(data, path, problem, what)


def decode(data: bytes, path: Path, problem: type[SdmodelError], what: str) -> str:
    """Return the bytes of ``path`` as text; see `read_text`."""
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        msg = f"{path}: this {what} file is empty"
        raise problem(msg)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        msg = f"{path}: encoded in UTF-16; save the {what} as UTF-8"
        raise problem(msg)
    if b"\0" in data:
        msg = f"{path}: this is a binary file, not the text of a {what}"
        raise problem(msg)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = (
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8; "
            f"save the {what} as UTF-8"
        )
        raise problem(msg) from error
    if found := CONTROL.search(text.replace("\r", "")):
        line = text.count("\n", 0, text.index(found[0])) + 1
        msg = (
            f"{path}, line {line}: holds a control character, "
            f"\\x{ord(found[0]):02x}, which a terminal would obey; remove it"
        )
        raise problem(msg)
    return text


def host_error(error: OSError, path: Path, verb: str = "write") -> HostError:
    """Return the sentence that tells an operating system's refusal to a reader."""
    code = error.errno
    if code in (errno.ENOSPC, errno.EDQUOT):
        return HostError(
            f"{path}: the disk is full; nothing was kept of it; "
            "make room or choose another place"
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HostError(
            f"{path}: no right to {verb} here; choose another place or ask its owner"
        )
    if code == errno.EFBIG:
        return HostError(f"{path}: the file would grow larger than allowed here")
    if code in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return HostError(
            f"{path}: cannot {verb}: a file stands where a folder is needed, "
            "or the other way round"
        )
    reason = (error.strerror or str(error) or "unknown reason").lower()
    return HostError(f"{path}: cannot {verb}: {reason}")


def beside(path: Path) -> Path:
    """Return a name in the same folder that nobody else uses."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; on leaving it takes the name ``path``.

    Whatever goes wrong, Ctrl-C included, leaves the old file (or none) in place.

    Raises
    ------
    HostError
        If the disk is full or the place cannot be written.
    """
    if path.is_symlink():
        path = path.resolve()
    if path.exists() and not path.is_file():
        msg = f"{path}: this is no ordinary file; choose another name"
        raise HostError(msg)
    made = ensure_folder(path.parent)
    temporary = beside(path)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    except OSError as error:
        raise host_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        remove_if_empty(made)


def sync(path: Path) -> None:
    """Have a file on the disk itself, so that a power cut cannot empty it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def write_file(path: Path, data: bytes) -> None:
    """Write a whole file at once, or nothing; a device such as a pipe gets the bytes.

    Raises
    ------
    HostError
        If the disk is full or the place cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        try:
            with path.open("wb") as device:
                device.write(data)
        except OSError as error:
            raise host_error(error, path) from error
        return
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; on leaving it takes the place of ``path``.

    An older folder of that name goes only after the new one is complete.
    """
    # A link keeps pointing where it did; what it points to is replaced.
    path = path.resolve()
    made = ensure_folder(path.parent)
    temporary, old = beside(path), beside(path)
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.rename(old)
            try:
                temporary.rename(path)
            except BaseException:
                old.rename(path)
                raise
        else:
            temporary.rename(path)
    except OSError as error:
        raise host_error(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        remove_if_empty(made)


def leftovers(path: Path) -> tuple[Path, ...]:
    """Return what processes that were killed left beside ``path``, the newest first.

    Only who holds the lock of ``path`` may ask: nobody else is then writing it.
    """
    found = path.parent.glob(f".{glob.escape(path.name)}.*-*.part")
    return tuple(sorted(found, key=lambda item: item.stat().st_mtime, reverse=True))


def ensure_folder(folder: Path) -> tuple[Path, ...]:
    """Make a folder and return those that were made, deepest first.

    Raises
    ------
    HostError
        If it cannot be made.
    """
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise host_error(error, folder) from error
    return tuple(missing)


def remove_if_empty(folders: tuple[Path, ...]) -> None:
    """Remove the folders that `ensure_folder` made, where nothing was put in them."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def check_writable(path: Path, *, folder: bool) -> None:
    """Try, before any work is done, whether ``path`` could be written; leave no trace.

    Parameters
    ----------
    path
        The file or folder that is to come.
    folder
        Whether it is to be a folder.

    Raises
    ------
    UsageError
        If it is a folder and a file is wanted.
    HostError
        If a file stands where a folder is wanted, or the place is full or not writable.
    """
    if path.is_symlink() and not path.exists():
        msg = f"{path}: this link leads nowhere; remove it or choose another place"
        raise HostError(msg)
    if folder and path.exists() and not path.is_dir():
        msg = f"{path}: this is a file; a folder is needed here"
        raise HostError(msg)
    if not folder and path.is_dir():
        msg = f"{path}: this is a folder; the name of a file is needed here"
        raise UsageError(msg)
    if path.exists() and not path.is_dir() and not path.is_file():
        return
    made = ensure_folder(path.parent)
    probe = beside(path)
    try:
        with probe.open("xb") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise host_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
        remove_if_empty(made)
