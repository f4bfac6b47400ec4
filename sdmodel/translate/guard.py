"""Is a model file safe and sane? Asked before any parser but our own sees it.

PySD evaluates parts of a model file as Python while it parses, so nothing but numbers
may stand where it does so, and names may hold nothing that could end a quotation.
"""

from __future__ import annotations

import math
import re
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

VENSIM = (".mdl",)
XMILE = (".xmile", ".xml", ".stmx", ".itmx")
_ENDINGS = ", ".join(VENSIM + XMILE)
MAX_BYTES = 20_000_000
MAX_EQUATION = 50_000
MAX_DIGITS = 300
"""Of one number; no number that a computer knows has more before its point."""

MAX_NESTING = 45
"""PySD's parser gives up at about 70 nested parentheses."""

_ENCODINGS = {"utf-8", "utf8", "ascii", "us-ascii"}
_LIMITS = re.compile(r"\(\s*\[(?P<inner>[^\]]*)\]")
_ONLY_NUMBERS = re.compile(r"[0-9eE+\-.,()\s]*\Z")
_NUMBERED = re.compile(r"\(\s*[^()\d]*(?P<first>\d+)\s*-\s*[^()\d]*(?P<last>\d+)\s*\)")
_QUOTED = re.compile(r'"[^"]*"')
_TOO_LONG = re.compile(rf"\d{{{MAX_DIGITS + 1},}}")
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
            "".encode(encoding)
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            msg = f"{path}, line 1: states the encoding '{encoding}'; save it as UTF-8"
            raise ModelFileError(msg) from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        shown = data[error.start : error.start + 1].hex()
        msg = (
            f"{path}, line {line}: byte 0x{shown} is not UTF-8; save the file as UTF-8"
        )
        raise ModelFileError(msg) from None
    # Behind the sketch mark Vensim itself writes control characters.
    found = _CONTROL.search(text.partition(SKETCH_MARK)[0])
    if found:
        line = text.count("\n", 0, found.start()) + 1
        msg = f"{path}, line {line}: holds a control character; this is no text file"
        raise ModelFileError(msg)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_vensim(text: str, path: str) -> VensimSource:
    """Return the definitions of a Vensim file if all of them are safe to parse.

    Raises
    ------
    ModelFileError
        With every unsafe, unfinished or doubled definition and its line.
    """
    # A mark inside a quoted name; as it stands it would end the name for some parsers.
    source = scan_vensim(text.replace('\\"', "”"))
    problems = list(source.problems)
    if not source.definitions and not problems:
        problems.append(
            (1, "holds no equation; a definition reads: name = … ~ unit ~|")
        )
    if len(source.definitions) > MAX_DEFINITIONS:
        problems.append((1, f"more than {MAX_DEFINITIONS} definitions"))
    for item in source.definitions:
        problems += [(item.line, what) for what in _unsafe(item)]
    problems += _doubles(source.definitions)
    if problems:
        raise ModelFileError(told(path, problems))
    return source


def told(path: str, problems: Iterable[tuple[int | None, str]]) -> list[str]:
    """Return problems as sentences with file and line, in the file's order."""
    unique = dict.fromkeys(problems)
    ordered = sorted(unique, key=lambda item: item[0] or 0)
    return [
        f"{path}, line {line}: {what}" if line else f"{path}: {what}"
        for line, what in ordered
    ]


def _unsafe(item: Definition) -> Iterator[str]:
    if len(item.equation) > MAX_EQUATION:
        yield f"'{item.name}': an equation of more than {MAX_EQUATION} characters"
        return
    yield from unsafe_name(item.name)
    bare = _QUOTED.sub("", item.right)
    for what in _too_long(bare):
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


def _too_long(text: str) -> Iterator[str]:
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
    if len(name) > 200:
        yield f"the name '{name[:40]}…' is longer than 200 characters"


def _doubles(definitions: Iterable[Definition]) -> Iterator[tuple[int, str]]:
    """Find scalars and ranges that are defined twice; elements are checked later."""
    first: dict[tuple[str, str], Definition] = {}
    for item in definitions:
        if item.kind == "check" or item.subscripts:
            continue
        key = (item.macro, _bare(item.name))
        known = first.setdefault(key, item)
        if known is not item:
            yield (
                item.line,
                (
                    f"'{item.name}' is defined again; line {known.line} defines "
                    f"'{known.name}' already"
                ),
            )


def _bare(name: str) -> str:
    """Return the key of a name, which quotation marks around it do not change."""
    return name_key(name.strip().strip('"'))


