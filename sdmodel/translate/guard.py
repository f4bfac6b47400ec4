"""Is a model file safe and sane? Asked before any parser but our own sees it.

PySD evaluates parts of a model file as Python while it parses, so nothing but numbers
may stand where it does so, and names may hold nothing that could end a quotation.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sdmodel.errors import HostError, ModelFileError
from sdmodel.translate.source import (
    MAX_DEFINITIONS,
    SKETCH_MARK,
    Definition,
    VensimSource,
    name_key,
    scan_vensim,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lxml.etree import _Element

    from sdmodel.translate.faults import Problems

VENSIM = (".mdl",)
XMILE = (".xmile", ".xml", ".stmx", ".itmx")
_ENDINGS = ", ".join(VENSIM + XMILE)
MAX_BYTES = 20_000_000
MAX_EQUATION = 50_000
MAX_DIGITS = 300
"""Of one number; no number that a computer knows has more before its point."""

MAX_NAME = 1000
"""Characters; names of whole sentences are met."""

MAX_NESTING = 45
"""PySD's parser gives up at about 70 nested parentheses."""

_ENCODINGS = {"utf-8", "utf8", "ascii", "us-ascii"}
_LIMITS = re.compile(r"\(\s*\[(?P<inner>[^\]]*)\]")
_ONLY_NUMBERS = re.compile(r"[0-9eE+\-.,()\s]*\Z")
_NUMBERED = re.compile(r"\([^()\d]*(?P<first>\d+)\s*-[^()\d]*(?P<last>\d+)\s*\)")
_QUOTED = re.compile(r'"[^"]*"')
_TOO_LONG = re.compile(rf"\d{{{MAX_DIGITS + 1},}}")
_PLAIN = bytes(range(0x20, 0x7F)) + rb"\x41 \u0041 +AEE- &#65; =41 %41"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a model file.

    Raises
    ------
    ModelFileError
        If it is missing, a folder, empty, too large or binary.
    HostError
        If this user may not read it.
    """
    if not path.exists():
        near = sorted(
            item.name for item in path.parent.glob("*") if item.suffix in VENSIM + XMILE
        )
        there = f"; there is {', '.join(near[:5])}" if near else ""
        msg = f"{path}: no such model file{there}"
        raise ModelFileError(msg)
    if not path.is_file():
        msg = f"{path}: not a file; give a model folder or a .mdl or .xmile file"
        raise ModelFileError(msg)
    if path.suffix.lower() not in VENSIM + XMILE:
        msg = f"{path}: ends in '{path.suffix}'; models end in {_ENDINGS}"
        raise ModelFileError(msg)
    try:
        if path.stat().st_size > MAX_BYTES:
            msg = f"{path}: larger than {MAX_BYTES // 1_000_000} MB; not read"
            raise ModelFileError(msg)
        data = path.read_bytes()
    except PermissionError as error:
        msg = f"{path}: no right to read it"
        raise HostError(msg) from error
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror})"
        raise HostError(msg) from error
    if not data.strip():
        msg = f"{path}: the file is empty"
        raise ModelFileError(msg)
    return data


def decode(data: bytes, path: str) -> str:
    """Return the text of a model file, refusing what is not text.

    Raises
    ------
    ModelFileError
        If bytes do not fit the encoding that the file states (UTF-8 if it states none).
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        msg = f"{path}: written as UTF-16; save it as UTF-8"
        raise ModelFileError(msg)
    if b"\x00" in data:
        line = data[: data.index(b"\x00")].count(b"\n") + 1
        msg = f"{path}, line {line}: holds a NUL byte; this is no text file"
        raise ModelFileError(msg)
    stated = re.match(rb"\s*\{([^}\n]{1,40})\}", data)
    encoding = stated.group(1).decode("ascii", "replace") if stated else "UTF-8"
    if encoding.lower() not in _ENCODINGS:
        try:
            text = _decoded(data, encoding)
        except (LookupError, UnicodeError):
            msg = f"{path}, line 1: states the encoding '{encoding}'; save it as UTF-8"
            raise ModelFileError(msg) from None
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            shown = data[error.start : error.start + 1].hex()
            what = f"byte 0x{shown} is not UTF-8; save the file as UTF-8"
            msg = f"{path}, line {line}: {what}"
            raise ModelFileError(msg) from None
    # Behind the sketch mark Vensim itself writes control characters.
    found = _CONTROL.search(text.partition(SKETCH_MARK)[0])
    if found:
        line = text.count("\n", 0, found.start()) + 1
        msg = f"{path}, line {line}: holds a control character; this is no text file"
        raise ModelFileError(msg)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, encoding: str) -> str:
    """Return the text of bytes in an encoding in which plain characters are themselves.

    In any other a file says something else than it seems to say.
    """
    if _PLAIN.decode(encoding) != _PLAIN.decode("ascii"):
        raise LookupError
    return data.decode(encoding)


