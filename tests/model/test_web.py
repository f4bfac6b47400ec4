"""Who reads whom, and that a cut changes nothing unless it is switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.model.cut import course_name, cut_links, switch_name
from sdmodel.model.web import Web, with_states
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model

# Hares feed lynxes, lynxes eat hares; seen hares lag behind. Times are exact in binary.
TEXT = """{UTF-8}
Hares = INTEG(births - eaten, 100) ~ hare ~ Prey.|
Lynxes = INTEG(grown - died, 20) ~ lynx ~ Predators.|
births = birth rate * Hares ~ hare/Year ~ .|
birth rate = 0.5 ~ 1/Year ~ .|
eaten = bite * Hares * Lynxes ~ hare/Year ~ .|
bite = 0.02 ~ 1/(lynx*Year) ~ .|
hares seen = SMOOTH(Hares, 2) ~ hare ~ .|
grown = yield per hare * bite * hares seen * Lynxes ~ lynx/Year ~ .|
yield per hare = 0.25 ~ lynx/hare ~ .|
died = Lynxes * 0.4 ~ lynx/Year ~ .|
game = Hares ~ hare ~ Another name.|
catch = game * 0.1 ~ hare/Year ~ .|
INITIAL TIME = 0 ~ Year ~ .|
FINAL TIME = 8 ~ Year ~ .|
TIME STEP = 0.125 ~ Year ~ .|
SAVEPER = 0.125 ~ Year ~ .|
"""


@pytest.fixture
def web(tmp_path: Path) -> Web:
    path = tmp_path / "hares.mdl"
    path.write_text(TEXT, "utf-8")
    return Web(with_states(read_model(path, cache=False)))


def test_readers_are_those_of_the_equations(web: Web) -> None:
    assert set(web.parents["eaten"]) == {"bite", "Hares", "Lynxes"}
    assert set(web.parents["Hares"]) == {"births", "eaten"}
    assert set(web.parents["catch"]) == {"Hares"}
    assert "eaten" in web.children["Lynxes"]


def test_another_name_owns_nothing(web: Web) -> None:
    assert web.canonical("game") == "Hares"
    assert "game" not in web.parents


def test_the_state_of_a_delay_belongs_to_its_variable(web: Web) -> None:
    (hidden,) = [s.name for s in web.model.states if "smooth" in s.name.casefold()]
    assert hidden in web.model.scalars
    assert web.variable(hidden) == "hares seen"


def test_ways_go_along_the_equations(web: Web) -> None:
    assert web.path("Lynxes", "Hares") == ("Lynxes", "eaten", "Hares")
    around = web.path("Hares", "Lynxes")
    assert around is not None
    assert (around[0], around[-1]) == ("Hares", "Lynxes")
    assert web.path("catch", "Hares") is None


def run(
    model: Model, names: tuple[str, ...], engine: EngineName, **sets: object
) -> NDArray[np.float64]:
    numbers = {k: v for k, v in sets.items() if isinstance(v, float)}
    schedules = {k: (v,) for k, v in sets.items() if isinstance(v, Schedule)}
    values = np.array([list(numbers.values())]).reshape(1, len(numbers))
    inputs = Inputs(tuple(numbers), values, schedules)
    output = simulate(model, inputs, Save(names, "step"), engine=engine)
    found: NDArray[np.float64] = output.values[0]
    return found


def test_a_cut_that_is_off_changes_no_bit(web: Web, engine: EngineName) -> None:
    names = ("Hares", "Lynxes", "catch")
    cut = cut_links(web, {"eat": [("Lynxes", "eaten")], "seen": [("Hares", "births")]})
    assert cut.sources == {"eat": ("Lynxes",), "seen": ("Hares",)}
    whole = run(web.model, names, engine)
    assert np.array_equal(run(cut.model, names, engine), whole)


def test_a_cut_at_its_own_course_changes_no_bit(web: Web, engine: EngineName) -> None:
    names = ("Hares", "Lynxes")
    cut = cut_links(web, {"eat": [("Lynxes", "eaten")]})
    whole = run(web.model, names, engine)
    times = tuple((0.125 * np.arange(65)).tolist())
    sets = {
        switch_name("eat"): 1.0,
        course_name("Lynxes"): Schedule(times, tuple(whole[:, 1].tolist())),
    }
    assert np.array_equal(run(cut.model, names, engine, **sets), whole)


def test_a_cut_at_nothing_sets_the_prey_free(web: Web, engine: EngineName) -> None:
    cut = cut_links(web, {"eat": [("Lynxes", "eaten")]})
    sets = {switch_name("eat"): 1.0, course_name("Lynxes"): 0.0}
    (hares,) = run(cut.model, ("Hares",), engine, **sets).T
    # Nobody is eaten: births alone, each step a factor of 1 + 0.5 * 0.125.
    assert hares == pytest.approx(100 * 1.0625 ** np.arange(65), rel=1e-12)


def test_a_cut_leaves_other_readers_alone(web: Web, engine: EngineName) -> None:
    cut = cut_links(web, {"births": [("Hares", "births")]})
    sets = {switch_name("births"): 1.0, course_name("Hares"): 100.0}
    values = run(cut.model, ("Hares", "births", "catch"), engine, **sets)
    assert (values[:, 1] == 50.0).all()
    assert values[:, 2] == pytest.approx(0.1 * values[:, 0])
