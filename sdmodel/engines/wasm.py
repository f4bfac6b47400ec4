"""A plan as a WebAssembly module: the native kernel's code, for any browser.

The functions of a step come from the same emitter as the native kernel's, for two lanes
and without fused operations, so that a native kernel built with `SETTINGS` gives the
same bits. What differs is the loop around them: it starts from given states at a given
step, keeps few values at every step and all of them at chosen steps.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines import cache
from sdmodel.engines.aside import aside
from sdmodel.engines.emit import VERSION, Module
from sdmodel.engines.target import Target
from sdmodel.engines.wasm_loop import EXPORT, PIECE, PairsModule, driver
from sdmodel.engines.wasm_object import finish, stack_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.plan import Plan

TRIPLE = "wasm32-unknown-unknown"
LANES = 2
"""Doubles in a vector of WebAssembly: two runs, or a policy beside its baseline."""

SETTINGS = Target(
    cpu="generic",
    features="+simd128",
    lanes=LANES,
    fma=False,
    wide=False,
    gather=False,
    brief=True,
)


@dataclass(frozen=True)
class WasmKernel:
    """A plan compiled for WebAssembly, and what a caller must know of it.

    The module imports ``env.__linear_memory`` and, where it uses a stack,
    ``env.__stack_pointer``; trigonometric functions come from ``env`` too. It exports
    ``sd_run(slots, moves, n_moves, pool, table, saves, out, fine, work, from, to,
    pairs, stride, out_stride, fine_stride)``, pointers and counts of 32 bits, which
    takes steps ``from`` to ``to - 1`` of some pairs of runs and returns the address of
    the first pair's states then reached. ``slots`` and ``work`` of the next pair lie
    ``stride`` bytes further, ``out`` and ``fine`` by the strides of their own:

    slots
        (slot, lane) values of ``plan.inputs``, then of ``plan.drives``.
    moves
        ``n_moves`` pairs of offsets in doubles: before step k the slot at the first
        takes the pool's value at the second plus k.
    table
        (step, entry) values that depend on time only.
    saves
        One byte a step: whether all saved scalars are written to ``out``.
    out, fine
        (save, name, lane), and (step - from, fine name, lane) at every step.
    work
        States, next states, per-run values and values handed between functions, in
        vectors; zero in the last part's first vector before step 0, nan there after a
        state that was assigned ceased to be finite. With ``from`` above zero the
        states at ``from`` stand in ``work``.
    """

    plan: Plan
    fine: tuple[int, ...]
    code: bytes
    run: int
    cross: int
    data_bytes: int
    stack: bool

    def describe(self) -> dict[str, Any]:
        """Return the layout and tables that a page needs, ready for JSON."""
        plan = self.plan
        steps = plan.time.steps
        table = plan.time_table(steps)
        return {
            "lanes": LANES,
            "steps": steps,
            "times": encode(plan.times(steps)),
            "names": list(plan.names),
            "fine": list(self.fine),
            "inputs": list(plan.inputs),
            "drives": list(plan.drives),
            "states": [state.name for state in plan.states],
            "run": self.run,
            "cross": self.cross,
            "data_bytes": self.data_bytes,
            "stack": self.stack,
            "entries": table.shape[1],
            "table": encode(table),
        }


def encode(values: NDArray[np.float64]) -> str:
    """Return doubles as the base64 text that a page's scripts read."""
    return base64.b64encode(
        np.ascontiguousarray(values, dtype="<f8").tobytes()
    ).decode()


def compile_wasm(
    plan: Plan,
    fine: Sequence[int] = (),
    *,
    use_cache: bool = True,
    piece: int = PIECE,
) -> WasmKernel:
    """Compile ``plan`` for WebAssembly.

    Parameters
    ----------
    plan
        What to compute; its ``names`` are written at chosen steps.
    fine
        Positions in ``plan.names`` of those written at every step as well.
    use_cache
        Look for the module on disk, and keep it there.
    piece
        Nodes in one function.
    """
    text, run, cross = _text(PairsModule(plan, SETTINGS, piece), fine)
    key = _key(text)
    code = cache.load(key) if use_cache else None
    if code is None:
        code = aside(_compile, text)
        if use_cache:
            cache.save(key, code)
    module, data_bytes = finish(code, EXPORT)
    return WasmKernel(
        plan=plan,
        fine=tuple(fine),
        code=module,
        run=run,
        cross=cross,
        data_bytes=data_bytes,
        stack=stack_needed(code),
    )


def _text(writer: Module, fine: Sequence[int]) -> tuple[str, int, int]:
    """Return the module's text, and the vectors of its per-run and handed values."""
    plan = writer.plan
    at_each = [(plan.saved[n], writer.keep("%out", i)) for i, n in enumerate(fine)]
    step = [(s.update, writer.advance(i)) for i, s in enumerate(plan.states)]
    initial = [(s.initial, writer.keep("%dst", i)) for i, s in enumerate(plan.states)]
    save = [(node, writer.keep("%out", i)) for i, node in enumerate(plan.saved)]
    calls = {
        "step": writer.phase("step", [*at_each, *step]),
        "initial": writer.phase("initial", initial),
        "save": writer.phase("save", save),
    }
    calls["prologue"] = writer.prologue()
    run = len(writer.slots.run) + len(writer.slots.derived)
    cross = len(writer.slots.cross) + 1
    parts = [
        "\n".join(sorted(writer.declarations)),
        *writer.helpers(),
        *writer.functions,
        driver(plan, calls, LANES, run, len(fine)),
        "attributes #0 = { nounwind }",
    ]
    return "\n\n".join(part for part in parts if part) + "\n", run, cross


def _key(text: str) -> str:
    import llvmlite

    parts = (str(VERSION), llvmlite.__version__, TRIPLE, SETTINGS.key, text)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _compile(text: str) -> bytes:
    """Return the WebAssembly object of a module."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu=SETTINGS.cpu, features=SETTINGS.features, opt=3, reloc="static"
    )
    module = llvm.parse_assembly(text)
    module.triple = TRIPLE
    module.data_layout = str(machine.target_data)
    module.verify()
    return bytes(machine.emit_object(module))
