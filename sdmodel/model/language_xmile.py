"""What XMILE and Stella have and Vensim has not: the rows of that chapter."""

from __future__ import annotations

from sdmodel.model.construct import Construct

_LACKS = "PySD lacks it."

XMILE: tuple[Construct, ...] = (
    Construct(
        (),
        "",
        "`<module>`, `<connect>`, `Module.variable`",
        "Models inside models, at any depth: their variables are written out under "
        "the module's name; what is connected to an input is its equation.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`<conveyor><len>T</len></conveyor>`",
        "A plain conveyor: what gets on falls off T later (T fixed, rounded to steps), "
        "what it holds at first is spread evenly over it. One with a capacity, limit, "
        "leaks, a second outflow, batches or a list of initial values is refused, as "
        "are queues and ovens.",
        _LACKS,
    ),
    Construct(
        ("vmin_xmile", "vmax_xmile"),
        "",
        "`MIN(x)`, `MAX(x)` in a macro",
        "Over all elements of an array.",
    ),
    Construct(
        (),
        "",
        "`x[*]`, `x[*:Part]`, `x[Dim!]`, `x[a:b]`, `x[2]`, `x[Dim]`, `x[@1]`, `x'`, "
        "`Dim.element`",
        "A whole dimension, a part, a range, an element by its number, the own "
        "element, that of the first dimension here, the array turned round; an "
        "element's number. Ranges stand inside functions of arrays.",
        _LACKS,
    ),
    Construct(
        ("element_at",),
        "",
        "`x[i + 1]`",
        "A computed subscript, its fraction dropped; 0 beyond the ends.",
        _LACKS,
    ),
    Construct(
        ("element_of_rank",),
        "",
        "`RANK(x[*], k)`",
        "The flat number, from 1, of the k-th smallest element; equal ones in order, "
        "or in that of a third argument y[*].",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`MEAN(x[*])`, `STDDEV(x[*])`, `SIZE(x[*])`, `SIZE(Dim)`",
        "Σx / n, √(Σ(x - mean)² / n), and n.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`PREVIOUS(x, s)`, `PREVIOUS(SELF, s)`, `HISTORY(x, TIME - c)`",
        "x one step ago, s at first; x as it was c ago, 0 where that is before the "
        "start; `HISTORY(x, 5)`: x as it was at a time that is a number, 0 until then. "
        "Times of HISTORY that are computed otherwise are refused.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`LOOKUP(g, x)`, `LOOKUPINV(g, y)`",
        "The graphical function of a variable, read at x, or back from y.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`a // b`, `ROUND(x)`, `ROOTN(x, n)`, `PERCENT(x)`, `INF`, `NAN`",
        "SAFEDIV(a, b); x to the nearest whole number, halves away from 0; x^(1/n); "
        "100 x; infinity and no number.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`SINWAVE(a, p)`, `COSWAVE(a, p)`, `CGROWTH(q)`",
        "a · sin(2π Time / p), a · cos(2π Time / p); the rate ((1 + q/100)^DT - 1) / "
        "DT, with which a stock grows by q per cent in a unit of time.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`RANDOM(a, b)`, `NORMAL(m, d)`, `EXPRND(m)`, `LOGNORMAL(m, d)`, "
        "`WEIBULL(k, s)`, `PARETO(k, s)`, `LOGISTIC(m, s)`",
        "Draws, each with a seed behind if wished; m is the mean, d the deviation of "
        "what is drawn, k a shape, s a scale.",
        _LACKS,
    ),
    Construct(
        ("poisson", "triangular"),
        "",
        "`POISSON(m)`, `TRIANGULAR(a, c, b)`",
        "Draws, each with a seed behind if wished: how many arrive in a step, at m in "
        "a unit of time (mean m · DT; exact up to a mean of 30, beyond it six draws in "
        "a thousand or fewer are one beside); between a and b, most often near c.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`FV(r, n, p, v)`, `PMT(r, n, v, f)`, `PV(r, n, p, f)`",
        "The one of present value v, payment p and future value f that the others "
        "leave: v(1 + r)^n + p((1 + r)^n - 1) / r + f = 0; v + p·n + f = 0 at r = 0.",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`FACTORIAL(n)`, `COMBINATIONS(n, r)`, `PERMUTATIONS(n, r)`, `GAMMALN(x)`",
        "n!; n! / (r! (n - r)!); n! / (n - r)!; ln Γ(x).",
        _LACKS,
    ),
    Construct(
        (),
        "",
        "`<init_eqn>`",
        "The equation where initial values are sought, as in `ACTIVE INITIAL`.",
        _LACKS,
    ),
)
"""Where keys are missing, a row is read as others are: its tree is made of theirs."""
