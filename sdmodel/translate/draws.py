"""Random functions: one number a step from a stream of its own for each call.

A stream is named by the run's NOISE SEED, by the call (its variable, element and place
in the equation) and by the seed that the call gives. A draw is a function of stream and
time, so that it is the same for any order of runs, chunk, thread count and engine.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from sdmodel.translate.nouns import NOISE_SEED
from sdmodel.translate.special import erfc, normal_quantile
from sdmodel.translate.timely import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder
    from sdmodel.translate.lower import Lowering
    from sdmodel.translate.nouns import Scope

    Args = Sequence[Any]

NAMES = frozenset(
    {"random_0_1", "random_uniform", "random_normal", "random_exponential"}
    | {"poisson", "triangular"}
)

_FEW = 30.0
"""Up to this mean a Poisson draw is exact, beyond it an expansion about the normal."""

_COUNTED = 90
"""Numbers that are counted one by one; of a mean of 30 fewer than 1e-16 lie beyond."""


def _uniform(low: Lowering, seed: NodeId, scope: Scope, tree: Any) -> NodeId:
    """Return a draw from (0, 1)."""
    element = scope.equation.element
    inner = sorted(
        item
        for item in scope.binding.items()
        if item not in scope.equation.binding.items()
    )
    site = f"{element}\0{inner}\0{low.site(element, tree)}"
    key = int.from_bytes(hashlib.sha256(site.encode()).digest()[:8], "little") >> 1
    (run,) = low.need(("scalar", "run", NOISE_SEED, ()))
    return low.build.op("uniform", run, seed, moment(low, scope), data=key)


def standard(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """RANDOM 0 1()."""
    return _uniform(low, low.build.const(0.0), scope, args)


def uniform(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """RANDOM UNIFORM(min, max, seed)."""
    op = low.build.op
    least, most, seed = (low.express(arg, scope) for arg in args)
    part = _uniform(low, seed, scope, args)
    return op("add", least, op("mul", op("sub", most, least), part))


def normal(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """RANDOM NORMAL(min, max, mean, standard deviation, seed), cut off at both ends."""
    b, op, const = low.build, low.build.op, low.build.const
    least, most, mean, deviation, seed = (low.express(arg, scope) for arg in args)
    zero = const(0.0)
    flat = op("eq", deviation, zero)
    scale = op("if", flat, const(1.0), deviation)
    a, z = (op("div", op("sub", end, mean), scale) for end in (least, most))
    # The tail in which the interval lies, so that small probabilities keep digits.
    upper = op("gt", a, zero)
    a, z = op("if", upper, op("neg", z), a), op("if", upper, op("neg", a), z)

    def below(x: NodeId) -> NodeId:
        root = const(-1.0 / math.sqrt(2.0))
        return op("mul", const(0.5), erfc(b, op("mul", x, root)))

    first = below(a)
    part = op("mul", op("sub", below(z), first), _uniform(low, seed, scope, args))
    drawn = normal_quantile(b, op("add", first, part))
    drawn = op("if", upper, op("neg", drawn), drawn)
    value = op("add", mean, op("mul", deviation, op("if", flat, zero, drawn)))
    return op("max", least, op("min", most, value))


def exponential(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """RANDOM EXPONENTIAL(min, max, shift, stretch, seed), cut off at both ends."""
    op, const = low.build.op, low.build.const
    least, most, shift, stretch, seed = (low.express(arg, scope) for arg in args)
    one, start = const(1.0), op("max", least, shift)
    length = op("div", op("sub", most, start), stretch)
    share = op("sub", one, op("exp", op("neg", length)))
    part = op("mul", share, _uniform(low, seed, scope, args))
    value = op("sub", start, op("mul", stretch, op("ln", op("sub", one, part))))
    return op("max", start, op("min", most, value))


def poisson(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """POISSON of XMILE, its mean and seed given."""
    mean, seed = (low.express(arg, scope) for arg in args)
    return poisson_quantile(low.build, mean, _uniform(low, seed, scope, args))


def poisson_quantile(b: Builder, mean: NodeId, share: NodeId) -> NodeId:
    """Return the number that a share of all Poisson draws of a mean does not exceed.

    Up to a mean of 30 it is counted; beyond, it is the expansion of Cornish and Fisher
    to its third term, which for six draws in a thousand or fewer is one beside.
    """
    op, const = b.op, b.const
    part = op("exp", op("neg", mean))
    below, count = part, const(0.0)
    for number in range(1, _COUNTED):
        count = op("add", count, op("gt", share, below))
        part = op("mul", part, op("div", mean, const(float(number))))
        below = op("add", below, part)
    z, root = normal_quantile(b, share), op("sqrt", mean)
    square = op("mul", z, z)
    bent = op("div", op("sub", square, const(1.0)), const(6.0))
    cubic = op("div", op("sub", z, op("mul", square, z)), op("mul", const(72.0), root))
    near = op("add", op("add", op("mul", root, z), bent), cubic)
    many = op("integer", op("add", op("add", mean, near), const(0.5)))
    value = op("if", op("le", mean, const(_FEW)), count, op("max", const(0.0), many))
    return op("if", op("ge", mean, const(0.0)), value, const(math.nan))


def triangular(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """TRIANGULAR(least, mode, most, seed) of Stella."""
    op, const = low.build.op, low.build.const
    least, mode, most, seed = (low.express(arg, scope) for arg in args)
    drawn = _uniform(low, seed, scope, args)
    width, left = op("sub", most, least), op("sub", mode, least)
    up = op("sqrt", op("mul", op("mul", drawn, width), left))
    rest = op("mul", op("sub", const(1.0), drawn), width)
    down = op("sqrt", op("mul", rest, op("sub", most, mode)))
    here = op("lt", drawn, op("div", left, width))
    return op("if", here, op("add", least, up), op("sub", most, down))
