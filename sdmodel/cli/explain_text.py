"""An explanation as a reader wants it, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.cli.common import number_text
from sdmodel.cli.explain_words import columns, wide
from sdmodel.experiments.flux import OUTCOME
from sdmodel.study.signs import minus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.cli.explain_words import Words
    from sdmodel.experiments.explanation import Explanation, LeverPart, LoopPart
    from sdmodel.experiments.paths import Way

_TOLD_LOOPS = 6
_TOLD_PARTS = 5
_TOLD_YEARS = 4
_MOST = 0.5
"""Share of what levers bring from which ways may stand without a word on the rest."""
_MORE_LOOPS = 2
_STRONG = 0.1
"""Share of scores from which a loop is told that does little to the outcome."""
_SMALL = 0.02
"""Share of what the loops do in all below which one is only counted."""


def lines(found: Explanation, words: Words) -> list[str]:
    """Return an explanation as a reader wants it, in the language of ``words``."""
    title, other = words.titles
    told = [
        words.outcome,
        words(
            "same" if found.alone else "against",
            title=title,
            value=words.level(found.value),
            other=other,
            base=words.level(found.base),
        ),
    ]
    if found.alone:
        told += [words("alone"), *_draws(found, words)]
    else:
        told += [
            _changed(found, words),
            *_draws(found, words),
            "",
            _heading(words, "levers", adds=True),
            *(
                f"  {words.change(p.carried)}  {words.lever(p.name)}"
                for p in found.levers
            ),
            *_together(found, words),
        ]
        if found.account:
            told += ["", _heading(words, "account", adds=True)]
            told += [
                f"  {words.change(part.carried)}{words.between(part.carried_range)}  "
                f"{part.names[words.language]}"
                for part in found.account
                if part.carried
            ]
        told += _ways(found, words)
    told += ["", _heading(words, "loops_alone" if found.alone else "loops")]
    return told + _loops(found, words)


def _heading(words: Words, phrase: str, more: str = "", *, adds: bool = False) -> str:
    end = words("adds") if adds else ""
    return f"{words(phrase)}{words.inside}{end}{more}{words('colon')}"


def _changed(found: Explanation, words: Words) -> str:
    share = found.change / abs(found.base) if found.base else float("nan")
    sign = "+" if share > 0 else "−"
    relative = ""
    if share == share:
        size = f"{100 * abs(share):.1f}"
        told = f"{sign}{size}" if float(size) else "≈0"
        relative = words("relative", share=told)
    unit = f" {words.scale.difference}".rstrip()
    spread = words.between(found.change_range)
    return f"{words('change')}{words.change(found.change)}{unit}{relative}{spread}"


def _draws(found: Explanation, words: Words) -> list[str]:
    given = next((p.passed_range for p in found.loops), found.change_range)
    return [words("draws", n=given.draws)] if given else []


def _together(found: Explanation, words: Words) -> list[str]:
    """Add up what the shares of each payment mix bring."""
    shares: dict[str, list[LeverPart]] = {}
    for part in found.levers:
        if part.mix is not None:
            shares.setdefault(part.mix, []).append(part)
    found_lines = []
    for parts in shares.values():
        if len(parts) > 1:
            names = words("comma").join(words.name(p.name) for p in parts)
            total = words.change(sum(p.carried for p in parts))
            found_lines.append(f"  {words('together', names=names, sum=total)}")
    return found_lines


def _ways(found: Explanation, words: Words) -> list[str]:
    """Tell where a change goes: first steps, sectors, single ways."""
    told = ["", _heading(words, "first")]
    for acts in found.first:
        told.append(f"  {words.path(acts.chain)}")
        for name, value in acts.parts[:_TOLD_PARTS]:
            shown = words("itself") if name == OUTCOME else words.name(name)
            told.append(f"      {words.change(value)}  {shown}")
        rest = sum(value for _, value in acts.parts[_TOLD_PARTS:])
        if rest:
            more = words("more", n=len(acts.parts) - _TOLD_PARTS)
            told.append(f"      {words.change(rest)}  {more}")
    if found.sectors:
        over = [way for way in found.sectors if words.seen(way.carried)]
        told += ["", _heading(words, "sectors", _scattered(found, words, over))]
        told += [
            f"  {words.change(way.carried)}  "
            f"{' → '.join(map(words.sector, way.path[:-1]))}"
            for way in over
        ]
        told.append(f"  {_rest(found, words, over)}  {words('other_sectors')}")
    parts = [part for part in found.ways if words.seen(part.way.carried)]
    single = [part.way for part in parts]
    told += ["", _heading(words, "single", _scattered(found, words, single))]
    for part in parts:
        told.append(
            f"  {words.change(part.way.carried)}  {words.path(part.way.path[:-1])}"
        )
        a, b = map(words.name, part.held)
        told.append(
            f"      {words('held', a=a, b=b)}{words.change(part.owed)}"
            f"{words.between(part.owed_range)}"
        )
    told.append(f"  {_rest(found, words, single)}  {words('other_ways')}")
    return told


def _rest(found: Explanation, words: Words, ways: Sequence[Way]) -> str:
    return words.change(found.change - sum(way.carried for way in ways))


def _scattered(found: Explanation, words: Words, ways: Sequence[Way]) -> str:
    """Say how much of the change some ways carry; little where a loop sends it back."""
    moved = sum(abs(part.carried) for part in found.levers)
    carried = sum(abs(way.carried) for way in ways)
    share = carried / moved if moved else 0.0
    return "" if share >= _MOST else words("scattered", share=f"{100 * share:.0f}")


def _loops(found: Explanation, words: Words) -> list[str]:
    if not found.loops:
        return [f"  {words('no_file')}"]
    total = sum(abs(part.passed) for part in found.loops)
    big = [p for p in found.loops if total and abs(p.passed) >= _SMALL * total]
    big = big[:_TOLD_LOOPS]
    if not big:
        return [f"  {words('no_loops')}"]
    told = []
    for part in big:
        place = "" if part.on_way or found.alone else words("off")
        told.append(
            f"  {words.change(part.passed)}{words.between(part.passed_range)}  "
            f"{_name(part, words)}"
            f"{words('aside', what=words.kind(part.loop.polarity))}{place}"
        )
        told.append(f"      {words.path(short((*part.loop.path, part.loop.path[0])))}")
        returned = words.change(part.returned) + words.between(part.returned_range)
        active = f"{100 * part.active:.0f}"
        told.append(f"      {words('again', returned=returned, active=active)}")
    idle = len(found.loops) - len(big)
    if idle:
        told.append(f"  {words('other_loops', n=idle)}")
    return [*told, *_shares(found, words, big)]


def _name(part: LoopPart, words: Words) -> str:
    return f"{part.loop.id} {words.label(part.loop.name_en, part.loop.name_zh)}"


def _shares(found: Explanation, words: Words, parts: Sequence[LoopPart]) -> list[str]:
    """Set the loops' shares side by side over some years, by both measures."""
    moving = np.flatnonzero(np.any([part.share != 0 for part in parts], axis=0))
    if not len(moving):
        return []
    at = np.unique(np.linspace(moving[0], moving[-1], _TOLD_YEARS).round().astype(int))
    told_ids = {part.loop.id for part in parts}
    others = [part for part in found.loops if part.loop.id not in told_ids]
    others.sort(key=lambda part: -np.abs(part.matter[at]).max())
    strong = [p for p in others if np.abs(p.matter[at]).max() >= _STRONG]
    parts = [*parts, *strong[:_MORE_LOOPS]]
    names = [_name(part, words) for part in parts]
    room = 4 + max(map(columns, names))
    years = "".join(f"{found.times[i]:>8g}" for i in at)
    told = ["", f"{words('shares')}{words('colon')}", wide("", room + 10) + years]
    for part, name in zip(parts, names, strict=True):
        for label, share in (("cut", part.share), ("scores", part.matter)):
            start = wide(f"  {name}" if label == "cut" else "", room)
            cells = "".join(f"{_percent(share[i]):>8}" for i in at)
            told.append(f"{start}{wide(words(label), 10)}{cells}")
    told += [f"  {words('how')}", f"  {_judged(found, words)}"]
    return told


def _percent(share: float) -> str:
    value = 100 * share
    if value and abs(value) < 0.5:
        return "≈0"
    return minus(f"{value:+.0f}") if value else "0"


def _judged(found: Explanation, words: Words) -> str:
    """Say who scored the loops."""
    if found.apart is not None:
        apart = number_text(100 * found.apart, 1)
        return words("by", by=found.second.by, apart=apart)
    why = words("because", why=found.second.why) if found.second.why else ""
    return words("by_own", why=why)


def short(path: tuple[str, ...], most: int = 9) -> tuple[str, ...]:
    """Return a path; of a long one the stocks, by their capitals, stay."""
    shown = [name for name in path if name != OUTCOME]
    if len(shown) <= most:
        return tuple(shown)
    ends = {0, 1, len(shown) - 2, len(shown) - 1}
    return tuple(
        name
        for i, name in enumerate(shown)
        if i in ends or name[:1].isupper() or i % 3 == 0
    )
