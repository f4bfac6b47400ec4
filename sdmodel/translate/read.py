"""A model file or folder → Model, through PySD's parsers or from the cache."""

from __future__ import annotations

import gc
import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ModelFileError, did_you_mean
from sdmodel.translate import cache as disk
from sdmodel.translate.external import files_beside, named_tables
from sdmodel.translate.faults import Problems
from sdmodel.translate.guard import (
    VENSIM,
    XMILE,
    check_vensim,
    decode,
    read_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sdmodel.model.core import Model
    from sdmodel.translate.source import Definition

VERSION = "14"
"""Raised whenever the translation may give another graph for the same file."""


def read_model(
    path: Path | str, *, data: Sequence[Path | str] = (), cache: bool = True
) -> Model:
    """Return the model of a folder, or of a Vensim or XMILE file.

    Parameters
    ----------
    path
        A model folder (``NAME/NAME.mdl``, or the only model file in it) or a file.
    data
        Tables (``.csv``, ``.tab``, ``.dat``, ``.nc``) in which data without an equation
        are looked for before those beside the model; the first that holds it counts.
    cache
        Whether a translation kept on disk may be used, and this one kept.

    Raises
    ------
    ModelFileError
        If there is no such model, or it is malformed, unsafe or contradicts itself;
        every problem is told, with its line.
    UnsupportedError
        If it uses constructs that are not computed here; each is told.
    HostError
        If the file may not be read.
    """
    file = model_file(Path(path))
    content = read_bytes(file)
    named = named_tables(data)
    beside = files_beside(content, file)
    digest = model_digest(content, file.suffix.lower(), beside, named)
    if cache:
        known = disk.load(digest, str(file), tuple(map(str, named)))
        if known is not None:
            return known
    model = _translate(content, file, digest, named)
    if cache:
        disk.store(model)
    return model


def is_translated(path: Path | str) -> bool:
    """Say whether `read_model` would find a translation on disk.

    Raises
    ------
    SdmodelError
        If there is no such model, or the file may not be read.
    """
    file = model_file(Path(path))
    data = read_bytes(file)
    digest = model_digest(data, file.suffix.lower(), files_beside(data, file))
    return disk.is_there(digest)


def files_of(path: Path | str) -> tuple[Path, ...]:
    """Return the file of a model, and the files with data that it names.

    Raises
    ------
    SdmodelError
        If there is no such model, or the file may not be read.
    """
    file = model_file(Path(path))
    return file, *files_beside(read_bytes(file), file)


def model_digest(
    data: bytes,
    suffix: str,
    beside: Sequence[Path] = (),
    named: Sequence[Path] = (),
) -> str:
    """Return the name of these bytes, and of the files that the model reads.

    This translation and this PySD are part of it, as are the names and the order of
    files that the user names.
    """
    from importlib.metadata import version

    text = f"sdmodel translation {VERSION}\0pysd {version('pysd')}\0{suffix}\0"
    whole = hashlib.sha256(text.encode() + data)
    for item in beside:
        whole.update(hashlib.sha256(item.read_bytes()).digest())
    for item in named:
        whole.update(f"\0{item.name}\0".encode())
        whole.update(hashlib.sha256(item.read_bytes()).digest())
    return whole.hexdigest()


def model_file(path: Path) -> Path:
    """Return the model file that a path means.

    Raises
    ------
    ModelFileError
        If nothing is there, or a folder holds no model file or several.
    """
    if not path.is_dir():
        if not path.exists() and not path.suffix and path.parent.is_dir():
            names = [item.name for item in path.parent.iterdir() if item.is_dir()]
            msg = f"{path}: no such model folder{did_you_mean(path.name, names)}"
            raise ModelFileError(msg)
        return path
    named = path / f"{path.resolve().name}.mdl"
    if named.is_file():
        return named
    found = sorted(
        item for item in path.iterdir() if item.suffix.lower() in VENSIM + XMILE
    )
    if len(found) == 1:
        return found[0]
    if not found:
        msg = f"{path}: the folder holds no model file ({', '.join(VENSIM + XMILE)})"
        raise ModelFileError(msg)
    names = [item.name for item in found]
    msg = f"{path}: several model files ({', '.join(names[:6])}); give one of them"
    raise ModelFileError(msg)


def _translate(data: bytes, file: Path, digest: str, named: tuple[Path, ...]) -> Model:
    # Imported here: a cached model needs neither PySD nor lxml.
    from sdmodel.translate.assemble import assemble

    with _uncollected():
        problems = Problems()
        abstract, definitions = read_abstract(data, file, problems)
        return assemble(
            abstract,
            definitions,
            problems,
            name=file.stem,
            path=str(file),
            digest=digest,
            data=named,
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles while the block lasts.

    A parse tree has a million nodes and no cycle; looking for some takes a fourth of
    the time that the translation takes.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def read_abstract(
    data: bytes, file: Path, problems: Problems
) -> tuple[Any, Sequence[Definition]]:
    """Return PySD's abstract model of a file's bytes, and the file's definitions.

    What cannot be read is left out and told in ``problems``, with its line.

    Raises
    ------
    ModelFileError
        If the file is malformed or unsafe as a whole.
    """
    from sdmodel.translate.parse import parse_vensim
    from sdmodel.translate.xmile_file import parse_xmile
    from sdmodel.translate.xmile_guard import check_xmile

    path = str(file)
    if file.suffix.lower() in VENSIM:
        source = check_vensim(decode(data, path), path, problems)
        return parse_vensim(source, path, problems), source.definitions
    return parse_xmile(check_xmile(data, path, problems), path, problems)
