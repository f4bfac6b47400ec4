"""THE list of what model files may say, and what each construct means here.

A row's ``keys`` are the names under which the parsers hand it over; the translation has
a maker for each of them and for no others, which a test holds. ``docs/functions.md`` is
made from this list.
"""

from __future__ import annotations

from sdmodel.model.construct import Construct
from sdmodel.model.language_xmile import XMILE

_TRUTH = "Truth is 1 and 0; anything but 0 is true."
_SMALL = "zero means smaller than 1e-6"

CONSTRUCTS: dict[str, tuple[Construct, ...]] = {
    "Arithmetic and choice": (
        Construct(
            ("ArithmeticStructure",),
            "`a + b`, `a - b`, `a * b`, `a / b`, `a ^ b`, `-a`",
            "the same; `a mod b`",
            "IEEE double precision; `-x^2` is -(x²), `2^3^2` is 2^(3²). A quotient by "
            "zero is infinite or no number, and makes a bad run.",
            "PySD stops with an exception at a scalar 1/0.",
        ),
        Construct(
            ("LogicStructure",),
            "`=`, `<>`, `<`, `<=`, `>`, `>=`, `:AND:`, `:OR:`, `:NOT:`",
            "`and`, `or`, `not`",
            f"{_TRUTH} AND and OR without parentheses are read from right to left, "
            "with a warning. `x = :NA:` asks whether x is missing.",
            "PySD finds nothing equal to `:NA:`.",
        ),
        Construct(
            ("if_then_else",),
            "`IF THEN ELSE(c, a, b)`",
            "`IF c THEN a ELSE b`",
            "a where c is true, else b; what is not chosen does not count.",
            "PySD lacks XMILE's `ELSE IF`, and its keywords in small letters.",
        ),
        Construct(
            ("min",), "`MIN(a, b)`", "`MIN(a, b)`", "The smaller; nan if one is nan."
        ),
        Construct(
            ("max",), "`MAX(a, b)`", "`MAX(a, b)`", "The larger; nan if one is nan."
        ),
        Construct(
            ("zidz",),
            "`ZIDZ(a, b)`",
            "`SAFEDIV(a, b)`",
            f"a / b, or 0 where b is zero ({_SMALL}).",
        ),
        Construct(
            ("xidz",),
            "`XIDZ(a, b, c)`",
            "`SAFEDIV(a, b, c)`",
            f"a / b, or c where b is zero ({_SMALL}).",
        ),
        Construct(
            ("GameStructure",), "`GAME(a)`", "", "a: nobody plays while a model is run."
        ),
        Construct(
            ("a_function_of",),
            "`A FUNCTION OF(a, …)`",
            "",
            "No number: an equation still to be written, with a warning.",
        ),
    ),
    "Mathematics": (
        Construct(("abs",), "`ABS(x)`", "`ABS(x)`", "|x|"),
        Construct(("sqrt",), "`SQRT(x)`", "`SQRT(x)`", "√x"),
        Construct(("exp",), "`EXP(x)`", "`EXP(x)`", "e^x"),
        Construct(("ln",), "`LN(x)`", "`LN(x)`", "Natural logarithm."),
        Construct(
            ("log",),
            "`LOG(x, b)`",
            "`LOG(x, b)`, `LOG10(x)`",
            "ln x / ln b",
            "PySD lacks `LOG10`.",
        ),
        Construct(
            ("gamma_ln",), "`GAMMA LN(x)`", "", "ln Γ(x), x > 0.", "PySD lacks it."
        ),
        Construct(("power",), "`POWER(a, b)`", "`POWER(a, b)`", "a^b"),
        Construct(("pi",), "`PI()`", "`PI()`", "π"),
        Construct(
            ("sin", "cos", "tan"),
            "`SIN(x)`, `COS(x)`, `TAN(x)`",
            "the same",
            "Of an angle in radians.",
        ),
        Construct(
            ("arcsin", "arccos", "arctan"),
            "`ARCSIN(x)`, `ARCCOS(x)`, `ARCTAN(x)`",
            "the same",
            "Angles in radians.",
        ),
        Construct(
            ("sinh", "cosh", "tanh"),
            "`SINH(x)`, `COSH(x)`, `TANH(x)`",
            "the same",
            "Hyperbolic functions.",
        ),
        Construct(
            ("integer",),
            "`INTEGER(x)`",
            "`INT(x)`",
            "x without its fraction.",
        ),
        Construct(
            ("quantum",),
            "`QUANTUM(a, b)`",
            "`QUANTUM(a, b)`",
            "b · integer(a / b), or a where b < 1e-6.",
        ),
        Construct(
            ("modulo",),
            "`MODULO(a, b)`",
            "`a mod b`, `MODULO(a, b)`",
            "a - quantum(a, b): the remainder has the sign of a.",
        ),
    ),
    "Functions of time": (
        Construct(
            ("step",),
            "`STEP(h, t)`",
            "`STEP(h, t)`",
            "h from half a step before t on, else 0.",
        ),
        Construct(
            ("ramp", "Xramp"),
            "`RAMP(s, a, b)`",
            "`RAMP(s, a)`, `RAMP(s, a, b)`",
            "s · (min(Time, b) - a) from a (less 1e-6) on, else 0.",
        ),
        Construct(
            ("pulse",), "`PULSE(a, w)`", "", "1 while a - 1e-6 ≤ Time < a + w, else 0."
        ),
        Construct(
            ("pulse_train",),
            "`PULSE TRAIN(a, w, i, b)`",
            "",
            "PULSE(a, w), again after every i, until b; not at b itself, where "
            "Vensim's still pulses.",
        ),
        Construct(
            ("Xpulse", "Xpulse_train"),
            "",
            "`PULSE(m, a)`, `PULSE(m, a, i)`",
            "m / TIME STEP for one step, so that it adds m; again after every i.",
        ),
        Construct(
            ("get_time_value",),
            "`GET TIME VALUE(r, o, 0)`",
            "",
            "Time + o for r = 0, INITIAL TIME + o for r = 1. Calendar dates and the "
            "computer's clock are refused: a run must give the same numbers tomorrow.",
            "PySD lacks r = 1.",
        ),
        Construct(
            ("ReferenceStructure",),
            "`Time`, `TIME STEP`, `INITIAL TIME`, …",
            "`TIME`, `DT`, `STARTTIME`, `STOPTIME`",
            "The control variables may be equations of constants and of Time, so that "
            "steps change their length on the way; FINAL TIME and SAVEPER may depend "
            "on stocks, and then all runs go as far as the file's own values do. "
            "Where SAVEPER is no multiple of TIME STEP, the steps are saved that a "
            "multiple of it falls on, and where TIME STEP does not divide the time "
            "between INITIAL TIME and FINAL TIME, the last step ends beyond FINAL "
            "TIME, each with a warning. In XMILE `<start>`, `<stop>` and `<dt>` may "
            "be equations; a variable called FINAL TIME does not count.",
            "PySD lacks `DT`, `STARTTIME`, `STOPTIME`.",
        ),
    ),
    "Stocks and memory": (
        Construct(
            ("IntegStructure",),
            "`INTEG(f, s)`",
            "`<stock>`, `<non_negative/>`",
            "s at first, then + TIME STEP · f at each step (Euler); non-negative "
            "stocks are held at 0.",
        ),
        Construct(
            ("DelayStructure",),
            "`DELAY1(x, T)`, `DELAY1I(x, T, s)`, `DELAY3(x, T)`, `DELAY3I(x, T, s)`",
            "`DELAY1(x, T[, s])`, `DELAY3(x, T[, s])`",
            "Material delay: n stocks in a row, each emptied over T / n. Where a run "
            "shortens T below n steps, n falls, as in PySD.",
            "Where the file itself has T below n steps, n stays, as Vensim's published "
            "numbers have it; PySD lowers it.",
        ),
        Construct(
            ("DelayNStructure",),
            "`DELAY N(x, T, s, n)`",
            "`DELAYN(x, T, n[, s])`",
            "The same of order n; what leaves a stage takes the T of when it came in.",
        ),
        Construct(
            ("DelayFixedStructure",),
            "`DELAY FIXED(x, T, s)`",
            "`DELAY(x, T[, s])`",
            "x as it was T ago, s before; T is rounded to steps, at least one.",
        ),
        Construct(
            ("delay_material",),
            "`DELAY MATERIAL(x, T, s, m)`",
            "",
            "x as it was T ago, s before, T fixed; something arrives at every step, so "
            "that m is never asked for.",
            "PySD lacks it.",
        ),
        Construct(
            ("SmoothStructure",),
            "`SMOOTH(x, T)`, `SMOOTHI(x, T, s)`, `SMOOTH3(x, T)`, `SMOOTH3I(x, T, s)`",
            "`SMTH1(x, T[, s])`, `SMTH3(x, T[, s])`",
            "Information delay: n averages in a row, each over T / n.",
        ),
        Construct(
            ("SmoothNStructure",),
            "`SMOOTH N(x, T, s, n)`",
            "`SMTHN(x, T, n[, s])`",
            "The same of order n.",
        ),
        Construct(
            ("TrendStructure",),
            "`TREND(x, T, g)`",
            "`TREND(x, T[, g])`",
            "Relative growth: (x - a) / (T · |a|), a the average of x over T, at first "
            "x / (1 + g·T).",
        ),
        Construct(
            ("ForecastStructure",),
            "`FORECAST(x, T, h)`",
            "`FORCST(x, T, h[, g])`",
            "x · (1 + h · (x - a) / (T · a)), a as in TREND, at first x / (1 + g).",
        ),
        Construct(
            ("npv",),
            "`NPV(x, r, s, f)`",
            "",
            "f · (s + Σ TIME STEP · x / (1 + r · TIME STEP)^k) over the steps k from 0 "
            "up to now.",
            "PySD lacks it.",
        ),
        Construct(
            ("SampleIfTrueStructure",),
            "`SAMPLE IF TRUE(c, x, s)`",
            "",
            "x while c is true, then what it last was; s before. Its own name inside "
            "it means what is held.",
            "PySD never ends where a sample names itself.",
        ),
        Construct(
            ("InitialStructure",),
            "`INITIAL(x)`",
            "`INIT(x)`",
            "x as it is before the first step.",
        ),
        Construct(
            ("active_initial",),
            "`ACTIVE INITIAL(x, s)`",
            "",
            "x; but s where initial values are sought.",
        ),
    ),
    "Subscripts and vectors": (
        Construct(
            ("sum", "prod", "vmin", "vmax"),
            "`SUM(x[r!])`, `PROD(x[r!])`, `VMIN(x[r!])`, `VMAX(x[r!])`",
            "`SUM(x[*])`, `PROD(x)`, `MIN(x)`, `MAX(x)`",
            "Over all elements of the ranges marked with `!`; in XMILE of whole "
            "arrays and slices. Sums are added in NumPy's pairwise order.",
            "PySD lacks XMILE's, but for `MIN` and `MAX` of an array by its name.",
        ),
        Construct(("elmcount",), "`ELMCOUNT(r)`", "", "Number of elements of a range."),
        Construct(
            ("vector_select",),
            "`VECTOR SELECT(s[r!], x[r!], m, a, e)`",
            "",
            "Over the elements with s ≠ 0: a = 0 Σ s·x, 1 Π s·x, 2 min, 3 max, 4 mean "
            "of s·x, 5 Π x^s, 6 Σ x, 7 Π x, 8 min, 9 max, 10 mean of x; m where there "
            "is none. e = 1 none, 2 more than one, 3 either makes a bad run.",
        ),
        Construct(
            ("vector_sort_order",),
            "`VECTOR SORT ORDER(x[r], d)`",
            "",
            "Which element (from 0) stands at this place, ascending for d > 0; equal "
            "values stay in order.",
        ),
        Construct(
            ("vector_rank",),
            "`VECTOR RANK(x[r], d)`",
            "",
            "The place (from 1) of this element when sorted.",
        ),
        Construct(
            ("vector_reorder",),
            "`VECTOR REORDER(x[r], o[r])`",
            "",
            "Element o (from 0) of x.",
        ),
        Construct(
            ("vector_elm_map",),
            "`VECTOR ELM MAP(x[a], o)`",
            "",
            "The element o places (rounded) after a in its range; no number beyond.",
            "PySD lacks it.",
        ),
        Construct(
            ("invert_matrix",),
            "`INVERT MATRIX(x[r,q], n)`",
            "",
            "The inverse over the last two ranges, by elimination with pivots; up to "
            "100 rows.",
        ),
    ),
    "Allocation": (
        Construct(
            ("AllocateByPriorityStructure",),
            "`ALLOCATE BY PRIORITY(q[r], p[r], n, w, s)`",
            "",
            "Supply s goes to requests q by priority p; those closer than w share.",
        ),
        Construct(
            ("AllocateAvailableStructure",),
            "`ALLOCATE AVAILABLE(q[r], p[r,first], s)`",
            "",
            "One price clears the market: each request follows its own curve "
            "(1 rectangular, 2 triangular, 3 normal, 4 exponential), solved to the "
            "last digits.",
        ),
    ),
    "Tables and data": (
        Construct(
            ("lookup",),
            "`f((x,y),…)`, `f(x,…,y,…)`, `f(x)`",
            "`<gf>`, `f(x)`",
            "Linear between points (of two at one x the later counts), beyond them the "
            "end value (XMILE's `extrapolate`: on straight; `discrete`: last held).",
        ),
        Construct(
            ("InlineLookupsStructure",),
            "`WITH LOOKUP(x, ((x,y),…))`",
            "`<aux>` with `<gf>`",
            "The same inside an equation.",
            "PySD takes every table inside an equation for a clamped one.",
        ),
        Construct(
            ("lookup_extrapolate", "lookup_forward", "lookup_backward"),
            "`LOOKUP EXTRAPOLATE(f, x)`, `LOOKUP FORWARD(f, x)`, "
            "`LOOKUP BACKWARD(f, x)`",
            "",
            "A table read with another rule: on along the outer lines; the next "
            "point's value; the last point's.",
            "PySD lacks them.",
        ),
        Construct(
            ("lookup_invert",),
            "`LOOKUP INVERT(f, y)`",
            "",
            "The x at which a table of rising or falling values has the value y.",
            "PySD lacks it.",
        ),
        Construct(
            ("Series",),
            "`GET DIRECT CONSTANTS/LOOKUPS/DATA/SUBSCRIPT`, `GET XLS …`; "
            "`:INTERPOLATE:`, `:HOLD BACKWARD:`, `:LOOK FORWARD:`, `:RAW:`",
            "",
            "Cells of spreadsheets and text tables in the model's folder. Constants "
            "may be set by a run. Data without an equation come from a `.csv`, `.tab` "
            "or `.dat` file beside the model: one whose name holds `data` goes before "
            "others, and one called as the model or `output` comes last. Before them "
            "count those named by `--data FILE`, wherever they are, in their order, "
            "NetCDF 4 (`.nc`) too; a table that is no UTF-8 is read as Windows-1252.",
            "PySD is given files (`data_files`) alone and lacks `.dat`; it refuses "
            "data without a word in colons.",
        ),
    ),
    "Random numbers": (
        Construct(("random_0_1",), "`RANDOM 0 1()`", "", "Uniform in (0, 1)."),
        Construct(
            ("random_uniform",), "`RANDOM UNIFORM(a, b, s)`", "", "Uniform in (a, b)."
        ),
        Construct(
            ("random_normal",),
            "`RANDOM NORMAL(a, b, m, d, s)`",
            "",
            "Normal of mean m and deviation d, cut off at a and b.",
        ),
        Construct(
            ("random_exponential",),
            "`RANDOM EXPONENTIAL(a, b, h, l, s)`",
            "",
            "h + l · Exp(1), cut off at max(a, h) and b.",
        ),
    ),
    "XMILE and Stella alone": XMILE,
}
"""Constructs by chapter, in the order of the page."""
