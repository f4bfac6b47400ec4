"""The compiled engine: kernels made with llvmlite, kept on disk, run on all cores."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines import cache
from sdmodel.engines.aside import aside
from sdmodel.engines.batch import Batch, Raw
from sdmodel.engines.emit import PIECE, VERSION, Layout, emit
from sdmodel.engines.emit_packed import emit_packed
from sdmodel.engines.target import Target, host_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sdmodel.engines.base import Progress
    from sdmodel.engines.plan import Plan

BLOCK = 256
"""Runs handed to a thread at a time: long enough to hide the hand-over."""

LONG = 5e7
"""Numbers that a call computes in about a tenth of a second."""

QUICK, FULL = 0, 3
"""How hard LLVM works on a kernel: its levels, which change no bit."""

_COMPILING = threading.Lock()


def missing() -> str:
    """Return why llvmlite cannot be used here; empty where it can."""
    try:
        import llvmlite.binding  # noqa: F401 - heavy, and no wheel for some machines
    except (ImportError, OSError) as problem:
        return str(problem)
    return ""


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Kernel:
    """A compiled plan. ``cached`` says whether its code came from disk."""

    plan: Plan
    target: Target
    layout: Layout
    cached: bool
    _call: Callable[..., None] = field(repr=False)
    _engine: Any = field(repr=False)  # keeps the code in memory
    _local: threading.local = field(default_factory=threading.local, repr=False)

    def run(
        self,
        batch: Batch,
        *,
        jobs: int | None = None,
        block: int = BLOCK,
        progress: Progress | None = None,
    ) -> Raw:
        """Simulate every run of ``batch`` on ``jobs`` threads (default: all cores)."""
        raw = Raw(
            values=np.empty((batch.runs, len(batch.save_steps), len(self.plan.names))),
            bad_step=np.full(batch.runs, -1, dtype=np.int64),
            bad_index=np.zeros(batch.runs, dtype=np.int64),
        )
        lanes = self.layout.lanes
        threads = jobs or cores()
        # Small batches are shared out evenly, in whole groups of lanes.
        share = -(-batch.runs // (threads * lanes)) * lanes
        size = max(lanes, min(block - block % lanes, share))
        job = _Job(self, batch, raw, self.plan.time_table(batch.steps))
        spans = [
            (first, min(first + size, batch.runs))
            for first in range(0, batch.runs, size)
        ]
        if (threads == 1 or len(spans) <= 1) and not job.is_long(size):
            for span in spans:
                job.do(*span)
                if progress is not None:
                    progress(span[1], batch.runs)
        else:
            _run_threads(job, spans, threads, progress)
        if not self.layout.traces and (raw.bad_step >= 0).any():
            # Which value was first to go bad only the plain kernel can tell.
            return compile_plan(self.plan, self.target).run(batch, jobs=jobs)
        return raw

    def memory(self) -> NDArray[np.float64]:
        """Return this thread's working memory, aligned for whole vectors."""
        found: NDArray[np.float64] | None = getattr(self._local, "work", None)
        if found is None:
            found = _aligned(self.layout.work * self.layout.lanes)
            self._local.work = found
        return found


def _run_threads(
    job: _Job,
    spans: list[tuple[int, int]],
    threads: int,
    progress: Progress | None,
) -> None:
    done = 0
    pool = ThreadPoolExecutor(min(threads, len(spans)))
    waiting = {pool.submit(job.do, *span): span for span in spans}
    try:
        while waiting:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                first, last = waiting.pop(future)
                future.result()
                done += last - first
            if progress is not None:
                progress(done, job.batch.runs)
    except BaseException:
        # Ctrl-C or a failing callback: what has not begun shall not begin, and nobody
        # waits for what has.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@dataclass(frozen=True)
