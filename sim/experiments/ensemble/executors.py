"""Who runs the tasks: this process, a pool of processes, or a Dask cluster. Each runs a function on plain dictionaries.

A worker that dies takes only the tasks it held with it; they are tried again. A task that keeps killing its worker ends
as a `Died`, alone. Results come in the order in which they are ready.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from types import ModuleType
from typing import Any, Protocol, TypeVar

from sim.core.errors import InputError

Task = Mapping[str, Any]
Result = TypeVar("Result")

LOCAL, CLUSTER = EXECUTORS = ("local", "cluster")
ATTEMPTS = 3  # unit: workers a task may lose before it is given up

AHEAD = 2
"""Tasks sent out per worker, so that none waits for the driver."""


@dataclass(frozen=True)
class Died:
    """What stands for the result of a task that killed its worker every time."""

    reason: str


class Executor(Protocol):
    """Runs tasks by a function of a module; yields the position of each task with its result."""

    workers: int

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | Died]]:
        """Run every task; an exception of the function is raised here and ends the others."""
        ...


class InProcess:
    """One after the other, here."""

    workers = 1

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | Died]]:
        """See `Executor`."""
        for position, task in enumerate(tasks):
            yield position, function(task)


class Pool:
    """Processes on this machine, started afresh (spawned) so that nothing is inherited."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | Died]]:
        """See `Executor`."""
        waiting, suspects = deque(range(len(tasks))), deque[int]()
        lost: Counter[int] = Counter()
        flying: dict[Future[Result], int] = {}
        while waiting or suspects or flying:
            broken = False
            try:
                while not suspects and waiting and len(flying) < AHEAD * self.workers:
                    self._send(flying, function, tasks, waiting)
                if suspects and not flying:  # alone, so that it is known which task kills its worker
                    self._send(flying, function, tasks, suspects)
            except BrokenProcessPool:
                broken = True
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                position = flying[future]
                try:
                    result = future.result()
                except BrokenProcessPool:
                    broken = True
                    continue
                del flying[future]
                yield position, result
            if broken:
                self.close()
                for position in flying.values():
                    lost[position] += 1
                    if lost[position] >= ATTEMPTS:
                        yield position, Died(f"the worker process died {ATTEMPTS} times (out of memory?)")
                    elif lost[position] > 1:
                        suspects.append(position)
                    else:
                        waiting.appendleft(position)
                flying.clear()

    def _send(
        self,
        flying: dict[Future[Result], int],
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        queue: deque[int],
    ) -> None:
        if self._pool is None:
            spawn = get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, mp_context=spawn, initializer=_obey_parent)
        with _main_hidden():
            future = self._pool.submit(function, tasks[queue[0]])
        flying[future] = queue.popleft()

    def close(self) -> None:
        """End the processes; what they were doing is not waited for, as parts are written whole or not at all."""
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())  # Python 3.14 has terminate_workers for this
            manager: Any = self._pool._executor_manager_thread
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
            if manager is not None:  # else the interpreter may end while it closes its pipe, and complain
                manager.join()
            self._pool = None


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Processes started here do not run the user's script again, which need not be guarded then: tasks are ours."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _obey_parent() -> None:
    """Interrupts are the driver's to answer; a worker whose driver was killed leaves instead of waiting for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Cluster:
    """Dask: workers started here on 127.0.0.1 without a dashboard, or those of a running scheduler by its address."""

    def __init__(self, workers: int, address: str | None = None) -> None:
        self.workers = workers
        self._client, self._local = _connect(workers, address)
        if address is not None:
            self.workers = max(1, len(self._client.scheduler_info()["workers"]))

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | Died]]:
        """See `Executor`."""
        from distributed import KilledWorker

        suspects: list[int] = []
        for position, future in self._sent(function, tasks, range(len(tasks)), AHEAD * self.workers):
            try:
                result = future.result()
            except KilledWorker:  # or a task that waited on the same worker: each is tried once more, alone
                suspects.append(position)
                continue
            yield position, result
        for position, future in self._sent(function, tasks, suspects, 1):
            try:
                result = future.result()
            except KilledWorker:
                result = Died(f"the worker process died {ATTEMPTS} times (out of memory?)")
            yield position, result

    def _sent(
        self, function: Callable[[Task], Result], tasks: Sequence[Task], positions: Iterable[int], at_once: int
    ) -> Iterator[tuple[int, Any]]:
        """Positions with their finished futures, so many on the way at once."""
        from distributed import as_completed

        waiting, flying = deque(positions), dict[str, int]()

        def submit() -> Any:
            position = waiting.popleft()
            future = self._client.submit(function, dict(tasks[position]), pure=False, retries=ATTEMPTS - 1)
            flying[future.key] = position
            return future

        done = as_completed([submit() for _ in range(min(len(waiting), at_once))], loop=self._client.loop)
        for future in done:
            yield flying.pop(future.key), future
            if waiting:
                done.add(submit())

    def close(self) -> None:
        """Leave the scheduler; a cluster started here ends."""
        self._client.close()
        if self._local is not None:
            self._local.close()


def _connect(workers: int, address: str | None) -> tuple[Any, Any]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        message = "the executor 'cluster' needs Dask: pip install 'deltasim[cluster]'"
        raise InputError(message, key="--executor") from None
    if address is not None:
        try:
            return Client(address, timeout=CONNECT_SECONDS, set_as_default=False), None
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"no scheduler answers at {address}: {reason}", key="--address") from None
    dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS - 1})
    with _main_hidden():
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True,
            silence_logs=logging.CRITICAL, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        )  # fmt: skip
    return Client(cluster, set_as_default=False), cluster


CONNECT_SECONDS = 20  # unit: seconds until a scheduler must have answered


@dataclass(frozen=True)
class Engine:
    """Which executor, how many workers, where."""

    executor: str = LOCAL
    workers: int = 1
    address: str | None = None

    def open(self) -> AbstractContextManager[Executor]:
        """The executor; it ends with the block."""
        return executor(self.executor, self.workers, self.address)


@contextmanager
def executor(name: str = LOCAL, workers: int = 1, address: str | None = None) -> Iterator[Executor]:
    """The executor of a name; it ends with the block.

    Args:
        name: ``local`` or ``cluster``.
        workers: processes; one local worker is this process itself.
        address: of a running Dask scheduler.
    """
    if name not in EXECUTORS:
        raise InputError(f"unknown executor '{name}'", key="--executor", allowed=", ".join(EXECUTORS))
    if address is not None and name != CLUSTER:
        raise InputError("an address is for the executor 'cluster'", key="--address")
    if not isinstance(workers, int) or workers < 1:
        raise InputError(f"{workers!r} is not a number of processes", key="workers", allowed="1 or more")
    if name == LOCAL and workers == 1:
        yield InProcess()
        return
    made = Pool(workers) if name == LOCAL else Cluster(workers, address)
    try:
        yield made
    finally:
        made.close()


def ordered(results: Iterable[tuple[int, Result]]) -> list[Result]:
    """All results in the order of their tasks."""
    return [result for _, result in sorted(results, key=lambda pair: pair[0])]
