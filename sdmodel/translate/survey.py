"""What a model's equations name: unknown names and functions, all told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.errors import did_you_mean
from sdmodel.translate.expand import FUNCTIONS, UNSUPPORTED
from sdmodel.translate.nouns import (
    CONTROLS,
    Component,
    EquationError,
    LackingError,
    UnknownError,
)
from sdmodel.translate.trees import children

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sdmodel.translate.space import Space

_NAMES = """
allocate binomial clocktime counter cyclenumber cycletime derivn endval
gamma geometric history hypergeometric interpolate invbinomial
invnegbinomial invpoisson lookuparea lookupmean lookupxy meanperiod montecarlo
negbinomial qelem qlen runcount self sens srandom sumperiod
stopcount tandf throughput unitcheck cgrowthn
alloc_p delay_batch delay_conveyor delay_information delay_lossy_conveyor
delay_profile demand_at_price depreciate_bystraightline depreciate_straightline
find_market_price get_123_constants get_123_data get_data_at_time
get_data_between_times get_data_first_time get_data_last_time get_data_max
get_data_mean get_data_median get_data_min get_data_stdv get_data_total_points
get_vdf_constants get_vdf_data get_vdf_lookups internal_rate_of_return irr
lookup_area lookup_slope make_user_message market_price message net_present_value
normal previous ptrend queue_age_average queue_fifo random_beta
random_binomial random_gamma random_lookup random_negative_binomial
random_pink_noise random_poisson random_triangular random_weibull realize
ref_compare rng_normal run_maximum run_minimum sample_until samplesif settle
shift_if_true simultaneous ssec sum_lookup supply_at_price time_to_reach transition
vector_lookup
"""
_VENSIM_ONLY = frozenset(_NAMES.split())
"""Functions that exist, so that a user is told "not supported" and not "unknown"."""


def survey(
    component: Component,
    variables: Collection[str],
    space: Space,
) -> Iterator[EquationError]:
    """Yield every name and function of an equation that cannot be translated."""
    stack: list[Any] = [component.tree]
    while stack:
        tree = stack.pop()
        kind = type(tree).__name__
        if kind in UNSUPPORTED:
            yield LackingError(UNSUPPORTED[kind])
            continue
        if kind == "CallStructure":
            yield from _function(tree.function.reference, variables)
            stack.extend(reversed(tree.arguments))
            if tree.function.reference in variables and tree.function.subscripts:
                stack.append(tree.function.subscripts)
            continue
        if kind == "ReferenceStructure":
            yield from _name(tree, variables, space)
        stack.extend(reversed(list(children(tree))))


def _function(name: str, variables: Collection[str]) -> Iterator[EquationError]:
    if name in variables or name in FUNCTIONS:
        return
    shown = name.upper().replace("_", " ")
    if name.lower() in _VENSIM_ONLY or name.startswith("get_"):
        yield LackingError(f"the function {shown}")
    else:
        known = [item.upper().replace("_", " ") for item in FUNCTIONS]
        plain = [item.replace("_", " ") for item in variables]
        hint = did_you_mean(shown, known) or did_you_mean(shown.lower(), plain)
        yield UnknownError(f"no function {shown}{hint}", name)


def _name(
    tree: Any, variables: Collection[str], space: Space
) -> Iterator[EquationError]:
    name = tree.reference
    if name in variables or name == "time" or name in CONTROLS:
        return
    bare = name.strip('"')
    if space.range_name(bare) is None and space.element_name(bare) is None:
        shown = bare.replace("_", " ")
        known = [item.strip('"').replace("_", " ") for item in variables]
        hint = did_you_mean(shown, known)
        yield UnknownError(f"no variable '{shown}'{hint}", name)
