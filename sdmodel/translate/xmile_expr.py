"""The text of an XMILE equation → a syntax tree, as PySD's parser makes them.

The grammar is that of XMILE 1.0, chapter 3.3, with PySD's reading where the two differ:
AND and OR of one level stand side by side, and a sign in front belongs to a whole
power. Subscripts may be expressions, ``*``, ``*:Range``, ``Range!``, ``a:b``, ``@1``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdmodel.translate.source import without_remarks

if TYPE_CHECKING:
    from collections.abc import Callable

    Tree = Any

MAX_DEPTH = 60
"""Levels of parentheses, choices and functions inside each other."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
    |(?P<name>\.?(?:[^\W\d][\w$']*|"(?:\\"|[^"])*")
      (?:\.(?:[^\W\d][\w$']*|"(?:\\"|[^"])*"))*)
    |(?P<sign><>|<=|>=|//|[-+*/^()\[\],;:@<>=!])
    )""",
    re.VERBOSE,
)
_WORDS = frozenset({"if", "then", "else", "and", "or", "not", "mod"})
_COMPARED = frozenset({"=", "<>", "<", "<=", ">", ">="})
_LIST = re.compile(r"[\s\d.eE+\-]*[,;][\s\d.eE+\-,;]*\Z")


class ExpressionError(Exception):
    """An equation that is not understood; the message says from where on."""


@dataclass(frozen=True)
class Whole:
    """A subscript that stands for a whole dimension, or for a part of one.

    ``first`` and ``last`` are names or numbers as written, ``*`` alone gives none;
    ``of`` is the subrange after a colon.
    """

    of: str = ""
    first: Tree = None
    last: Tree = None


@dataclass(frozen=True)
class Place:
    """A subscript ``@n``: the n-th dimension of the variable that is defined."""

    number: int


def numbers_of(text: str) -> Any:
    """Return the array of an equation that is a list of numbers, or None."""
    import numpy as np

    text = without_remarks(text).strip()
    if not _LIST.match(text):
        return None
    rows = [row.split(",") for row in text.strip("; \n\t").split(";")]
    try:
        return np.squeeze(np.array(rows, dtype=float))
    except ValueError:
        return None


def expression(text: str, call: Callable[[str, list[Tree]], Tree]) -> Tree:
    """Return the syntax tree of an equation.

    Parameters
    ----------
    text
        The equation as the file has it; remarks in braces are left out.
    call
        Makes the tree of a function's call from its key and its arguments.

    Raises
    ------
    ExpressionError
        If it cannot be read to its end.
    """
    return _Reader(without_remarks(text), call).whole()


def key_of(name: str) -> str:
    """Return the spelling under which XMILE's names are matched, dots included.

    Small letters; a blank, a line break and an underscore are the same.
    """
    plain = re.sub(r"\\n|\s", "_", name.strip().replace('"', ""))
    return re.sub(r"_+", "_", plain).lower()


class _Reader:
    """One pass over the tokens of an equation."""

    def __init__(self, text: str, call: Callable[[str, list[Tree]], Tree]) -> None:
        from pysd.translators.structures import abstract_expressions

        self.trees = abstract_expressions
        self.text, self.call = text.strip(), call
        self.at = self.depth = 0
        self.kind = self.word = ""
        self.next()

    def next(self) -> None:
        """Step to the next token."""
        self.start = self.at
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            if self.text[self.at :].strip():
                self.fail()
            self.kind, self.word = "end", ""
            return
        self.kind = str(found.lastgroup)
        self.word = found[self.kind]
        self.at = found.end()
        if self.kind == "name" and self.word.lower() in _WORDS:
            self.kind, self.word = "word", self.word.lower()

    def fail(self) -> None:
        """Tell where reading stopped."""
        rest = " ".join(self.text[self.start :].split())[:30]
        msg = f"not understood from '{rest}' on" if rest else "it ends too early"
        raise ExpressionError(msg)

    def take(self, *words: str) -> str:
        """Return the present word, if it is one of these, and step on."""
        if self.kind in {"sign", "word"} and self.word in words:
            word = self.word
            self.next()
            return word
        return ""

    def want(self, word: str) -> None:
        """Step over a word that must stand here."""
        if not self.take(word):
            self.fail()

    def whole(self) -> Tree:
        """Return the tree of all of the text."""
        tree = self.any()
        if self.kind != "end":
            self.fail()
        return tree

    def any(self) -> Tree:
        """Return a choice, or what AND and OR join."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            msg = f"more than {MAX_DEPTH} levels deep; name a part of the equation"
            raise ExpressionError(msg)
        tree = self.joined()
        self.depth -= 1
        return tree

    def choice(self) -> Tree:
        """Return IF … THEN … ELSE …; the last part goes as far as it can."""
        parts = [self.any()]
        self.want("then")
        parts.append(self.any())
        self.want("else")
        parts.append(self.any())
        return self.call("if_then_else", parts)

    def joined(self) -> Tree:
        parts, signs = [self.negated()], []
        while word := self.take("and", "or"):
            signs.append(f":{word.upper()}:")
            parts.append(self.negated())
        return self.trees.LogicStructure(signs, tuple(parts)) if signs else parts[0]

    def negated(self) -> Tree:
        count = 0
        while self.take("not"):
            count += 1
        tree = self.compared()
        for _ in range(min(count, 2) if count % 2 == 0 else 1):
            tree = self.trees.LogicStructure([":NOT:"], (tree,))
        return tree

    def compared(self) -> Tree:
        tree = self.sum()
        for _ in range(MAX_DEPTH):
            sign = self.take(*_COMPARED)
            if not sign:
                break
            tree = self.trees.LogicStructure([sign], (tree, self.sum()))
        return tree

    def sum(self) -> Tree:
        parts, signs = [self.rest()], []
        while sign := self.take("+", "-"):
            signs.append(sign)
            parts.append(self.rest())
        if not signs:
            return parts[0]
        return self.trees.ArithmeticStructure(signs, tuple(parts))

    def rest(self) -> Tree:
        """Return a remainder; PySD reads MOD after products."""
        tree = self.product()
        for _ in range(MAX_DEPTH):
            if not self.take("mod"):
                break
            tree = self.call("modulo", [tree, self.product()])
        return tree

    def product(self) -> Tree:
        parts, signs = [self.power()], []
        for _ in range(len(self.text)):
            sign = self.take("*", "/", "//")
            if not sign:
                break
            if sign != "//":
                signs.append(sign)
                parts.append(self.power())
                continue
            # Stella's division that gives 0 where the divisor is zero.
            self.depth += 1
            left = self._product_of(signs, parts)
            parts, signs = [self.call("safediv", [left, self.power()])], []
            if self.depth > MAX_DEPTH:
                self.fail()
        return self._product_of(signs, parts)

    def _product_of(self, signs: list[str], parts: list[Tree]) -> Tree:
        if not signs:
            return parts[0]
        return self.trees.ArithmeticStructure(signs, tuple(parts))

    def power(self) -> Tree:
        """Return powers, read from right to left; a sign belongs to all of one."""
        parts = [self.signed()]
        while self.take("^"):
            parts.append(self.signed())
        if len(parts) > MAX_DEPTH:
            self.fail()
        minus, tree = parts.pop()
        if minus and isinstance(tree, int | float):
            minus, tree = False, -tree
        while True:
            if minus:
                tree = self.trees.ArithmeticStructure(["negative"], (tree,))
            if not parts:
                return tree
            minus, base = parts.pop()
            tree = self.trees.ArithmeticStructure(["^"], (base, tree))

    def signed(self) -> tuple[bool, Tree]:
        minus = False
        while sign := self.take("+", "-"):
            minus ^= sign == "-"
        return minus, self.one()

    def one(self) -> Tree:
        """Return a number, a name, a call, a choice, or what parentheses hold."""
        if self.kind == "number":
            word = self.word
            self.next()
            return int(word) if word.isdigit() else float(word)
        if self.take("if"):
            return self.choice()
        if self.take("("):
            tree = self.any()
            self.want(")")
            if isinstance(tree, int | float) and tree < 0:
                # Told from a sign in front of a power.
                return self.trees.ArithmeticStructure(["-"], (0, -tree))
            return tree
        if self.kind != "name":
            self.fail()
        name = key_of(self.word)
        self.next()
        marks = self.subscripts() if self.take("[") else None
        if self.take("("):
            arguments = self.arguments()
            if marks is None:
                return self.call(name, arguments)
            table = self.trees.ReferenceStructure(name, marks)
            return self.trees.CallStructure(table, tuple(arguments))
        return self.trees.ReferenceStructure(name, marks)

    def arguments(self) -> list[Tree]:
        found: list[Tree] = []
        if self.take(")"):
            return found
        while True:
            found.append(self.any())
            if self.take(")"):
                return found
            self.want(",")

    def subscripts(self) -> Tree:
        found: list[Tree] = []
        while True:
            found.append(self.subscript())
            if self.take("]"):
                return self.trees.SubscriptsReferenceStructure(found)
            self.want(",")

    def subscript(self) -> Tree:
        if self.take("*"):
            if not self.take(":"):
                return Whole()
            name = key_of(self.word)
            if self.kind != "name":
                self.fail()
            self.next()
            return Whole(of=name)
        if self.take("@"):
            number = self.word
            if self.kind != "number" or not number.isdigit():
                self.fail()
            self.next()
            return Place(int(number))
        first = self.any()
        if self.take("!"):  # as in Vensim
            if type(first).__name__ != "ReferenceStructure" or first.subscripts:
                self.fail()
            return Whole(of=first.reference)
        if self.take(":"):
            return Whole(first=first, last=self.any())
        return first
