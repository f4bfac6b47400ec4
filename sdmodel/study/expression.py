"""Outcome expressions: names of a model joined by + - * / and brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sdmodel.errors import did_you_mean
from sdmodel.model.core import Model, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w\[])
    |"(?P<quoted>[^"]*)"|(?P<sign>[-+*/()])
    |(?P<bare>\w[\w ]*(?:\[[^\]]*\])?))\s*""",
    re.VERBOSE,
)
_LOOSE, _TIGHT, _UNARY = 1, 2, 3
_STRENGTH = {"+": _LOOSE, "-": _LOOSE, "*": _TIGHT, "/": _TIGHT, "neg": _UNARY}


@dataclass(frozen=True)
class Expression:
    """An expression in postfix order: numbers, element names (str) and ``"+-*/"``.

    ``steps`` pairs a kind ("number", "name" or "sign") with its content.
    """

    text: str
    steps: tuple[tuple[str, float | str], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Elements it needs, each once, in order."""
        return tuple(
            dict.fromkeys(str(what) for kind, what in self.steps if kind == "name")
        )

    @property
    def single(self) -> str | None:
        """The element, when it is nothing but one name."""
        return self.names[0] if len(self.steps) == 1 and self.names else None

    def evaluate(
        self, series: Mapping[str, NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return its value from those of its names, all of dims (run, time).

        A division by zero gives inf or nan, as the caller must expect.
        """
        if len(self.steps) == 1 and self.steps[0][0] == "name":
            return series[str(self.steps[0][1])]
        import numpy as np

        stack: list[NDArray[np.float64]] = []
        with np.errstate(all="ignore"):
            for kind, what in self.steps:
                if kind == "name":
                    stack.append(series[str(what)])
                elif kind == "number":
                    stack.append(np.asarray(float(what)))
                elif what == "neg":
                    stack.append(-stack.pop())
                else:
                    right, left = stack.pop(), stack.pop()
                    stack.append(_apply(str(what), left, right))
        return stack.pop()


def _apply(
    sign: str, left: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    return left * right if sign == "*" else left / right


def element_names(model: Model) -> dict[str, str]:
    """Return the elements of a model by their plain names."""
    return {plain(name): name for name in model.scalars}


def parse(
    text: str, model: Model, names: Mapping[str, str] | None = None
) -> Expression:
    """Return an expression whose names are elements of the model.

    Parameters
    ----------
    text
        As in ``outcomes.csv``.
    model
        Whose elements may stand in it.
    names
        From `element_names`, for callers that parse many.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong with it.
    """
    names = element_names(model) if names is None else names
    whole = names.get(plain(text))
    if whole is not None:
        return Expression(text, (("name", whole),))
    known = names
    return parse_with(text, lambda name: _element(name, known, model))


def parse_with(text: str, resolve: Callable[[str], str]) -> Expression:
    """Return an expression of names that ``resolve`` understands.

    Parameters
    ----------
    text
        As in ``outcomes.csv``: names, numbers, ``+ - * /`` and brackets.
    resolve
        Gives the true name of each, or raises ValueError with a sentence.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong with it.
    """
    steps = _postfix(_tokens(text), text)
    return Expression(
        text,
        tuple(
            (kind, resolve(str(what)) if kind == "name" else what)
            for kind, what in steps
        ),
    )


def _element(name: str, names: Mapping[str, str], model: Model) -> str:
    found = names.get(plain(name))
    if found is not None:
        return found
    for variable in model.variables.values():
        if plain(variable.name) == plain(name) and len(variable.elements) > 1:
            listed = ", ".join(variable.elements[:8])
            msg = f"'{name}' is an array; name its elements: {listed}"
            raise ValueError(msg)
    msg = f"no variable '{name}' in {model.path}{did_you_mean(name, model.scalars)}"
    raise ValueError(msg)


def _tokens(text: str) -> list[tuple[str, float | str]]:
    found: list[tuple[str, float | str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            msg = f"'{text[at:].strip()}' cannot be read here"
            raise ValueError(msg)
        at = match.end()
        kind = str(match.lastgroup)
        content = str(match[kind]).strip()
        if kind == "number":
            found.append(("number", float(content)))
        elif kind == "sign":
            found.append(("sign", content))
        else:
            found.append(("name", content))
    return found


def _postfix(
    tokens: list[tuple[str, float | str]], text: str
) -> list[tuple[str, float | str]]:
    """Order tokens for a stack (Dijkstra's shunting yard), checking the grammar."""
    done: list[tuple[str, float | str]] = []
    waiting: list[str] = []
    value_comes = True
    for kind, what in tokens:
        if kind != "sign" or what == "(":
            if not value_comes:
                msg = f"an operator is missing before '{what}'"
                raise ValueError(msg)
            if what == "(" and kind == "sign":
                waiting.append("(")
            else:
                done.append((kind, what))
                value_comes = False
        elif what == ")":
            if value_comes or "(" not in waiting:
                msg = "')' without what it closes"
                raise ValueError(msg)
            while (top := waiting.pop()) != "(":
                done.append(("sign", top))
        else:
            sign = str(what)
            if value_comes:
                if sign not in "+-":
                    msg = f"a name or number is missing before '{sign}'"
                    raise ValueError(msg)
                if sign == "-":
                    waiting.append("neg")
                continue
            while waiting and _STRENGTH.get(waiting[-1], 0) >= _STRENGTH[sign]:
                done.append(("sign", waiting.pop()))
            waiting.append(sign)
            value_comes = True
    if value_comes:
        msg = "a name or number is missing at the end" if text.strip() else "blank"
        raise ValueError(msg)
    if "(" in waiting:
        msg = "'(' is never closed"
        raise ValueError(msg)
    return done + [("sign", sign) for sign in reversed(waiting)]
