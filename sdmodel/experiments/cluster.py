"""A sweep's chunks on a Dask cluster.

What goes to the workers is the question as bytes, the model among it as data, and the
number of a chunk; what comes back are the chunk's files, which are only written here.
Dask finds the function by its name, so that no code travels. Each worker reads the
question and compiles it once; a chunk whose worker is lost goes to another.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import signal
import threading
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sdmodel.errors import HostError, SdmodelError, UsageError, did_you_mean
from sdmodel.experiments.parts import compute
from sdmodel.experiments.question import Question, unpacked
from sdmodel.experiments.sweep_files import Chunk, chunk_of, unpacked_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

LOCAL = "local"
PATIENCE = 30.0
"""Seconds without a worker after which the cluster is given up."""
CONNECT = 10.0
"""Seconds in which a scheduler must answer."""
AHEAD = 2
"""Chunks on their way for each thread of the cluster."""

_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:\[[0-9a-fA-F:.%]+\]|[^\s:/\[\]]+):(\d{1,5})")
"""A scheduler's address: a protocol if need be, a host and a port."""

_reading = threading.Lock()
_warm: set[tuple[str, int]] = set()


def check_cluster(cluster: str) -> None:
    """Refuse at once what is no address, and any where Dask is missing.

    Raises
    ------
    UsageError
        If it is neither "local" nor the address of a scheduler.
    HostError
        If Dask is missing, with the line that installs it.
    """
    from importlib.util import find_spec

    found = _ADDRESS.fullmatch(cluster)
    if cluster != LOCAL and not (found and 0 < int(found[1]) < 65536):
        msg = (
            f"--cluster '{cluster}': no address of a scheduler; allowed: HOST:PORT or "
            f"tcp://HOST:PORT, as 'dask scheduler' prints it, or '{LOCAL}'"
            f"{did_you_mean(cluster, (LOCAL,))}"
        )
        raise UsageError(msg)
    if find_spec("distributed") is None:
        msg = (
            "--cluster needs Dask, which is not installed; "
            'pip install "sdmodel[cluster]"'
        )
        raise HostError(msg)


def chunks(
    question: Question, pending: Sequence[int], cluster: str, jobs: int | None
) -> Iterator[tuple[int, Chunk]]:
    """Yield chunks as the cluster has done them.

    Parameters
    ----------
    question
        The sweep.
    pending
        Its chunks that are to be computed.
    cluster
        Address of a scheduler, or "local" for workers on this machine.
    jobs
        Workers of a local cluster; default one for each core.

    Raises
    ------
    HostError
        If Dask is missing, the cluster cannot be reached or is lost, or its workers
        cannot give the bits of this machine.
    """
    check_cluster(cluster)
    if not pending:
        return
    with contextlib.ExitStack() as stack:
        client = _connect(stack, cluster, jobs)
        data = zlib.compress(question.packed())
        # A task, not scattered data: should its worker be lost, it is made again.
        packed = client.submit(bytes, data, key=f"sdmodel-question-{question.digest}")
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        waiting = list(reversed(pending))
        sent: dict[str, tuple[int, Any]] = {}
        while waiting or sent:
            threads = sum(client.nthreads().values())
            while waiting and len(sent) < AHEAD * max(threads, 1):
                index = waiting.pop()
                key = f"sdmodel-chunk-{question.digest}-{index}"
                future = client.submit(run_chunk, packed, index, key=key)
                sent[key] = (index, future)
                future.add_done_callback(done.put)
            future = _next(client, done, cluster)
            index, _ = sent.pop(future.key)
            yield index, unpacked_chunk(_result(client, future, index, cluster))
            future.release()


def _connect(stack: contextlib.ExitStack, cluster: str, jobs: int | None) -> Any:
    from concurrent.futures import ThreadPoolExecutor

    import distributed

    from sdmodel.engines.native import cores

    make_client: Any = distributed.Client  # untyped
    try:
        address: Any = cluster
        if cluster == LOCAL:
            begun = ThreadPoolExecutor(1).submit(_local, jobs or cores())
            stack.callback(_close, begun)  # before the wait, which Ctrl-C may end
            address = begun.result()
        client = make_client(address, timeout=CONNECT, set_as_default=False)
        stack.enter_context(client)
        client.wait_for_workers(1, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        msg = (
            f"--cluster {cluster}: no scheduler with a worker answers there; give the "
            f"address that 'dask scheduler' prints, or 'local' ({error})"
        )
        raise HostError(msg) from error
    return client


def _local(workers: int) -> Any:
    """Start a cluster on this machine, from a thread of its own.

    A terminal tells Ctrl-C to all processes at once; to the workers, who would each
    print where they were, it is not meant. What this thread does not hear, the threads
    and processes that are started from here do not hear either.
    """
    import distributed

    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # begins with hearing it again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    make: Any = distributed.LocalCluster  # untyped
    return make(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # 8787 may be taken
        silence_logs=logging.CRITICAL,
    )


def _close(begun: Future[Any]) -> None:
    """End a cluster, once it is there to be ended; its failure is told elsewhere."""
    if begun.exception() is None:
        begun.result().close()


def _next(client: Any, done: queue.SimpleQueue[Any], cluster: str) -> Any:
    """Wait for a chunk, as long as there are workers."""
    while True:
        with contextlib.suppress(queue.Empty):
            return done.get(timeout=PATIENCE)
        _check_alive(client, cluster)


def _check_alive(client: Any, cluster: str) -> None:
    try:
        workers = client.nthreads()
    except (OSError, TimeoutError) as error:
        raise _lost(cluster) from error
    if not workers:
        raise _lost(cluster)


def _lost(cluster: str) -> HostError:
    msg = f"--cluster {cluster}: lost; no worker has been there for {PATIENCE:.0f} s"
    return HostError(msg)


def _result(client: Any, future: Any, index: int, cluster: str) -> bytes:
    """Fetch a chunk; if its worker is lost before, it is computed again meanwhile."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    while True:
        try:
            found: bytes = future.result(timeout=PATIENCE)
        except TimeoutError:
            _check_alive(client, cluster)
        except KilledWorker as error:
            msg = (
                f"--cluster {cluster}: chunk {index} was on several workers that died, "
                "mostly of too little memory; make chunks smaller with --chunk"
            )
            raise HostError(msg) from error
        except (CancelledError, OSError) as error:
            raise _lost(cluster) from error
        except (SdmodelError, ValueError) as error:
            msg = f"--cluster {cluster}, a worker: {error}"
            raise HostError(msg) from error
        else:
            return found


def run_chunk(packed: bytes, index: int) -> bytes:
    """Compute a chunk on a worker; return its files as `Chunk.packed` gives them."""
    with _reading:
        question = _read(packed)
        scenario = question.span(index)[0]
        if (question.digest, scenario) not in _warm:
            # Threads of one worker must not compile the same at the same time.
            _compile(question, scenario)
            _warm.add((question.digest, scenario))
    part = compute(question, index, jobs=1)
    return chunk_of(question, index, part).packed()


@lru_cache(maxsize=2)
def _read(packed: bytes) -> Question:
    return unpacked(zlib.decompress(packed))


def _compile(question: Question, scenario: int) -> None:
    """Make the scenario's kernel, by a few runs of it."""
    from sdmodel.experiments.parts import save_of

    ensemble = question.ensemble(scenario, 1)
    few = min(3, question.rows)
    inputs = ensemble.inputs(question.names, question.values(0, few))
    for _ in ensemble.outputs(inputs, save_of(question, ensemble)):
        pass
