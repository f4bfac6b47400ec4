"""An explanation as a reader wants it, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdmodel.cli.common import number_text
from sdmodel.experiments.flux import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.experiments.explanation import Explanation, LeverPart
    from sdmodel.experiments.paths import Way
    from sdmodel.experiments.spread import Range

_TOLD_LOOPS = 6
_TOLD_PARTS = 5
_MOST = 0.5
"""Share of what levers bring from which ways may stand without a word on the rest."""
_SMALL = 0.02
"""Share of what the loops do in all below which one is only counted."""


@dataclass(frozen=True)
class _Say:
    """How the outcome's numbers are written: shares in per cent and points."""

    scale: float
    unit: str
    points: str

    def level(self, value: float) -> str:
        return f"{number_text(self.scale * value)}{self.unit}"

    def change(self, value: float) -> str:
        text = number_text(abs(self.scale * value), 3)
        if value == 0 or text == "–":
            return text
        sign = "+" if value > 0 else "−"
        return f"{sign}{text}"

    def between(self, given: Range | None) -> str:
        if given is None:
            return ""
        return f" [{self.change(given.low)} to {self.change(given.high)}]"


def lines(found: Explanation, lang: str = "en", *, percent: bool = False) -> list[str]:
    """Return an explanation as a reader wants it.

    Parameters
    ----------
    found
        The explanation.
    lang
        "en" or "zh": language of the names.
    percent
        Whether the outcome is a share: shown in per cent, its changes in points.
    """
    key = found.key
    label = key.outcome.label_zh if lang == "zh" else key.outcome.label_en
    unit = "" if key.unit in ("1", "Dmnl") else f" {key.unit}"
    tell = _Say(100.0, " %", "points") if percent else _Say(1.0, unit, unit.strip())
    inside = f", in {tell.points}" if tell.points else ""
    title = found.scenario.title.get(lang) or found.scenario.id
    when = f" in {key.year:g}" if key.year is not None else ""
    if when and key.summary != "final":
        label = f"the series behind '{label or key.text}'"
    head = f"{label or key.text}{when}, {title}: {tell.level(found.value)}"
    told = [f"{head}, against {tell.level(found.base)} in {found.baseline.id}"]
    if found.alone:
        told.append("The scenario sets nothing otherwise, so there is no change.")
        told.append(
            "What has come over the links of loops since the reform could begin:"
        )
    else:
        told += [
            _changed(found, tell),
            "",
            f"What each lever brings{inside} (they add to it):",
        ]
        for part in found.levers:
            told.append(f"  {tell.change(part.carried)}  {part.name}")
        told += _together(found, tell)
        if found.account:
            told += ["", f"What it is made of{inside} (the parts add to it):"]
            told += [
                f"  {tell.change(part.carried)}{tell.between(part.carried_range)}  "
                f"{part.names[lang]}"
                for part in found.account
                if part.carried
            ]
        told += _ways(found, tell, inside)
        told += ["", f"Loops: what comes over the link of each{inside}:"]
    told += _loops(found, tell, lang)
    return told


def _together(found: Explanation, tell: _Say) -> list[str]:
    """Add up what the shares of each payment mix bring."""
    shares: dict[str, list[LeverPart]] = {}
    for part in found.levers:
        if part.mix is not None:
            shares.setdefault(part.mix, []).append(part)
    return [
        f"  of these {', '.join(p.name for p in parts)} are shares of one whole: "
        f"together {tell.change(sum(p.carried for p in parts))}"
        for parts in shares.values()
        if len(parts) > 1
    ]


