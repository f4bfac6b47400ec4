"""What this machine has, and whether the engines agree on it."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

import numpy as np

from sdmodel.engines import cache
from sdmodel.engines.native import cores, missing
from sdmodel.engines.simulate import simulate
from sdmodel.experiments.bench import draw, processor
from sdmodel.study.design import Save

if TYPE_CHECKING:
    from sdmodel.model.core import Model

REQUIRED = ("numpy", "pandas", "xarray", "pysd", "SALib", "matplotlib", "click", "rich")
OPTIONAL = ("llvmlite", "pysimlin")
AGREEMENT = 1e-12
"""Largest difference between two healthy engines, of a column's maximum."""

State = Literal["ok", "note", "fault"]


@dataclass(frozen=True)
class Finding:
    """One line of ``doctor``: what was looked at, how it is, and the detail."""

    topic: str
    state: State
    detail: str


def examine(model: Model, names: tuple[str, ...]) -> tuple[Finding, ...]:
    """Look at Python, packages, processor, cache and engines.

    The engines are compared on ``names`` of ``model``.
    """
    found = [Finding("Python", "ok", f"{platform.python_version()} on {_system()}")]
    for name in REQUIRED + OPTIONAL:
        try:
            found.append(Finding(name, "ok", version(name)))
        except PackageNotFoundError:
            needed = name in REQUIRED
            detail = "not installed" if needed else "not installed; not required"
            found.append(Finding(name, "fault" if needed else "note", detail))
    problem = missing()
    if problem:
        detail = f"NumPy takes over, many times slower ({problem})"
        found.append(Finding("compiled engine", "note", detail))
    else:
        found.append(_self_check(model, names))
    lanes = f"{cores()} cores, {processor()}"
    if not problem:
        from sdmodel.engines.target import host_target

        lanes += f", {host_target().lanes} runs in step"
    found.append(Finding("processor", "ok", lanes))
    found.append(_cache())
    free = shutil.disk_usage(".").free
    found.append(
        Finding("disk", "ok" if free > 2**30 else "note", f"{free / 2**30:.1f} GB free")
    )
    return tuple(found)


def _system() -> str:
    return f"{platform.system()} {platform.machine()}"


def _self_check(model: Model, names: tuple[str, ...]) -> Finding:
    inputs = draw(model, 9)
    fast = simulate(model, inputs, Save(names)).values
    plain = simulate(model, inputs, Save(names), engine="numpy").values
    good = np.isfinite(plain) & np.isfinite(fast)
    scale = np.abs(np.where(good, plain, 0.0)).max(axis=1, keepdims=True)
    gap = np.abs(np.where(good, fast, 0.0) - np.where(good, plain, 0.0))
    largest = float((gap / np.where(scale == 0, 1.0, scale)).max(initial=0.0))
    same = bool((np.isfinite(plain) == np.isfinite(fast)).all())
    detail = (
        f"{model.name}, {len(names)} scalars, 9 runs: within {largest:.1e} of NumPy"
    )
    state: State = "ok" if same and largest <= AGREEMENT else "fault"
    return Finding("compiled engine", state, detail)


def _cache() -> Finding:
    folder = cache.folder()
    size = 0
    if folder.is_dir():
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    parent = folder
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    detail = f"{folder}, {size / 2**20:.1f} MB"
    if parent.is_dir() and os.access(parent, os.W_OK):
        return Finding("cache", "ok", detail)
    return Finding(
        "cache",
        "note",
        f"{detail}, cannot be written: set SDMODEL_CACHE to a folder that can",
    )
