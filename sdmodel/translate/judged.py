"""The program that PySD makes of a model, for the judge, made of checked text alone.

PySD writes a model's names and comments into Python source and imports it: a comment
with three quotation marks, or a name with one, would be executed. So the program is
built from the abstract model that our own reading has checked, without comments and
units, after a look at every name that PySD puts between quotation marks.
"""

from __future__ import annotations

import shutil
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ModelFileError
from sdmodel.translate.colons import MARK
from sdmodel.translate.faults import Problems
from sdmodel.translate.guard import read_bytes
from sdmodel.translate.read import model_file, read_abstract
from sdmodel.translate.source import name_key

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS_A_TEXT = "'\"\\\n\r{}"
"""Characters that could end a quotation in a program, or open a formatted one."""

_TAKEN = frozenset({"component", "value", "stats", "special", "linalg", "final_subs"})
"""Names of PySD's program that its own list of taken names leaves out."""


def write_program(path: Path | str, folder: Path) -> Path:
    """Write PySD's program of a model into a folder and return its path.

    Data files that the model names, inside its own folder, are copied beside it.

    Raises
    ------
    ModelFileError
        For whatever :func:`sdmodel.translate.read.read_model` refuses, for names that
        would be code in a program, and for data outside the model's folder.
    """
    from pysd.builders.python.python_model_builder import ModelBuilder

    file = model_file(Path(path))
    found = Problems()
    abstract, _ = read_abstract(read_bytes(file), file, found)
    found.stop(str(file))
    problems = [f"{file}: engine pysd: {what}" for what in _unsafe(abstract)]
    problems += _copy_data(abstract, file, folder)
    if problems:
        raise ModelFileError(list(dict.fromkeys(problems)))
    # PySD names the program of a macro after the macro, in the same folder.
    abstract.original_path = folder / "model.mdl"
    _in_floats(abstract)
    for number, section in enumerate(abstract.sections):
        stem = "model" if section.type == "main" else f"macro_{number}"
        section.path = folder / f"{stem}.py"
        for element in section.elements:
            element.documentation, element.units = "", ""
    builder = ModelBuilder(abstract)
    for section in builder.sections:
        # No variable may take a name that PySD's program has for itself: it would be
        # called component_1 there, as other taken names are.
        section.namespace._used_words.update(_TAKEN)
    return Path(builder.build_model())


def _in_floats(abstract: Any) -> None:
    """Make every whole number of the equations one of double precision.

    Python's own have no end: in a stranger's file ``9^9^9^9`` would not come to one.
    """
    for section in abstract.sections:
        for element in section.elements:
            for component in element.components:
                component.ast = _floated(component.ast)


def _floated(tree: Any) -> Any:
    if isinstance(tree, int) and not isinstance(tree, bool):
        return float(tree)
    if isinstance(tree, list | tuple):
        return type(tree)(_floated(item) for item in tree)
    if is_dataclass(tree) and not isinstance(tree, type):
        parts = {part.name: getattr(tree, part.name) for part in fields(tree)}
        # The order of a delay is a number of things.
        kept = {name for name in parts if name == "order"}
        return type(tree)(
            **{k: v if k in kept else _floated(v) for k, v in parts.items()}
        )
    return tree


def _unsafe(abstract: Any) -> Iterator[str]:
    """Tell of texts that PySD would put into its program between quotation marks."""
    for section in abstract.sections:
        # Names of variables become identifiers, so quotation marks in them do no harm.
        known = {name_key(element.name) for element in section.elements}
        if section.type != "main":
            yield from _text("the macro", section.name)
        for name in (*section.params, *section.returns):
            yield from _text("the macro parameter", name)
        for item in section.subscripts:
            yield from _text("the range", item.name)
            for name in item.mapping:
                yield from _text("the range", name)
            yield from _parts(item.subscripts, known)
        for element in section.elements:
            for component in element.components:
                if type(component).__name__ == "AbstractData":
                    yield from _text("the data variable", element.name)
                yield from _parts(component, known)


def _parts(root: Any, known: set[str]) -> Iterator[str]:
    """Tell of texts inside an equation; names of ordinary variables are translated."""
    stack = [root]
    while stack:
        item = stack.pop()
        kind = type(item).__name__
        if getattr(item, "reference", None) == MARK:
            yield (
                "outputs of a macro behind a colon, which PySD lacks; use --engine "
                "compiled"
            )
            continue
        if kind == "CallStructure":
            function = getattr(item.function, "reference", item.function)
            if name_key(function) not in known:
                yield from _text("the function", function)
        elif kind == "SubscriptsReferenceStructure":
            for name in item.subscripts:
                yield from _text("the subscript", name)
        elif kind.startswith("Get"):
            for part in fields(item):
                yield from _text("the place of data", getattr(item, part.name))
        if isinstance(item, list | tuple):
            stack.extend(item)
        elif is_dataclass(item):
            stack.extend(getattr(item, part.name) for part in fields(item))


def _text(what: str, text: object) -> Iterator[str]:
    inner = str(text)
    if len(inner) > 1 and inner[0] == inner[-1] == '"':
        inner = inner[1:-1]
    found = next((char for char in _ENDS_A_TEXT if char in inner), None)
    if found is not None:
        yield (
            f"{what} {inner[:60]!r} holds {found!r}, which PySD would take for a part "
            "of its program; rename it, or use --engine compiled"
        )


def _copy_data(abstract: Any, file: Path, folder: Path) -> Iterator[str]:
    """Copy what a model reads beside its program; tell of files outside its folder."""
    home = file.resolve().parent
    for name in sorted(set(_data_files(abstract))):
        wanted = (home / name).resolve()
        if not wanted.is_relative_to(home) or Path(name).is_absolute():
            yield f"{file}: data file '{name}' lies outside the model's folder"
        elif not wanted.is_file():
            yield f"{file}: data file '{name}' is not there"
        else:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(wanted, target)


def _data_files(root: Any) -> Iterator[str]:
    stack = [root]
    while stack:
        item = stack.pop()
        if type(item).__name__.startswith("Get"):
            yield str(item.file)
        if isinstance(item, dict):
            if "file" in item:  # of subscripts
                yield str(item["file"])
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
        elif is_dataclass(item):
            stack.extend(getattr(item, part.name) for part in fields(item))
