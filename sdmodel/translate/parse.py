"""Text → PySD's abstract model, definition by definition, so that errors have lines."""

from __future__ import annotations

import ast
import re
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sdmodel.translate.guard import spoil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sdmodel.translate.faults import Problems
    from sdmodel.translate.source import Definition, VensimSource

_ONE_PARSE = threading.Lock()


@contextmanager
def _parsers_alone() -> Iterator[None]:
    """Let PySD's parsers be imported without the package around them.

    That would load its simulator, with xarray and pandas, which takes as long as to
    parse some hundred equations. A bare package stands in its place while the block
    lasts; whoever imports the whole one later finds the parsers there already.
    """
    spec = None if "pysd" in sys.modules else find_spec("pysd")
    if spec is None or spec.submodule_search_locations is None:
        yield
        return
    bare = ModuleType("pysd")
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules["pysd"] = bare
    try:
        yield
    finally:
        del sys.modules["pysd"]


@contextmanager
def _literals_only() -> Iterator[None]:
    """Let PySD's parser read literals and nothing else while the block lasts.

    It calls ``eval`` on pieces of the file. A name of that kind in the module's own
    namespace goes before the builtin; it is taken out again afterwards.
    """
    with _ONE_PARSE, _parsers_alone(), warnings.catch_warnings():
        # PySD's own dependencies warn of each other's age when first imported.
        warnings.simplefilter("ignore")
        from pysd.translators.vensim import vensim_element, vensim_file  # noqa: F401 - loads it

    module = vensim_element.__dict__
    missing = object()
    with _ONE_PARSE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = module.get("eval", missing)
        module["eval"] = _literal
        try:
            yield
        finally:
            if before is missing:
                module.pop("eval", None)
            else:
                module["eval"] = before


_NUMBER = re.compile(
    r"(?:[+-]\s*)?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
)


_ZEROS = re.compile(r"(?<![\w.])0+(?=\d)")
"""In front of a number, where Python has no use for them."""


def _literal(text: str) -> Any:
    """Return the value of a literal, or of a sum of numbers, as in ``x = 3 - 1e-2``."""
    parts = ["".join(part.split()) for part in _NUMBER.findall(text)]
    if "".join(parts) != "".join(text.split()):
        return ast.literal_eval(_ZEROS.sub("", text))
    if any(part[0] not in "+-" for part in parts[1:]):
        msg = f"two numbers side by side, {text[:40]}"
        raise ValueError(msg)
    return sum(int(p) if p.lstrip("+-").isdigit() else float(p) for p in parts)


def parse_vensim(source: VensimSource, path: str, problems: Problems) -> Any:
    """Return PySD's abstract model of a checked Vensim file.

    Definitions that PySD's grammar does not accept are left out, and told in
    ``problems`` with their lines.

    Raises
    ------
    ModelFileError
        If so much cannot be read that to go on would only mislead.
    """
    with tempfile.TemporaryDirectory(prefix="sdmodel-") as folder, _literals_only():
        from pysd.translators.vensim.vensim_file import VensimFile

        copy = Path(folder) / "model.mdl"
        copy.write_text(source.text(), encoding="utf-8")
        try:
            file = VensimFile(copy, encoding="utf-8")
            file.parse(parse_all=False)
        except Exception as error:
            problems.add(None, f"cannot be cut into definitions ({_reason(error)})")
            problems.stop(path)
        names = {name.lower().replace(" ", "_"): name for name, _ in source.macros}
        for section in file.sections:
            macro = names.get(section.name, "") if section.type == "macro" else ""
            mine = [item for item in source.definitions if item.macro == macro]
            for item, what in _parse_section(section, mine, source):
                problems.add(item.line, what)
                spoil(item, problems)
        if not problems.whole:
            problems.stop(path)
        return file.get_abstract_model()


def _parse_section(
    section: Any, definitions: list[Definition], source: VensimSource
) -> Iterator[tuple[Definition, str]]:
    from pysd.translators.vensim import vensim_element as pysd

    parsed: list[Any] = []
    for item in definitions:
        # Cut by our own scan: PySD's grammar would meet every sign of the file once
        # more, which takes as long as to parse the equations.
        element = pysd.Element(source.entry(item).strip(), "", "")
        done, problem = _attempt(element.parse, item)
        if problem:
            yield item, problem
            continue
        if not isinstance(done, pysd.SubscriptRange):
            _, problem = _attempt(done.parse, item)
            if problem:
                yield item, problem
                continue
        parsed.append(done)
    kinds = {
        "subscripts": pysd.SubscriptRange,
        "components": pysd.Component,
        "constraints": pysd.Constraint,
        "test_inputs": pysd.TestInput,
    }
    for name, kind in kinds.items():
        chosen = [done for done in parsed if isinstance(done, kind)]
        setattr(section, name, chosen)
    section.elements = parsed


def _attempt(action: Callable[[], Any], item: Definition) -> tuple[Any, str]:
    try:
        return action(), ""
    except RecursionError:
        return None, f"'{item.name}': too deeply nested; name a part of the equation"
    except Exception as error:
        shown = item.equation if len(item.equation) < 120 else item.equation[:120] + "…"
        return None, f"'{item.name}' cannot be read ({_reason(error)}) in: {shown}"


_SENTENCES = {
    "too many indices": "a table of a single point; it needs two or more",
    "inhomogeneous": "rows of numbers that are not of one length",
    "could not be broadcast": "rows of numbers that are not of one length",
    "malformed node": "words where only numbers may stand",
    "could not convert": "something that is no number where a number belongs",
    "invalid": "something that is no number where a number belongs",
}
"""What Python says inside PySD's parser, and what it means for the equation."""


def _reason(error: Exception) -> str:
    """Return what a parser found, in words of one line."""
    position = getattr(error, "pos", None)
    text = getattr(error, "text", None)
    if isinstance(position, int) and isinstance(text, str):
        rest = text[position : position + 30]
        return f"not understood from '{rest}' on" if rest else "it ends too early"
    if isinstance(error, RecursionError):
        return "too deeply nested"
    if isinstance(error, TypeError) and "argument" in str(error):
        return "a function has the wrong number of arguments"
    if isinstance(error, KeyError):
        return f"the attribute {error} is missing"
    text = " ".join(str(error).split())
    for part, sentence in _SENTENCES.items():
        if part in text:
            return sentence
    said = re.search(r"(two numbers side by side, .{1,40}?)(?: Parse tree|$)", text)
    return said[1] if said else "not understood"
