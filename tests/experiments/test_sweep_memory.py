"""What a sweep holds in memory does not follow the number of its runs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.experiments.sweeps import write_study

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak")
def test_memory_does_not_grow_with_the_runs(tmp_path: Path) -> None:
    """Eight times the runs take less than half as much again, and less than 600 MB.

    What grows are the cells of the bands that some run falls into, up to all there are.
    `resource` would tell the peak of the process that began this one, if it is larger.
    """
    peaks = []
    for n in (50_000, 400_000):
        study, out = write_study(tmp_path, ("n = 700", f"n = {n}")), tmp_path / f"{n}"
        code = (
            "import sys; from pathlib import Path; from sdmodel.cli.main import main; "
            "code = main(sys.argv[1:]); "
            "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
            "; sys.exit(code)"
        )
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                code,
                "sweep",
                str(study),
                "--bands",
                "--out",
                out,
                "--jobs",
                "2",
                "--chunk",
                "16384",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout.split()[-1]) / 1000)
    assert peaks[1] < 600
    assert peaks[1] < 1.5 * peaks[0]
