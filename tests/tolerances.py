"""Every tolerance that a test may use, each with its reason; all are relative.

A test that needs another bound adds it here with a sentence, never a bare number.
"""

from __future__ import annotations

ENGINE_VS_PYSD = 1e-12
"""Compiled and NumPy engines against PySD, per column, of the column's maximum.
Both evaluate the same equations in the same order; what is left is the last bit of
exp, log and pow, carried through some hundred steps."""

ALLOCATION_VS_PYSD = 1e-6
"""Shares of ALLOCATE AVAILABLE against PySD, which looks for the price by least squares
to 1e-8 of what is left over; ours are solved to the last digits."""

KERNEL_VS_NUMPY = 1e-14
"""Compiled engine against NumPy, per column, of the column's maximum, over some sixty
steps: both round each operation alike but for the last bit of exp, ln and pow."""

BATCH_VS_SINGLE = 0.0
"""A batch against its single runs; any order, chunk and thread count: the same bits.
Runs share no arithmetic, so that anything else would be a fault."""

BALANCE = 1e-9
"""Balance of money, patients and staff, of the sum of absolute flows. Sums of some
thousand rounded flows; a flow that is forgotten or counted twice is far larger."""

BALANCE_AIM = 1e-11
"""What the balances reach in practice: rounding alone, without cancellation."""

FLOW_BALANCE = 1e-12
"""Flows of patients into and out of a tier, of all patients of that kind: sums of some
dozens of rounded numbers. The smallest way, care that does not come in the first year,
is 4e-7 of them."""

EMPTY_STOCK = 1e-15
"""How far below zero an empty stock may lie, of its own maximum: a fund that pays out
all it has is left with the rounding of its payments, some 1e-17 of what it held."""

DIP_IDENTITY = 1e-9
"""``point value * total points = budget``, of the total payment. One division and one
sum over service lines."""

FIELD_SUITE = 1e-5
"""The field's published test models against their published outputs, absolute and
relative. Those outputs are printed with six digits."""

HALF_STEP = 1e-2
"""Headline outcomes when the time step is halved. Euler's error is of first order;
one per cent is below what any of the inputs is known to."""

SMALL_SHARE = 1e-3
"""A share below one in a thousand counts as one in a thousand where changes are taken
relative to it: unmet need is a hundredth of that in some regimes."""

SALIB = 1e-12
"""Our estimators over many outputs at once against SALib's, one output at a time: the
same sums in another order."""

KNOWN_FUNCTION = 0.05
"""Sobol indices of the Ishigami function at N = 1024 against the exact values. The
sampling error at that size; the test also asks that the interval covers the truth."""

WASM_VS_NATIVE = 1e-12
"""The page's kernel against the native one with its usual settings, per series, of the
series' maximum: they differ where one fuses a product and a sum and the other does not,
in the last bit of exp, ln and pow, carried through some hundred steps."""

WASM_TRIGONOMETRY = 1e-14
"""The page's sin, cos and tan are JavaScript's, the native kernel's the C library's:
each good to about one unit in the last place."""

HOMOGENEITY = 1e-9
"""Relative difference between a grid and its scaled twin: rounding over 480 steps."""

LAB_SUMMARY = 1e-11
"""Quantiles and differences over draws in the page against Python's, of the largest
value: ten times the bound of a run, since a draw may lie far below the largest."""

SHARES_ADD = 1e-9
"""Parts of a change against the change itself. The parts are exact but for rounding
over some hundred thousand products; a link left out is far larger."""

MOMENTS = 1e-12
"""Moments gathered block by block against SciPy's of the whole: the same sums of powers
in another order."""

LAB_SHARES = 1e-9
"""Policy's and assumptions' parts of a change against the whole, of the outcome's size:
the same four numbers added in another order."""

SCORES_VS_SIMLIN = 1e-6
"""Link scores against pysimlin's: quotients of differences of neighbouring steps, which
lose some eight of sixteen digits."""

FLAT_VS_WHOLE = 1e-9
"""Loops written out alone against the whole model: the same sums, but tables read
between neighbours lose a bit, and a small difference of large numbers loses more."""

DELTA_SMOOTHING = 0.05
"""Borgonovo's delta of a sum of two uniform numbers against its exact value: Gaussian
kernels round off the edges of the densities, by less with more runs."""
