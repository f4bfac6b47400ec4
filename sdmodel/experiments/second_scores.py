"""Loops that matter through pysimlin, where it is installed: a second opinion on ours.

pysimlin 0.8.5 scores no link into the net flow of an array stock. So it is given the
part of the model that lies on the loops, written out as scalars; it simulates that by
itself and scores every link by its own formulas.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.errors import RunError
from sdmodel.experiments.flat_file import flat_file
from sdmodel.experiments.matter import around, links_of, shares, still

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.web import Web
    from sdmodel.study.loops import Loop

MOST_SAID = 200
"""Letters of pysimlin's own message that are passed on."""
PATIENCE = 120
"""Seconds after which pysimlin is given up; the shipped model takes it two."""
# In a process of its own, for it can abort on a model.
_PROGRAM = """
import json, sys
import numpy as np, simlin
links, steps = json.loads(sys.stdin.read())
run = simlin.load(sys.argv[1]).simulate(enable_ltm=True)
run.run_to_end()
found = {(l.from_var, l.to_var): l.score for l in run.get_links()
         if l.score is not None}
rows = [found[tuple(l)][steps] if tuple(l) in found else np.zeros(len(steps))
        for l in links]
np.save(sys.argv[2], np.array(rows))
"""


@dataclass(frozen=True)
class SecondScores:
    """What pysimlin says of the loops.

    ``shares`` maps each loop's id to its signed part of all their scores, (time,); it
    is None where pysimlin did not answer, and ``why`` says why. ``by`` is its name and
    version, empty where it is not installed.
    """

    by: str = ""
    shares: Mapping[str, NDArray[np.float64]] | None = None
    why: str | None = None

    def apart(self, own: Mapping[str, NDArray[np.float64]]) -> float | None:
        """Return the largest difference of a share from ours; None without an answer.

        Shares are parts of one, at every time of every loop.
        """
        if self.shares is None:
            return None
        return max(
            (float(np.abs(s - own[n]).max()) for n, s in self.shares.items()),
            default=0.0,
        )


def second_scores(
    web: Web, courses: Courses, run: int, loops: Sequence[Loop], times: Sequence[float]
) -> SecondScores:
    """Ask pysimlin for each loop's part of all their scores at some times.

    Nothing is raised: where pysimlin is missing, cannot read an equation or gives up,
    the answer says so.
    """
    if not loops:
        return SecondScores()
    try:
        by = f"pysimlin {version('pysimlin')}"
    except PackageNotFoundError:
        return SecondScores(why="pysimlin is not installed")
    links = links_of(web, loops)
    clock = np.asarray(times)
    steps = np.searchsorted(courses.times, clock - 1e-9).clip(1)
    try:
        file = flat_file(web, courses, run, links)
        scores = _ask(file.text, [file.links[link] for link in links], steps.tolist())
    except RunError as error:
        return SecondScores(by, why=str(error))
    # What only shakes in its last bits stands still, here as in our own scores.
    known = {
        link: np.where(still(web, courses, run, steps, link[1]), 0.0, row)
        for link, row in zip(links, np.nan_to_num(scores), strict=True)
    }
    return SecondScores(
        by,
        shares(around(web, loops, steps.shape, lambda s, r: known[s, r])),
    )


def _ask(
    text: str, links: Sequence[tuple[str, str]], steps: Sequence[int]
) -> NDArray[np.float64]:
    """Return pysimlin's score of each link at some steps, (link, step)."""
    with tempfile.TemporaryDirectory() as folder:
        model, answer = Path(folder) / "loops.xmile", Path(folder) / "scores.npy"
        model.write_text(text, "utf-8")
        try:
            subprocess.run(  # noqa: S603 - our own interpreter and text
                [sys.executable, "-c", _PROGRAM, str(model), str(answer)],
                input=json.dumps([links, steps]).encode(),
                capture_output=True,
                timeout=PATIENCE,
                check=True,
            )
            found: NDArray[np.float64] = np.load(answer)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()
            last = said[-1][:MOST_SAID] if said else "it aborted"
            msg = f"pysimlin could not run it: {last}"
            raise RunError(msg) from error
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            msg = f"pysimlin did not answer ({type(error).__name__})"
            raise RunError(msg) from error
    return found
