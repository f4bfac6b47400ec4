"""What a change is made of: volume, mix, price and their like, without a remainder."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.errors import DataError
from sdmodel.experiments.explanation import FactorPart
from sdmodel.experiments.spread import drawn_scenarios, range_of
from sdmodel.experiments.whatif import make_inputs
from sdmodel.study.accounts import read_accounts
from sdmodel.study.design import Save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.experiments.spread import Range
    from sdmodel.experiments.workbook import Workbook
    from sdmodel.model.web import Web
    from sdmodel.study.accounts import Account
    from sdmodel.study.outcomes import OutcomeKey
    from sdmodel.study.scenario import Scenario
    from sdmodel.study.summaries import Window

FIT = 1e-9
"""Relative distance that the items' sum may have from the outcome: rounding."""


def factor_courses(
    account: Account, series: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return each factor of each item, (item, factor, run, time).

    Where a factor divides by nothing it counts as nothing: nobody came, so that neither
    price nor mix of them adds anything.
    """
    known = dict(series)
    for name, measure in account.measures.items():
        known[name] = measure.evaluate(known)
    shape = next(iter(series.values())).shape
    found = np.ones((len(account.items), len(account.factors), *shape))
    for i, item in enumerate(account.items.values()):
        for f, factor in enumerate(account.factors):
            if factor in item:
                found[i, f] = item[factor].evaluate(known)
    return np.where(np.isfinite(found), found, 0.0)


def decompose(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each factor brings of the change of the sum of products.

    Shapley's value (1953) over the factors, each moved in all items at once: the mean,
    over all orders in which factors may move, of what the sum gains when one does. The
    parts add to the change, and no order is preferred.

    Parameters
    ----------
    factors
        (item, factor, 2, time): before and after.

    Returns
    -------
    NDArray
        (factor, time), in the unit of the sum.
    """
    n = factors.shape[1]
    totals: dict[frozenset[int], NDArray[np.float64]] = {}
    for size in range(n + 1):
        for moved in itertools.combinations(range(n), size):
            product = np.ones((factors.shape[0], factors.shape[3]))
            for f in range(n):
                product = product * factors[:, f, 1 if f in moved else 0]
            totals[frozenset(moved)] = product.sum(axis=0)
    parts = np.zeros((n, factors.shape[3]))
    for f in range(n):
        for after, total in totals.items():
            if f in after:
                before = after - {f}
                weight = math.factorial(len(before)) * math.factorial(n - len(after))
                parts[f] += weight / math.factorial(n) * (total - totals[before])
    return parts


def account_parts(
    account: Account,
    series: Mapping[str, NDArray[np.float64]],
    key: OutcomeKey,
    times: NDArray[np.float64],
    window: Window,
) -> NDArray[np.float64]:
    """Return what each factor brings of the change of an outcome's number, (factor,).

    Parameters
    ----------
    account
        How the outcome is made up.
    series
        Its elements, (2, time): before and after.
    key, window
        The number, a weighted sum of the outcome's series, so that parts add over time
        as they do at each.
    times
        Saved times, (time,).

    Raises
    ------
    DataError
        If the account's items do not add to the outcome.
    """
    factors = factor_courses(account, series)
    whole = key.outcome.expression.evaluate(series)
    check_sum(account, factors, np.broadcast_to(whole, factors.shape[2:]))
    return key.value(decompose(factors), times, window)


def account_of(
    workbook: Workbook,
    web: Web,
    both: Courses,
    key: OutcomeKey,
    window: Window,
    scenarios: Sequence[Scenario],
    draws: int,
    seed: int,
) -> tuple[FactorPart, ...]:
    """Return the parts of the outcome's account; none if it has no account.

    Parameters
    ----------
    workbook
        The model and its tables, accounts among them.
    web, both
        Its graph, and the courses of the two runs: before and after.
    key, window
        The number that is explained.
    scenarios
        The same two, which draws of the uncertainties vary.
    draws, seed
        Draws for the ranges; 0 for none.
    """
    accounts = read_accounts(workbook.folder, web.model, workbook.outcomes)
    account = next((a for a in accounts if a.outcome == key.outcome.id), None)
    if account is None:
        return ()
    names = tuple(dict.fromkeys([*account.names, *key.outcome.expression.names]))
    saved = np.asarray(web.model.time.saved)
    at = np.searchsorted(both.times, saved - 1e-9)
    central = {n: both.of(web.model.scalars[n])[:, at] for n in names}
    parts = account_parts(account, central, key, saved, window)
    ranges: list[Range | None] = [None] * len(parts)
    drawn = drawn_scenarios(workbook, scenarios, draws, seed)
    if drawn is not None:
        output = simulate(
            web.model, make_inputs([*drawn[0], *drawn[1]], web.model), Save(names)
        )
        found = []
        for i in np.flatnonzero(output.status[:draws] + output.status[draws:] == 0):
            pair = output.values[[i, i + draws]]
            series = {n: pair[:, :, c] for c, n in enumerate(names)}
            found.append(account_parts(account, series, key, saved, window))
        ranges = [range_of(column) for column in np.array(found).T] or ranges
    return tuple(
        FactorPart(name, texts, float(part), spread)
        for (name, texts), part, spread in zip(
            account.factors.items(), parts, ranges, strict=True
        )
    )


def check_sum(
    account: Account, factors: NDArray[np.float64], outcome: NDArray[np.float64]
) -> None:
    """Refuse an account whose items do not add to its outcome.

    Raises
    ------
    DataError
        With the largest gap.
    """
    total = factors.prod(axis=1).sum(axis=0)
    gap = np.abs(total - outcome) / np.maximum(np.abs(outcome), 1e-300)
    worst = float(np.nanmax(gap))
    if not worst <= FIT:
        at = np.unravel_index(int(np.nanargmax(gap)), gap.shape)
        msg = (
            f"accounts.toml, account of '{account.outcome}': its items add to "
            f"{total[at]:.10g} where the outcome is {outcome[at]:.10g}"
        )
        raise DataError(msg)