def check_vensim(text: str, path: str, problems: Problems) -> VensimSource:
    """Return the definitions of a Vensim file that are safe to parse.

    Unsafe, unfinished and doubled ones are left out and told in ``problems``.

    Raises
    ------
    ModelFileError
        If none is left, or they are too many.
    """
    # A mark inside a quoted name; as it stands it would end the name for some parsers.
    source = scan_vensim(text.replace('\\"', "”"))
    problems.wrong += source.problems
    lines = {item.line for item in source.definitions}
    problems.whole = all(line in lines for line, _ in source.problems)
    if not source.definitions and not problems:
        problems.add(1, "holds no equation; a definition reads: name = … ~ unit ~|")
    if len(source.definitions) > MAX_DEFINITIONS:
        problems.add(1, f"more than {MAX_DEFINITIONS} definitions")
        problems.stop(path)
    doubles = dict(_doubles(source.definitions))
    safe: list[Definition] = []
    for i, item in enumerate(source.definitions):
        unsafe = list(_unsafe(item))
        found = [*unsafe, *([doubles[i]] if i in doubles else [])]
        problems.wrong += [(item.line, what) for what in found]
        if unsafe:
            spoil(item, problems)
        if not found:
            safe.append(item)
    if not safe:
        problems.stop(path)
    return replace(source, definitions=tuple(safe), problems=())


def spoil(item: Definition, problems: Problems) -> None:
    """Note that a definition is there, yet could not be read."""
    problems.spoiled.add(name_key(item.name))
    if item.macro:
        problems.spoiled.add(name_key(item.macro))
    if item.kind == "range":
        problems.whole = False


def _unsafe(item: Definition) -> Iterator[str]:
    if len(item.equation) > MAX_EQUATION:
        yield f"'{item.name}': an equation of more than {MAX_EQUATION} characters"
        return
    yield from unsafe_name(item.name)
    bare = _QUOTED.sub("", item.right)
    for what in too_long(bare):
        yield f"'{item.name}': {what}"
    depth = deepest = 0
    for char in bare:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        yield (
            f"'{item.name}': {deepest} parentheses inside each other; at most "
            f"{MAX_NESTING} are read, so name a part of the equation"
        )
    if depth and item.kind != "check":
        what = "not closed" if depth > 0 else "closed but never opened"
        yield f"'{item.name}': a parenthesis is {what} in: {item.right[:80]}"
    for found in _LIMITS.finditer(item.right):
        if not _ONLY_NUMBERS.match(found["inner"]):
            yield (
                f"'{item.name}': lookup limits must be numbers, not "
                f"'[{found['inner'][:60]}]'"
            )
    if "\\" in bare:
        yield f"'{item.name}': a backslash stands in: {item.right[:80]}"
    if item.kind == "range":
        yield from _unsafe_range(item)
    for quoted in re.findall(r'"([^"]*)"', item.right):
        if name_key(quoted) != "time":
            yield from unsafe_name(f'"{quoted}"')
    if item.right.count('"') % 2:
        yield f"'{item.name}': a quotation mark is not closed in: {item.right[:80]}"


def too_long(text: str) -> Iterator[str]:
    """Tell of a number that is too long to be one."""
    found = _TOO_LONG.search(text)
    if found:
        yield (
            f"a number of {len(found[0])} digits, {found[0][:12]}…; at most "
            f"{MAX_DIGITS} are read"
        )


def _unsafe_range(item: Definition) -> Iterator[str]:
    """Find numbered elements, ``(a1-a9)``, that count down or are too many."""
    for found in _NUMBERED.finditer(item.right):
        first, last = (int(found[key][-12:]) for key in ("first", "last"))
        if last < first:
            yield f"'{item.name}': {found[0]} counts down"
        elif last - first >= MAX_DEFINITIONS or len(found["last"]) > 9:
            yield f"'{item.name}': {found[0][:60]} has more than {MAX_DEFINITIONS}"


def unsafe_name(name: str) -> Iterator[str]:
    """Tell what in a name could be taken for something else than a name."""
    inner = name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name
    for char, word in (
        ('"', "quotation mark"),
        ("\n", "line break"),
    ):
        if char in inner:
            yield f"the name {name[:60]!r} holds a {word}; take it out"
    if name_key(inner) == "time":
        yield f"'{name}' is what the clock is called; give the variable another name"
    if len(name) > MAX_NAME:
        yield f"the name '{name[:40]}…' is longer than {MAX_NAME} characters"


def _doubles(definitions: Iterable[Definition]) -> Iterator[tuple[int, str]]:
    """Find scalars and ranges that are defined twice, by their place in the file.

    Elements are checked later.
    """
    first: dict[tuple[str, str], Definition] = {}
    for i, item in enumerate(definitions):
        if item.kind == "check" or item.subscripts:
            continue
        key = (item.macro, bare_key(item.name))
        known = first.setdefault(key, item)
        if known is not item:
            yield (
                i,
                (
                    f"'{item.name}' is defined again; line {known.line} defines "
                    f"'{known.name}' already"
                ),
            )


def bare_key(name: str) -> str:
    """Return the key of a name, which quotation marks around it do not change."""
    return name_key(name.strip().strip('"'))


def line_of(node: _Element) -> int | None:
    """Return the line on which an element begins."""
    line: Any = node.sourceline
    return line if isinstance(line, int) else None


def local_name(node: _Element) -> str:
    """Return a tag without its namespace."""
    return str(node.tag).rpartition("}")[2]