def _ways(found: Explanation, tell: _Say, inside: str) -> list[str]:
    """Tell where a change goes: first steps, sectors, single ways."""
    told = ["", f"What each lever first acts on, and what goes over each{inside}:"]
    for acts in found.first:
        told.append(f"  {' → '.join(acts.chain)}")
        for name, value in acts.parts[:_TOLD_PARTS]:
            shown = "the outcome itself" if name == OUTCOME else name
            told.append(f"      {tell.change(value)}  {shown}")
        rest = sum(value for _, value in acts.parts[_TOLD_PARTS:])
        if rest:
            more = len(acts.parts) - _TOLD_PARTS
            told.append(f"      {tell.change(rest)}  {more} more together")
    if found.sectors:
        ways = found.sectors
        told += ["", f"{_heading('Over which sectors it goes', found, ways)}{inside}:"]
        told += [
            f"  {tell.change(over.carried)}  {' → '.join(over.path[:-1])}"
            for over in ways
        ]
        told.append(f"  {_rest(found, tell, ways)}  over other sequences of sectors")
    single = [part.way for part in found.ways]
    told += ["", f"{_heading('The widest single ways', found, single)}{inside}:"]
    for part in found.ways:
        path = " → ".join(part.way.path[:-1])
        told.append(f"  {tell.change(part.way.carried)}  {path}")
        told.append(
            f"      its own link '{part.held[0]}' → '{part.held[1]}', held at the "
            f"baseline, takes with it {tell.change(part.owed)}"
            f"{tell.between(part.owed_range)}"
        )
    told.append(f"  {_rest(found, tell, single)}  by all other ways")
    return told


def _rest(found: Explanation, tell: _Say, ways: Sequence[Way]) -> str:
    return tell.change(found.change - sum(way.carried for way in ways))


def _heading(text: str, found: Explanation, ways: Sequence[Way]) -> str:
    """Say how much of the change some ways carry; little where a loop sends it back."""
    moved = sum(abs(part.carried) for part in found.levers)
    carried = sum(abs(way.carried) for way in ways)
    share = carried / moved if moved else 0.0
    if share >= _MOST:
        return text
    return (
        f"{text} (these carry {100 * share:.0f} % of what the levers bring; the rest "
        "is scattered, or sent back by loops over the links it came by)"
    )


def _changed(found: Explanation, tell: _Say) -> str:
    share = found.change / abs(found.base) if found.base else float("nan")
    sign = "+" if share > 0 else "−"
    relative = f" ({sign}{100 * abs(share):.1f} %)" if share == share else ""
    spread = tell.between(found.change_range)
    unit = f" {tell.points}".rstrip()
    return f"Change: {tell.change(found.change)}{unit}{relative}{spread}"


def _loops(found: Explanation, tell: _Say, lang: str) -> list[str]:
    told = []
    total = sum(abs(part.passed) for part in found.loops)
    big = [p for p in found.loops if total and abs(p.passed) >= _SMALL * total]
    for part in big[:_TOLD_LOOPS]:
        name = part.loop.name_zh if lang == "zh" else part.loop.name_en
        kind = "reinforcing" if part.loop.polarity == "R" else "balancing"
        place = "" if part.on_way or found.alone else ", off these ways"
        told.append(
            f"  {tell.change(part.passed)}{tell.between(part.passed_range)}  "
            f"{part.loop.id} {name}, {kind}{place}"
        )
        told.append(f"      {short((*part.loop.path, part.loop.path[0]))}")
        told.append(
            f"      of it by going around again {tell.change(part.returned)}"
            f"{tell.between(part.returned_range)}; closed {100 * part.active:.0f} % of "
            f"the time; {100 * abs(part.matter[-1]):.0f} % of all loops' scores "
            f"(loops that matter) in {found.times[-1]:g}"
        )
    if not found.loops:
        return ["  The model has no loops.csv."]
    if not big:
        return ["  No loop does anything to it."]
    idle = len(found.loops) - len(big[:_TOLD_LOOPS])
    if idle:
        told.append(f"  The other {idle} loops of loops.csv add little or nothing.")
    return [*told, *_judged(found)]


def _judged(found: Explanation) -> list[str]:
    """Say who scored the loops."""
    if found.apart is not None:
        apart = number_text(found.apart, 1)
        by = found.second.by
        return [f"  Scores by {by}; shares by our own differ by {apart} at most."]
    why = f": {found.second.why}" if found.second.why else ""
    return [f"  Scores by our own formulas alone{why}."]


def short(path: tuple[str, ...], most: int = 9) -> str:
    """Return a path as text; of a long one the stocks, by their capitals, stay."""
    shown = [name for name in path if name != "outcome"]
    if len(shown) > most:
        ends = {0, 1, len(shown) - 2, len(shown) - 1}
        shown = [
            name
            for i, name in enumerate(shown)
            if i in ends or name[:1].isupper() or i % 3 == 0
        ]
    return " → ".join(shown)