def check_xmile(data: bytes, path: str) -> _Element:
    """Return the root of an XMILE file that is well formed and refers to nothing else.

    Raises
    ------
    ModelFileError
        For malformed XML, a DOCTYPE, no equations, or unsafe names, with lines.
    """
    from lxml import etree

    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    stated = re.match(rb"<\?xml[^>]*encoding\s*=\s*['\"](utf-?(?!-?8)\w+)", data, re.I)
    if b"\x00" in data or stated:
        # Read otherwise, its bytes would not show what is asked of them below.
        msg = f"{path}, line 1: not written as UTF-8; save the file as UTF-8"
        raise ModelFileError(msg)
    found = re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE)
    if found:
        line = data[: found.start()].count(b"\n") + 1
        msg = f"{path}, line {line}: holds a DOCTYPE, which a model has no use for"
        raise ModelFileError(msg)
    # Recovering, so that an undeclared prefix (iThink and Stella write them) can be
    # let pass; anything else in the log is refused.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False
    )
    root = etree.fromstring(data, parser)
    for entry in parser.error_log:
        harmless = entry.type_name == "ERR_HYPHEN_IN_COMMENT"
        if entry.domain_name != "NAMESPACE" and not harmless:
            msg = f"{path}, line {entry.line}: not well-formed XML ({entry.message})"
            raise ModelFileError(msg)
    if root is None:
        msg = f"{path}, line 1: not well-formed XML (no element at all)"
        raise ModelFileError(msg)
    problems: list[tuple[int | None, str]] = []
    space = root.nsmap.get(None)
    if local_name(root) != "xmile" or space is None:
        msg = f"{path}, line {line_of(root)}: the root is not <xmile xmlns=…>"
        raise ModelFileError(msg)
    seen: dict[tuple[str, str], tuple[str, int | None]] = {}
    belts, unfinished = False, list[tuple[int | None, str]]()
    for node in root.iter("*"):
        tag = local_name(node)
        name = node.get("name")
        shown = (name or "").replace("\\n", " ")
        if tag in {"conveyor", "queue", "oven"} and _counts(node):
            belts = True
            above = node.getparent()
            owner = str(above.get("name") if above is not None else "")
            owner = owner.replace("\\n", " ")
            problems.append((line_of(node), f"'{owner}': a {tag}; not supported"))
        if tag == "macro":
            problems += [(line_of(node), what) for what in unsafe_name(shown)]
        if tag in {"aux", "flow", "stock", "gf", "dim", "elem", "module"} and _counts(
            node
        ):
            problems += [(line_of(node), what) for what in unsafe_name(shown)]
        outer = all(local_name(above) != "macro" for above in node.iterancestors())
        if tag in {"aux", "flow", "stock"} and name and _counts(node) and outer:
            key = (_home(node), _bare(shown))
            if key in seen:
                other, before = seen[key]
                what = f"'{name}' is defined again; line {before} defines '{other}'"
                problems.append((line_of(node), what))
            seen.setdefault(key, (name, line_of(node)))
        if tag in {"eqn", "inflow", "outflow"} and node.text:
            problems += [
                (line_of(node), what) for what in _unsafe_text(node.text.strip())
            ]
        if tag in {"aux", "flow", "stock"} and _counts(node):
            unfinished += [(line_of(node), what) for what in _unfinished(node)]
    # What leaves a conveyor has no equation.
    problems += [] if belts else unfinished
    problems += _no_time(root)
    if not seen:
        problems.append((line_of(root), "holds no variable"))
    if problems:
        raise ModelFileError(told(path, problems))
    return root


def _home(node: _Element) -> str:
    """Return the name of the model that a variable of an XMILE file stands in."""
    models = [item for item in node.iterancestors() if local_name(item) == "model"]
    return (models[0].get("name") or "") if models else ""


def _unfinished(node: _Element) -> Iterator[str]:
    """Tell what a variable of an XMILE file lacks."""
    name, tag = node.get("name"), local_name(node)
    if not (name or "").strip():
        yield f"a <{tag}> without a name"
    elif not _home(node) and not any(
        local_name(item) in {"eqn", "gf"} for item in node.iter("*")
    ):
        # In a module, what is connected to it may be all that it has.
        yield f"'{name}' has no <eqn>"


def _no_time(root: _Element) -> Iterator[tuple[int | None, str]]:
    """Tell what is missing in an XMILE file's time axis, or is no number."""
    specs = next((n for n in root.iter("*") if local_name(n) == "sim_specs"), None)
    if specs is None:
        yield line_of(root), "<sim_specs> is missing: start, stop and dt"
        return
    given = {local_name(item): item for item in specs.iterchildren("*")}
    for tag in ("start", "stop"):
        if tag not in given:
            yield line_of(specs), f"<{tag}> is missing in <sim_specs>"
    for tag in ("start", "stop", "dt"):
        text = (given[tag].text or "").strip() if tag in given else "0"
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            yield line_of(given[tag]), f"<{tag}> is '{text[:60]}'; it must be a number"


def line_of(node: _Element) -> int | None:
    """Return the line on which an element begins."""
    line: Any = node.sourceline
    return line if isinstance(line, int) else None


def local_name(node: _Element) -> str:
    """Return a tag without its namespace."""
    return str(node.tag).rpartition("}")[2]


def _counts(node: _Element) -> bool:
    """Tell what defines something from what only draws it, or says how all behave."""
    parent = node.getparent()
    around = {"view", "views", "style", "behavior"}
    return parent is not None and local_name(parent) not in around


def _unsafe_text(text: str) -> Iterator[str]:
    if len(text) > MAX_EQUATION:
        yield f"an equation of more than {MAX_EQUATION} characters"
        return
    yield from _too_long(text)
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        yield f"{deepest} parentheses inside each other; at most {MAX_NESTING} are read"
