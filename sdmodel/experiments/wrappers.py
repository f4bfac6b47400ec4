"""The estimators as methods call them: points, outputs and columns in, measures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.experiments import given_data
from sdmodel.experiments.designs import saltelli, sobol_points
from sdmodel.experiments.estimators import morris_indices, sobol_indices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sdmodel.experiments.analysis import Columns, Measures

    Array = NDArray[np.float64]

MORRIS_LEVELS = 4
MORRIS_DELTA = MORRIS_LEVELS / (2.0 * (MORRIS_LEVELS - 1))

FEWER_SAMPLES = 40
"""Half samples of delta, each of which takes long."""


def _dimensions(columns: Columns) -> int:
    return sum(len(group) for group in columns)


def morris_estimate(
    design: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return mu*, mu and sigma."""
    found = morris_indices(design, outputs, columns, rng, delta=MORRIS_DELTA)
    value = {"mu_star": found.mean_absolute, "mu": found.mean, "sigma": found.sigma}
    return value, {"mu_star": found.half}


def sobol_design(columns: Columns, n: int, seed: int) -> Array:
    """Return Saltelli's design."""
    return saltelli(n, columns, seed)


def sobol_estimate(
    design: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return S1 and ST."""
    del design
    found = sobol_indices(outputs, len(columns), rng)
    value = {"S1": found.first, "ST": found.total}
    return value, {"S1": found.first_half, "ST": found.total_half}


def sample_design(columns: Columns, n: int, seed: int) -> Array:
    """Return the first ``n`` points of a Sobol' sequence."""
    return sobol_points(n, _dimensions(columns), seed)


def rbd_fast_estimate(
    inputs: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return S1 of each input."""
    del columns
    half = given_data.half_width(
        lambda rows: given_data.rbd_fast(inputs[rows], outputs[rows]), len(inputs), rng
    )
    return {"S1": given_data.rbd_fast(inputs, outputs)}, {"S1": half}


def pawn_estimate(
    inputs: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return median and maximum distance of each input."""
    del columns
    median, largest = given_data.pawn(inputs, outputs)
    half = given_data.half_width(
        lambda rows: given_data.pawn(inputs[rows], outputs[rows])[0], len(inputs), rng
    )
    return {"pawn": median, "pawn_max": largest}, {"pawn": half}


def delta_estimate(
    inputs: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return delta of each input."""
    del columns
    half = given_data.half_width(
        lambda rows: given_data.delta(inputs[rows], outputs[rows]),
        len(inputs),
        rng,
        FEWER_SAMPLES,
    )
    return {"delta": given_data.delta(inputs, outputs)}, {"delta": half}


def dgsm_design(columns: Columns, n: int, seed: int) -> Array:
    """Return points of a Sobol' sequence, each with its finite differences."""
    return given_data.difference_points(sample_design(columns, n, seed))


def dgsm_block(columns: Columns) -> int:
    """Return how many runs a point and its differences are."""
    return _dimensions(columns) + 1


def dgsm_estimate(
    design: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return upper bounds of ST."""
    bound, half = given_data.dgsm(design, outputs, columns, rng)
    return {"dgsm": bound}, {"dgsm": half}


def fast_block(columns: Columns) -> int:
    """Return how many curves are followed at once."""
    return given_data.CURVES * len(columns)


def fast_estimate(
    design: Array, outputs: Array, columns: Columns, rng: np.random.Generator
) -> tuple[Measures, Measures]:
    """Return S1 and ST."""
    del design, rng
    return given_data.fast(outputs, len(columns))
