"""From a lone WebAssembly object to a module, without a linker.

In an object that stands alone every index and address is final already. What a linker
would add is an export; what it would take away are the custom sections (names of
symbols, relocations), which an engine ignores.

The format: WebAssembly Core Specification 2.0, section 5.5, and the tool conventions'
Linking.md for the symbol table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"\0asm\x01\0\0\0"
CUSTOM, IMPORT, EXPORT, DATA = 0, 2, 7, 11
_BEFORE_EXPORT = frozenset({1, 2, 3, 4, 5, 6, 13})
_SYMBOL_TABLE = 8
_UNDEFINED, _EXPLICIT_NAME = 0x10, 0x40
_FUNCTION, _DATA_SYMBOL, _SECTION = 0, 1, 3


class _Reader:
    """Reads a part of a module from front to back."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def __bool__(self) -> bool:
        return self.at < len(self.data)

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """Return an unsigned LEB128 number."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def name(self) -> str:
        return self.take(self.number()).decode()


def _number(value: int) -> bytes:
    """Write an unsigned LEB128 number."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def sections(code: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each section's kind and contents."""
    reader = _Reader(code)
    if reader.take(len(HEAD)) != HEAD:
        msg = "not a WebAssembly object"
        raise ValueError(msg)
    while reader:
        kind = reader.byte()
        yield kind, reader.take(reader.number())


def finish(code: bytes, export: str) -> tuple[bytes, int]:
    """Return a module that exports one function, and the bytes of its data.

    Parameters
    ----------
    code
        An object that defines ``export`` and needs no other object.
    export
        Name of the function.
    """
    name = export.encode()
    entry = _number(1) + _number(len(name)) + name + b"\0"
    entry += _number(_function_index(code, export))
    parts: list[tuple[int, bytes]] = []
    for kind, body in sections(code):
        if kind == CUSTOM:
            continue
        if kind not in _BEFORE_EXPORT and entry:
            parts.append((EXPORT, entry))
            entry = b""
        parts.append((kind, body))
    text = b"".join(bytes([k]) + _number(len(b)) + b for k, b in parts)
    return HEAD + text, sum(_data_end(b) for k, b in parts if k == DATA)


def imports(code: bytes) -> tuple[str, ...]:
    """Return the names of all that an object imports."""
    found: list[str] = []
    for kind, body in sections(code):
        if kind != IMPORT:
            continue
        reader = _Reader(body)
        for _ in range(reader.number()):
            reader.name()
            found.append(reader.name())
            what = reader.byte()
            if what == 0:  # a function's type
                reader.number()
            elif what in (1, 2):  # a table's element type, then limits
                if what == 1:
                    reader.byte()
                reader.take(0)
                limited = reader.byte() & 1
                reader.number()
                if limited:
                    reader.number()
            else:  # a global's type and whether it changes
                reader.take(2)
    return tuple(found)


def stack_needed(code: bytes) -> bool:
    """Say whether the object keeps values on a stack in memory."""
    return "__stack_pointer" in imports(code)


def _function_index(code: bytes, name: str) -> int:
    """Return a defined function's index, from the symbol table."""
    for kind, body in sections(code):
        reader = _Reader(body)
        if kind != CUSTOM or reader.name() != "linking":
            continue
        reader.number()  # version
        while reader:
            what = reader.byte()
            part = _Reader(reader.take(reader.number()))
            if what == _SYMBOL_TABLE:
                for _ in range(part.number()):
                    index = _symbol(part, name)
                    if index is not None:
                        return index
    msg = f"no function '{name}' in the object"
    raise ValueError(msg)


def _symbol(part: _Reader, name: str) -> int | None:
    """Read one symbol; return its index if it is the function sought."""
    kind, flags = part.byte(), part.number()
    if kind == _SECTION:
        part.number()
        return None
    if kind == _DATA_SYMBOL:
        part.name()
        if not flags & _UNDEFINED:
            for _ in range(3):
                part.number()
        return None
    index = part.number()
    named = not flags & _UNDEFINED or bool(flags & _EXPLICIT_NAME)
    found = part.name() if named else ""
    return index if kind == _FUNCTION and found == name else None


def _data_end(body: bytes) -> int:
    """Return the end of the last active data segment, in bytes."""
    reader, end = _Reader(body), 0
    for _ in range(reader.number()):
        if reader.number() == 0:
            reader.byte()  # i32.const
            start = reader.number()
            reader.byte()  # end
            size = reader.number()
            reader.take(size)
            end = max(end, start + size)
        else:
            reader.take(reader.number())
    return end
