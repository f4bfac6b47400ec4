"""Compiled kernels on disk: written whole or not at all, checked before use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

LIMIT = 256 * 2**20
"""Bytes of kernels to keep; the oldest go first."""


def folder() -> Path:
    """Return the cache folder: SDMODEL_CACHE, or the user's own."""
    given = os.environ.get("SDMODEL_CACHE")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("sdmodel", appauthor=False))


def _path(key: str) -> Path:
    return folder() / "kernels" / f"{key}.o"


def load(key: str) -> bytes | None:
    """Return the bytes stored under ``key``, or None where they are not whole."""
    try:
        stored = _path(key).read_bytes()
    except OSError:
        return None
    digest, body = stored[:32], stored[32:]
    return body if hashlib.sha256(body).digest() == digest else None


def save(key: str, body: bytes) -> None:
    """Store ``body``; a cache that cannot be written is no error."""
    path = _path(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(body).digest() + body)
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        return
    _sweep(path.parent)


def _sweep(parent: Path) -> None:
    """Delete the oldest kernels beyond the limit."""
    with contextlib.suppress(OSError):
        files = sorted(
            ((item.stat(), item) for item in parent.iterdir()),
            key=lambda pair: pair[0].st_mtime,
            reverse=True,
        )
        total = 0
        for info, item in files:
            total += info.st_size
            if total > LIMIT:
                item.unlink()
