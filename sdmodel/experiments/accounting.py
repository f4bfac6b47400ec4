"""What a change is made of: volume, mix, price and their like, without a remainder."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.study.accounts import Account
    from sdmodel.study.outcomes import OutcomeKey
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