class _Job:
    """A batch on its way through a kernel."""

    kernel: Kernel
    batch: Batch
    raw: Raw
    table: NDArray[np.float64]

    def is_long(self, runs: int) -> bool:
        """Say whether so many runs take long enough for somebody to press Ctrl-C.

        Python can take it only while the main thread waits for another.
        """
        layout = self.kernel.layout
        groups = -(-min(runs, self.batch.runs) // layout.lanes)
        return groups * layout.lanes * layout.work * self.batch.steps > LONG

    def do(self, first: int, last: int) -> None:
        """Simulate runs ``first`` to ``last - 1`` in this thread."""
        lanes = self.kernel.layout.lanes
        slots, rows = self._inputs(first, last)
        flags = np.zeros(len(slots) * lanes)
        self._call(slots, rows, last - first, self.raw.values[first:last], flags, None)
        bad = np.flatnonzero(np.isnan(flags[: last - first]))
        if not self.kernel.layout.traces:
            self.raw.bad_step[first + bad] = 0
            return
        for group in np.unique(bad // lanes):
            self._trace(slots, rows, int(group), first, last)

    def _inputs(
        self, first: int, last: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return slots (group, slot, lane) and schedule offsets (group, drive, lane).

        The last group is filled up with copies of the last run.
        """
        lanes = self.kernel.layout.lanes
        runs = last - first
        groups = -(-runs // lanes)
        values = self.batch.slots(first, last)
        rows = self.batch.rows[:, first:last]
        rows = np.where(rows < 0, -1, rows * self.batch.pool.shape[1])
        spare = groups * lanes - runs
        if spare:
            values = np.hstack([values, np.repeat(values[:, -1:], spare, axis=1)])
            rows = np.hstack([rows, np.repeat(rows[:, -1:], spare, axis=1)])
        slots = _aligned(groups * len(values) * lanes)
        slots = slots.reshape(groups, len(values), lanes)
        slots[:] = values.reshape(len(values), groups, lanes).swapaxes(0, 1)
        rows = rows.reshape(len(rows), groups, lanes).swapaxes(0, 1)
        return slots, np.ascontiguousarray(rows)

    def _call(
        self,
        slots: NDArray[np.float64],
        rows: NDArray[np.int64],
        runs: int,
        out: NDArray[np.float64],
        flags: NDArray[np.float64],
        trace: NDArray[np.int64] | None,
    ) -> None:
        saves = self.batch.save_steps
        self.kernel._call(
            len(slots),
            runs,
            slots.ctypes.data,
            rows.ctypes.data,
            self.batch.pool.ctypes.data,
            self.table.ctypes.data,
            saves.ctypes.data,
            len(saves),
            out.ctypes.data,
            flags.ctypes.data,
            self.kernel.memory().ctypes.data,
            None if trace is None else trace.ctypes.data,
        )

    def _trace(
        self,
        slots: NDArray[np.float64],
        rows: NDArray[np.int64],
        group: int,
        first: int,
        last: int,
    ) -> None:
        """Run a group again, noting each lane's first value that is not finite."""
        lanes = self.kernel.layout.lanes
        start = first + group * lanes
        runs = min(lanes, last - start)
        trace = np.full((2, lanes), -1, dtype=np.int64)
        part = slice(group, group + 1)
        out = self.raw.values[start : start + runs]
        self._call(slots[part], rows[part], runs, out, np.zeros(lanes), trace)
        self.raw.bad_step[start : start + runs] = trace[0, :runs]
        self.raw.bad_index[start : start + runs] = np.maximum(trace[1, :runs], 0)


def _aligned(count: int) -> NDArray[np.float64]:
    """Return zeros whose address suits the widest vectors."""
    raw = np.zeros(count + 32)
    skip = (-raw.ctypes.data % 256) // 8
    return raw[skip : skip + count]


def compile_plan(
    plan: Plan,
    target: Target | None = None,
    *,
    use_cache: bool = True,
    piece: int = PIECE,
    single: bool = False,
    quick: bool = False,
    every: bool = False,
) -> Kernel:
    """Return the kernel of ``plan``, from disk where it has been made before.

    Parameters
    ----------
    plan
        What to compute.
    target
        The processor; default this one.
    use_cache
        Look for the code on disk, and keep it there.
    piece
        Nodes in one function.
    single
        Whether vectors hold elements of one run in place of several runs: the same
        bits, sooner where there are only one or two runs.
    quick
        Whether code that takes a fourth of the time to make, and half as much again
        to run, will do: the same bits, sooner where there are few runs. Better code
        that is on disk already is taken.
    every
        Whether all steps are saved, always; half as much code is compiled then. Not
        with ``single``.
    """
    target = target or host_target()
    # The table in which a matrix is inverted has no elements side by side.
    if single and not any(node.op == "inverse" for node in plan.nodes):
        emitted = emit_packed(plan, target, piece=piece)
    else:
        emitted = emit(plan, target, piece=piece, every=every)
    keys = [_key(emitted.text, target)]
    if quick:
        keys.append(_key(emitted.text, target, QUICK))
    with _COMPILING:
        found = (cache.load(key) for key in keys) if use_cache else ()
        code = next((c for c in found if c is not None), None)
        cached = code is not None
        if code is None:
            code = aside(_compile, emitted.text, target, QUICK if quick else FULL)
            if use_cache:
                cache.save(keys[-1], code)
        engine, address = _link(code, target)
    signature = ctypes.CFUNCTYPE(
        None,
        ctypes.c_int64,
        ctypes.c_int64,
        *[ctypes.c_void_p] * 5,
        ctypes.c_int64,
        *[ctypes.c_void_p] * 4,
    )
    return Kernel(
        plan=plan,
        target=target,
        layout=emitted.layout,
        cached=cached,
        _call=signature(address),
        _engine=engine,
    )


def _key(text: str, target: Target, effort: int = FULL) -> str:
    import llvmlite

    parts = (str(VERSION), llvmlite.__version__, target.key, str(effort), text)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _machine(target: Target, effort: int = FULL) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=target.cpu, features=target.features, opt=effort, jit=True
    )


def _compile(text: str, target: Target, effort: int) -> bytes:
    """Return the object code of a module."""
    import llvmlite.binding as llvm

    machine = _machine(target, effort)
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    return bytes(machine.emit_object(module))


def _link(code: bytes, target: Target) -> tuple[Any, int]:
    """Load object code; return what keeps it alive and the address of ``sd_run``."""
    import llvmlite.binding as llvm

    machine = _machine(target)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, engine.get_function_address("sd_run")


def load_text(text: str) -> Any:
    """Return an execution engine with the functions of a module of LLVM IR."""
    target = host_target()
    with _COMPILING:
        code = _compile(text, target, FULL)
        return _link(code, target)[0]
