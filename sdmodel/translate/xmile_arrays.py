"""What names and subscripts of an XMILE equation mean, once all variables are known.

Names of a module's own variables get its prefix, ``*`` becomes a range marked as in
Vensim's ``SUM(x[r!])``, numbers become elements, and functions of arrays are told what
they run over.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from sdmodel.translate.xmile_expr import ExpressionError, Place, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.translate.xmile_dims import Dims, Home

    Tree = Any

_OVER = {"sum": "sum", "prod": "prod", "min": "vmin", "max": "vmax"}
_ARRAY_ONLY = ("sum", "prod", "mean", "stddev", "size", "rank")
_VENSIM = ("vmin", "vmax", "vector_select")
"""Of Vensim, whose ranges marked with ``!`` PySD reads in XMILE too."""

_MEANS = frozenset({"nan", "inf", "self", "size", "pi", "dt", "starttime", "stoptime"})
"""Names that mean something where no variable has them."""

MAX_CHOICE = 300
"""Elements among which a computed subscript may choose."""


class Meaning:
    """Turns trees as read into trees in which every name is whole."""

    def __init__(
        self,
        dims: Dims,
        variables: Mapping[str, tuple[str, ...]],
        true: Mapping[str, str],
    ) -> None:
        """Take the dimensions, those of each variable by its whole key, and its name.

        The name is the one that PySD finds it by.
        """
        from pysd.translators.structures import abstract_expressions

        self.trees = abstract_expressions
        self.dims, self.variables, self.true = dims, variables, true

    def of(self, tree: Tree, home: Home, marks: set[str] | None = None) -> Tree:
        """Return the tree with whole names; ``marks`` collects what is run over.

        Raises
        ------
        ExpressionError
            If a subscript means nothing.
        """
        trees = self.trees
        if isinstance(tree, trees.ReferenceStructure):
            return self._reference(tree, home, marks)
        if isinstance(tree, trees.CallStructure):
            return self._call(tree, home, marks)
        if isinstance(tree, trees.LookupsStructure):
            return tree
        if isinstance(tree, list | tuple):
            return type(tree)(self.of(item, home, marks) for item in tree)
        if hasattr(tree, "__dataclass_fields__"):
            parts = {
                name: self.of(getattr(tree, name), home, marks)
                for name in tree.__dataclass_fields__
            }
            return type(tree)(**parts)
        return tree

    def whole(self, name: str, prefix: str) -> str:
        """Return the whole key of a name in a module; the same where there is none."""
        if name.startswith("."):
            return name[1:]
        parts = prefix.split(".") if prefix else []
        # Its own module first, then those around it.
        for depth in range(len(parts), -1, -1):
            longer = ".".join([*parts[:depth], name])
            if longer in self.variables and (depth == len(parts) or "." in name):
                return longer
        return name

    def plain(self, name: str, prefix: str) -> str:
        """Return the name by which the rest of the translation knows a variable.

        What is no variable of the file, yet means something, is called the time.
        """
        key = self.whole(name, prefix)
        means = name in _MEANS or self._position(name)
        if key not in self.variables and (means or name in self.dims.names):
            return "time"
        return self.true.get(key, name)

    def _reference(self, tree: Tree, home: Home, marks: set[str] | None) -> Tree:
        name, trees = tree.reference, self.trees
        if name == "self":
            name = home.name
        key = self.whole(name, home.prefix)
        given = getattr(tree.subscripts, "subscripts", None)
        if key not in self.variables:
            position = self._position(name)
            if position is not None and given is None:
                return position
            if name in {"nan", "inf"} and given is None:
                return float(name)
            if name.endswith("'") and self.whole(name[:-1], home.prefix) in (
                self.variables
            ):
                return self._transposed(name[:-1], home, marks)
            return trees.ReferenceStructure(name, given and self._plain(given))
        axes, true = self.variables[key], self.true[key]
        if not self.dims.sure(axes):
            return trees.ReferenceStructure(true)  # it is told, and spoiled
        if given is None and tree.reference == "self" and marks is None:
            return trees.ReferenceStructure(true, self._own(home) if axes else None)
        if given is None:
            wanted = [self._bare(axes, i, home, marks) for i in range(len(axes))]
            bare = trees.SubscriptsReferenceStructure(wanted) if wanted else None
            return trees.ReferenceStructure(true, bare)
        if len(given) != len(axes):
            return trees.ReferenceStructure(true, self._plain(given))
        return self._subscripted(key, axes, given, home, marks)

    def _own(self, home: Home) -> Tree:
        return self.trees.SubscriptsReferenceStructure(list(home.own))

    def _plain(self, given: Sequence[Tree]) -> Tree:
        names = [str(getattr(item, "reference", item)) for item in given]
        return self.trees.SubscriptsReferenceStructure(names)

    def _bare(
        self,
        axes: Sequence[str],
        place: int,
        home: Home,
        marks: set[str] | None,
    ) -> str:
        """Return what a dimension means that an array's name alone leaves open."""
        axis = axes[place]
        before = axes[:place].count(axis)
        mine = [own for own, of in zip(home.own, home.axes, strict=True) if of == axis]
        if marks is not None and "*" in marks:
            return self._mark(axis, marks, set(axes[:place]))
        if before < len(mine):
            return mine[before]
        if marks is not None:
            return self._mark(axis, marks, set(axes[:place]))
        return axis

    def _mark(self, axis: str, marks: set[str], beside: set[str]) -> str:
        label = self.dims.double(axis, {item for item in beside if item == axis})
        marks.add(label)
        return f"{label}!"

    def _transposed(self, name: str, home: Home, marks: set[str] | None) -> Tree:
        key = self.whole(name, home.prefix)
        axes = self.variables[key]
        if marks is not None or len(axes) != len(home.own):
            msg = f"'{name}' is turned round here, yet has other dimensions"
            raise ExpressionError(msg)
        subscripts = self.trees.SubscriptsReferenceStructure(list(home.own[::-1]))
        return self.trees.ReferenceStructure(self.true[key], subscripts)

    def _position(self, name: str) -> int | None:
        """Return the number of ``Dimension.element``."""
        axis, dot, element = name.partition(".")
        found = self.dims.names.get(axis) if dot else None
        if found is None:
            return None
        own = self.dims.element(found, element)
        return None if own is None else self.dims.elements[found].index(own) + 1

    def _subscripted(
        self,
        key: str,
        axes: Sequence[str],
        given: Sequence[Tree],
        home: Home,
        marks: set[str] | None,
    ) -> Tree:
        trees, found = self.trees, list[str]()
        choices: list[tuple[int, Tree]] = []
        for place, (axis, item) in enumerate(zip(axes, given, strict=True)):
            beside = {text[:-1] for text in found if text.endswith("!")}
            if marks is not None and self._is_left_open(item, home):
                item = Whole(of=item.reference)
            if isinstance(item, Whole):
                if marks is None:
                    msg = (
                        "a * or a range stands outside SUM, MEAN, MIN, MAX and the like"
                    )
                    raise ExpressionError(msg)
                label = self.dims.double(self._part(axis, item), beside)
                marks.add(label)
                found.append(f"{label}!")
            elif isinstance(item, Place):
                if not 0 < item.number <= len(home.own):
                    msg = f"@{item.number}, yet there are {len(home.own)} dimensions"
                    raise ExpressionError(msg)
                found.append(home.own[item.number - 1])
            else:
                named = self._one(axis, item, home)
                if named is None:
                    choices.append((place, self.of(item, home, None)))
                found.append(named or "")
        if choices:
            return self._chosen(key, axes, found, choices)
        subscripts = trees.SubscriptsReferenceStructure(found)
        return trees.ReferenceStructure(self.true[key], subscripts)

    def _is_left_open(self, item: Tree, home: Home) -> bool:
        """Tell whether a subscript is a dimension that the equation does not have."""
        name = self.dims.names.get(getattr(item, "reference", ""))
        return name is not None and name not in home.axes

    def _one(self, axis: str, item: Tree, home: Home) -> str | None:
        """Return the element or dimension that a subscript names; None if computed."""
        if isinstance(item, int) and not isinstance(item, bool):
            found = self.dims.element(axis, str(item))
            if found is None:
                msg = f"{item} is no element of {axis}"
                raise ExpressionError(msg)
            return found
        if not isinstance(item, self.trees.ReferenceStructure) or item.subscripts:
            return None
        found = self.dims.element(axis, item.reference)
        if found is not None:
            return found
        other = self.dims.names.get(item.reference)
        if other is not None:
            for own, of in zip(home.own, home.axes, strict=True):
                if of == other:
                    return own
            return other
        if self._position(item.reference) is not None:
            return self.dims.elements[axis][
                int(self._position(item.reference) or 1) - 1
            ]
        if self.whole(item.reference, home.prefix) in self.variables:
            return None
        return str(item.reference)

    def _part(self, axis: str, item: Whole) -> str:
        """Return the range that ``*``, ``*:Range`` or ``a:b`` runs over."""
        if item.of:
            return self.dims.names.get(item.of, item.of)
        if item.first is None:
            return axis
        ends: list[int] = []
        for end in (item.first, item.last):
            text = str(getattr(end, "reference", end))
            found = self.dims.element(axis, text)
            if found is None:
                msg = f"a range that begins or ends at '{text}', no element of {axis}"
                raise ExpressionError(msg)
            ends.append(self.dims.elements[axis].index(found))
        if ends[1] < ends[0]:
            msg = "a range that runs backwards"
            raise ExpressionError(msg)
        return self.dims.part(axis, self.dims.elements[axis][ends[0] : ends[1] + 1])

    def _chosen(
        self,
        key: str,
        axes: Sequence[str],
        found: Sequence[str],
        choices: Sequence[tuple[int, Tree]],
    ) -> Tree:
        """Return a call that picks elements by computed numbers; 0 beyond the ends."""
        trees = self.trees
        place, number = choices[0]
        elements = self.dims.elements[axes[place]]
        if prod(len(self.dims.elements[axes[p]]) for p, _ in choices) > MAX_CHOICE:
            msg = f"a computed subscript among more than {MAX_CHOICE} elements"
            raise ExpressionError(msg)
        picked: list[Tree] = []
        for element in elements:
            row = [*found[:place], element, *found[place + 1 :]]
            if len(choices) > 1:
                picked.append(self._chosen(key, axes, row, choices[1:]))
            else:
                subscripts = trees.SubscriptsReferenceStructure(row)
                picked.append(trees.ReferenceStructure(self.true[key], subscripts))
        function = trees.ReferenceStructure("element_at")
        return trees.CallStructure(function, (number, *picked))

    def _call(self, tree: Tree, home: Home, marks: set[str] | None) -> Tree:
        trees, name = self.trees, tree.function.reference
        key = self.whole(name, home.prefix)
        if key in self.variables:
            function = self._reference(tree.function, home, None)
            return trees.CallStructure(function, self.of(tree.arguments, home, marks))
        args = tree.arguments
        if name in _ARRAY_ONLY or (name in {"min", "max"} and args):
            return self._array(name, args, home, marks)
        if name in _VENSIM:
            # As SUM: the marks stay, for what the translation knows of Vensim.
            parts = [self.of(arg, home, {"!"}) for arg in args]
            return trees.CallStructure(tree.function, tuple(parts))
        return trees.CallStructure(tree.function, self.of(args, home, marks))

    def _array(
        self, name: str, args: Sequence[Tree], home: Home, marks: set[str] | None
    ) -> Tree:
        if name in {"min", "max"}:
            if marks is not None and len(args) > 1:
                parts = [self.of(arg, home, marks) for arg in args]
            else:
                parts = [
                    self._over(_OVER[name], arg, home, len(args) < 2) for arg in args
                ]
            tree = parts[0]
            for part in parts[1:]:
                tree = self._named(name, tree, part)
            return tree
        if not args:
            msg = f"{name.upper()} takes an array"
            raise ExpressionError(msg)
        if name == "size":
            return self._size(args[0], home)
        if name in {"sum", "prod", "mean", "stddev"}:
            return self._moment(name, args, home)
        rank = args[1] if len(args) > 1 else 1
        if getattr(rank, "reference", "") == "size":
            rank = self._size(args[0], home)
        else:
            rank = self.of(rank, home, None)
        if len(args) > 3:
            msg = f"RANK takes 1 to 3 arguments, {len(args)} given"
            raise ExpressionError(msg)
        arrays = [self.of(arg, home, {"*"}) for arg in (args[0], *args[2:])]
        return self._named("element_of_rank", arrays[0], rank, *arrays[1:])

    def _moment(self, name: str, args: Sequence[Tree], home: Home) -> Tree:
        """Return a sum, product, mean or deviation of arrays and single numbers."""
        trees = self.trees
        if name in {"sum", "prod"} and len(args) == 1:
            return self._over(name, args[0], home, True)
        sizes = [self._size(arg, home) for arg in args]
        inner = [self.of(arg, home, {"*"}) for arg in args]
        arrays = [bool(self._run(arg, home)) for arg in args]
        if name == "stddev":
            mean = self._moment("mean", args, home)
            inner = [
                trees.ArithmeticStructure(
                    ["^"], (trees.ArithmeticStructure(["-"], (item, mean)), 2)
                )
                for item in inner
            ]
        function = "prod" if name == "prod" else "sum"
        parts = [
            self._named(function, item) if array else item
            for item, array in zip(inner, arrays, strict=True)
        ]
        sign = "*" if name == "prod" else "+"
        total = parts[0]
        if len(parts) > 1:
            signs = [sign] * (len(parts) - 1)
            total = trees.ArithmeticStructure(signs, tuple(parts))
        if name in {"sum", "prod"}:
            return total
        total = trees.ArithmeticStructure(["/"], (total, sum(sizes)))
        return total if name == "mean" else self._named("sqrt", total)

    def _named(self, name: str, *args: Tree) -> Tree:
        function = self.trees.ReferenceStructure(name)
        return self.trees.CallStructure(function, tuple(args))

    def _over(self, name: str, arg: Tree, home: Home, must: bool) -> Tree:
        """Return a function over an argument, if that has anything to run over."""
        array = isinstance(arg, self.trees.ReferenceStructure)
        marks: set[str] | None = {"*"} if must else set() if array else None
        inner = self.of(arg, home, marks)
        if marks is None:
            return inner
        if marks - {"*"} or (must and name in {"sum", "prod"}):
            return self._named(name, inner)
        return inner

    def _size(self, arg: Tree, home: Home) -> Tree:
        found = self.dims.names.get(getattr(arg, "reference", ""))
        if found is not None and not getattr(arg, "subscripts", None):
            return self._named("elmcount", self.trees.ReferenceStructure(found))
        return prod(len(self.dims.elements[item]) for item in self._run(arg, home))

    def _run(self, arg: Tree, home: Home) -> set[str]:
        """Return the ranges that an argument is run over."""
        marks: set[str] = {"*"}
        self.of(arg, home, marks)
        return marks - {"*"}
