"""What links carry adds to the change, and signs of links are those of calculus."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdmodel.errors import DataError, UsageError
from sdmodel.experiments import differences
from sdmodel.experiments.courses import courses
from sdmodel.experiments.flux import OUTCOME, flux
from sdmodel.experiments.loops import partial, polarity
from sdmodel.experiments.paths import between_variables, sector_net, ways
from sdmodel.experiments.secants import slopes
from sdmodel.experiments.whatif import evaluate
from sdmodel.experiments.workbook import Workbook, open_workbook
from sdmodel.model.expr import Node
from sdmodel.model.functions import OPERATIONS
from sdmodel.model.web import Web, with_states
from sdmodel.study.loops import read_loops
from sdmodel.study.outcomes import parse_key
from sdmodel.study.summaries import Window
from tests.tolerances import SHARES_ADD

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model
    from sdmodel.study.scenario import Scenario

BINARY = [o.name for o in OPERATIONS.values() if o.arity == 2 and o.scalar]
OUTCOMES = (
    "in_county_share",
    "spending_per_capita",
    "premature_deaths",
    "life_years_lost",
    "fund_balance@2033",
    "los_tertiary@2030.53",
)
# Where payment by the case ends, coding recedes: what was learnt is then unlearnt the
# faster, and the loop works against the change.
RECEDES = {"R8": ("ffs", "capitation", "global-budget")}
VALUES = st.floats(0.1, 4.0)


@pytest.mark.parametrize("op", [*BINARY, "exp", "ln", "sqrt", "if", "xidz"])
@given(ends=st.lists(VALUES, min_size=6, max_size=6))
def test_slopes_times_changes_are_the_change(
    op: str, ends: list[float], tiny: Model
) -> None:
    arity = OPERATIONS[op].arity
    pairs = np.array(ends).reshape(3, 2)[:arity]
    found = slopes(Node(op, ()), tiny, [pair[:, None] for pair in pairs])
    scalar = OPERATIONS[op].scalar
    assert scalar is not None
    change = scalar(*pairs[:, 1]) - scalar(*pairs[:, 0])
    parts = sum(float(s[0]) * (p[1] - p[0]) for s, p in zip(found, pairs, strict=True))
    assert parts == pytest.approx(change, abs=1e-9 * max(1.0, np.abs(pairs).max() ** 4))


@pytest.fixture(scope="module")
def book(consortium_folder: Path) -> Workbook:
    return open_workbook(consortium_folder)


@pytest.fixture(scope="module")
def web(book: Workbook) -> Web:
    return Web(with_states(book.model))


def pair(book: Workbook, name: str, *sets: str) -> list[Scenario]:
    return [book.scenario("baseline"), book.scenario(name, sets=sets)]


@pytest.mark.parametrize("name", ["capitation", "dip", "ffs", "global-budget"])
def test_levers_add_to_the_change(name: str, book: Workbook, web: Web) -> None:
    keys = [parse_key(text, book.outcomes, book.model) for text in OUTCOMES]
    both = courses(web.model, pair(book, name))
    found = flux(web, both, keys, Window())
    for i, key in enumerate(keys):
        series = key.outcome.expression.evaluate(
            {n: both.of(web.model.scalars[n]) for n in key.outcome.expression.names}
        )
        saved = key.value(
            np.broadcast_to(series, (2, len(both.times))), both.times, Window()
        )
        change = saved[1] - saved[0]
        assert found.change[i] == pytest.approx(change, rel=SHARES_ADD)
        brought = sum(float(v[i]) for v in found.levers.values())
        assert brought == pytest.approx(change, rel=SHARES_ADD)


def test_both_sweeps_give_each_lever_the_same(book: Workbook, web: Web) -> None:
    """Backwards a lever has its worth; forwards its part arrives at the outcome."""
    keys = [parse_key(text, book.outcomes, book.model) for text in OUTCOMES[:3]]
    found = flux(web, courses(web.model, pair(book, "mixed")), keys, Window())
    last = np.array([reader == OUTCOME for _, reader in found.links])
    arrived = found.carried[last].sum(axis=0)
    for column, brought in enumerate(found.levers.values()):
        assert arrived[:, column] == pytest.approx(brought, rel=SHARES_ADD)


def test_initial_values_count(book: Workbook, web: Web) -> None:
    key = parse_key("chronic_control_rate@2015", book.outcomes, book.model)
    both = courses(web.model, pair(book, "baseline", "initial control=0.09"))
    found = flux(web, both, [key], Window())
    assert list(found.levers) == ["initial control"]
    assert found.levers["initial control"][0] == pytest.approx(
        found.change[0], rel=SHARES_ADD
    )
    assert found.change[0] > 0


@pytest.mark.parametrize(
    ("name", "sets"), [("mixed", ()), ("drg", ("initial control=0.09",))]
)
def test_native_sweeps_give_what_those_of_numpy_give(
    name: str,
    sets: tuple[str, ...],
    book: Workbook,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = [parse_key(text, book.outcomes, book.model) for text in OUTCOMES]
    both = courses(web.model, pair(book, name, *sets))
    native = flux(web, both, keys, Window())
    monkeypatch.setattr(differences, "sweeps", lambda: None)
    plain = flux(web, both, keys, Window())
    assert native.links == plain.links
    assert list(native.levers) == list(plain.levers)
    size = np.abs(plain.carried).max(axis=(0, 2), keepdims=True)
    assert size.all()
    assert (np.abs(native.carried - plain.carried) <= SHARES_ADD * size).all()
    np.testing.assert_allclose(native.change, plain.change, rtol=SHARES_ADD)
    for lever, brought in native.levers.items():
        largest = np.abs(plain.change)
        assert (np.abs(brought - plain.levers[lever]) <= SHARES_ADD * largest).all()


def test_ways_are_of_the_graph_and_never_more_than_their_narrowest_link(
    book: Workbook, web: Web
) -> None:
    key = parse_key("in_county_share", book.outcomes, book.model)
    both = courses(web.model, pair(book, "capitation"))
    found = flux(web, both, [key], Window())
    read = {
        (web.variable(p), web.variable(e)) for e, ps in web.parents.items() for p in ps
    }
    told = ways(web, found, 0, 6)
    assert len(told) == 6
    for way in told:
        assert way.path[0] in {"integration aim", "inpatient capitation share",
                               "outpatient capitation share", "DRG share",
                               "DIP share"}  # fmt: skip
        links = list(zip(way.path[:-1], way.path[1:-1], strict=False))
        assert set(links) <= read


def test_over_sectors_nothing_is_lost_and_few_ways_carry_it(
    book: Workbook, web: Web
) -> None:
    """What enters a sector leaves it, lever by lever; single ways scatter."""
    key = parse_key("fund_balance", book.outcomes, book.model)
    found = flux(web, courses(web.model, pair(book, "capitation")), [key], Window())
    between = sector_net(web, found)
    assert between is not None
    groups = {v.group.lstrip(".").strip() for v in book.model.variables.values()}
    for column, lever in enumerate(found.levers):
        passed = between_variables(web, found, 0, column, between)
        whole = sum(abs(v) for row in passed.values() for v in row.values())
        crossed = groups & set(passed)
        assert len(crossed) > 2
        for sector in crossed:
            entered = sum(row.get(sector, 0.0) for row in passed.values())
            left = sum(passed[sector].values())
            assert entered == pytest.approx(left, abs=SHARES_ADD * whole)
        brought = float(found.levers[lever][0])
        assert sum(passed[lever].values()) == pytest.approx(
            brought, abs=SHARES_ADD * whole
        )
    change = float(found.change[0])
    over = sum(way.carried for way in ways(web, found, 0, 6, between))
    single = sum(way.carried for way in ways(web, found, 0, 6))
    assert abs(change - over) < 0.2 * abs(change) < abs(change - single)


def test_a_date_has_no_parts(book: Workbook, web: Web) -> None:
    key = parse_key("fund_depletion_year", book.outcomes, book.model)
    both = courses(web.model, pair(book, "dip"))
    with pytest.raises(UsageError, match="has no parts"):
        flux(web, both, [key], Window())


def test_partial_derivatives_are_those_of_calculus(book: Workbook, web: Web) -> None:
    one = courses(web.model, [book.scenario("baseline")])

    def of(name: str) -> np.ndarray:
        course: np.ndarray = one.of(web.model.scalars[name])[0]
        return course

    # d/dL of base * exp(-a (r - 1) + b (L - ref)) is b times itself.
    slope = partial(web, one, 0, "Workload[east]", "turnover[east]")
    wanted = of("load effect on turnover") * of("turnover[east]")
    assert slope == pytest.approx(wanted, rel=1e-7)
    # d/dv of b / n.
    slope = partial(web, one, 0, "total points", "market point value")
    assert slope == pytest.approx(-of("DIP budget") / of("total points") ** 2, rel=1e-7)
    slope = partial(web, one, 0, "departures[east]", "Primary Physicians[east]")
    assert slope == pytest.approx(-1.0, rel=1e-7)


def test_named_loops_close_and_have_their_polarity(book: Workbook, web: Web) -> None:
    names = ("baseline", "ffs", "drg", "dip", "capitation", "global-budget", "mixed")
    runs = courses(web.model, [book.scenario(name) for name in names])
    loops = read_loops(book.folder, web)
    assert len(loops) >= 18
    for loop in loops:
        for source, reader in loop.links:
            assert source in web.parents[reader], loop.id
        signs = [polarity(web, runs, run, loop) for run in range(len(names))]
        assert max(sign.active for sign in signs) > 0, f"{loop.id} is never closed"
        for name, sign in zip(names, signs, strict=True):
            if sign.active > 0 and name not in RECEDES.get(loop.id, ()):
                assert sign.as_claimed > 0.95, (loop.id, name, sign.as_claimed)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("X1,a,b,Q,Skill[east] > Trust[PE],s", ("'polarity'", "allowed: R, B")),
        ("X1,a,b,R,Skil[east] > Trust[PE],s", ("no variable 'Skil[east]'",)),
        ("X1,a,b,R,Skill > Trust[PE],s", ("is an array", "Skill[east]")),
        ("X1,a,b,R,trust weight > Trust[PE],s", ("is a constant",)),
        ("X1,a,b,R,At Risk[east] > life years lost,s", ("no equation leads",)),
        ("X1,a,b,R,Skill[east] >,s", ("a name is missing",)),
        ("X1,a,b,R,Skill[east] > Trust[PE] > Skill[east] > Workload[east],s",
         ("twice",)),
        ("X1,a,b,R,Skill[east] > Trust[PE],", ("'source'", "blank")),
    ],
)  # fmt: skip
def test_bad_loops_are_refused(
    line: str, words: tuple[str, ...], web: Web, tmp_path: Path
) -> None:
    head = "id,name_en,name_zh,polarity,waypoints,source\n"
    (tmp_path / "loops.csv").write_text(head + line + "\n", "utf-8")
    with pytest.raises(DataError, match=r"loops\.csv, row 2") as caught:
        read_loops(tmp_path, web)
    for word in words:
        assert word in str(caught.value)


DELAYS = """{UTF-8}
Stock of beds = INTEG(opened - closed, initial beds) ~ bed ~ Beds.|
initial beds = 100 ~ bed ~ .|
wish = base wish * (1 + trend * (Time - 2020)) ~ bed ~ .|
base wish = 150 ~ bed ~ .|
trend = 0.02 ~ 1/Year ~ .|
known wish = SMOOTH3(wish, delay) ~ bed ~ .|
delay = 3 ~ Year ~ .|
opened = MAX(0, known wish - Stock of beds) / 2 ~ bed/Year ~ .|
closed = DELAY1(opened, 4) * wear ~ bed/Year ~ .|
wear = IF THEN ELSE(Stock of beds > 120, 0.3, 0.1) ~ Dmnl ~ .|
INITIAL TIME = 2020 ~ Year ~ .|
FINAL TIME = 2040 ~ Year ~ .|
TIME STEP = 0.25 ~ Year ~ .|
SAVEPER = 1 ~ Year ~ .|
"""


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize(
    "sets",
    [
        ("delay=6",),
        ("base wish=200@2022..120@2030", "trend=0.05"),
        ("initial beds=60", "delay=1.5"),
    ],
)
def test_delays_schedules_and_choices_add_up_too(
    sets: tuple[str, ...], engine: EngineName, tmp_path: Path
) -> None:
    (tmp_path / "beds.mdl").write_text(DELAYS, "utf-8")
    book = open_workbook(tmp_path / "beds.mdl")
    web = Web(with_states(book.model))
    asked = [book.scenario("baseline"), book.scenario("baseline", sets=sets)]
    asked[1] = dataclasses.replace(asked[1], id="other")
    key = parse_key("Stock of beds@2035", book.outcomes, book.model)
    found = flux(web, courses(web.model, asked, engine=engine), [key], Window())
    base, value = evaluate(book.model, asked, [key], engine=engine).values[key.text]
    assert found.change[0] == pytest.approx(value - base, rel=SHARES_ADD)
    brought = sum(float(v[0]) for v in found.levers.values())
    assert brought == pytest.approx(value - base, rel=SHARES_ADD)
