"""One small model on both engines and in PySD, column by column."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.simulate import simulate
from sdmodel.model.core import plain
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model
from tests.tolerances import ENGINE_VS_PYSD

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName

Columns = dict[str, "NDArray[np.float64]"]


def ours(path: Path, engine: EngineName) -> Columns:
    """Return every scalar at every saved time, by plain name."""
    model = read_model(path, cache=False)
    names = tuple(model.scalars)
    out = simulate(model, Inputs((), np.zeros((1, 0))), Save(names), engine=engine)
    return {plain(name): out.values[0, :, i] for i, name in enumerate(names)}


def theirs(path: Path) -> Columns:
    """Return the same from PySD, which works on a copy of the folder."""
    import pysd

    folder = path.parent / "judged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(path.parent, folder)
    copy = folder / path.name
    data = sorted(str(item) for item in folder.glob("data*.tab"))
    more = {"data_files": data} if data else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = pysd.read_vensim if path.suffix == ".mdl" else pysd.read_xmile
        frame = read(str(copy), **more).run(flatten_output=True)
    return {
        plain(str(name)): np.asarray(frame[name], dtype=float) for name in frame.columns
    }


def agree(
    path: Path, engine: EngineName, *, bound: float = ENGINE_VS_PYSD
) -> tuple[Columns, int]:
    """Compare all columns that both have; return ours and how many were compared."""
    mine, judged = ours(path, engine), theirs(path)
    shared = [name for name in mine if name in judged]
    for name in shared:
        known = np.isfinite(judged[name])
        size = float(np.abs(judged[name][known]).max()) if known.any() else 1.0
        np.testing.assert_allclose(
            mine[name],
            judged[name],
            rtol=0,
            atol=bound * max(size, 1e-300),
            err_msg=name,
        )
    return mine, len(shared)
