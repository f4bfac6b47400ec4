"""Which sample sizes each method of a design takes."""

from __future__ import annotations

LARGEST_N = 2**30
"""Beyond this no n is meant; what memory allows is for the study to say."""
LARGEST_JUDGED_N = 2**20
"""Of the methods that give indices."""
SMALLEST_SOBOL_N = 16
SMALLEST_MORRIS_N = 4
SMALLEST_FAST_N = 65
"""Four times the square of the harmonics, and one."""
SMALLEST_LHS_N = 2
SMALLEST = {"rbd-fast": 64, "pawn": 128, "delta": 64}
"""Where fewer rows of a Sobol' sequence would not do."""


def sizes(method: str) -> tuple[int, int, str]:
    """Return the smallest and the largest n of a method, and both in words."""
    if method == "morris":
        low, high, kind = SMALLEST_MORRIS_N, LARGEST_JUDGED_N, "a whole number"
    elif method == "fast":
        low, high, kind = SMALLEST_FAST_N, LARGEST_JUDGED_N, "a whole number"
    elif method == "lhs":
        low, high, kind = SMALLEST_LHS_N, LARGEST_N, "a whole number"
    elif method.casefold().endswith(".csv"):
        low, high, kind = 1, LARGEST_N, "a whole number"
    else:
        low = SMALLEST.get(method, SMALLEST_SOBOL_N)
        high, kind = LARGEST_JUDGED_N, "a power of two"
    return low, high, f"{kind} from {low} to {high}"


def nearest_power(n: int, low: int, high: int) -> int:
    """Return the power of two between ``low`` and ``high`` that is nearest to n."""
    below = 1 << (max(n, 1).bit_length() - 1)
    found = below if n - below <= 2 * below - n else 2 * below
    return min(max(found, low), high)
