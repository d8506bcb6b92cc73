"""Worker processes with limits of time and memory: a job that crashes or hangs its worker is one answer, and stops nobody.

    with Workers("handgrad.commands.paging", "judge", count=2) as workers:
        for name, answer in workers.run({"r017": {…}, "r018": {…}}):
            …       # a dict: what the function returned, or {"failed": why}

Jobs and answers travel as JSON. Times are of computing: on a busy machine a job
may take longer on a clock. A worker ends itself at its limit, also when nobody is left to end it.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from importlib import import_module
from multiprocessing.connection import Connection, wait
from typing import Any

from handgrad.errors import HandgradError
from handgrad.records import dataclass

try:
    import resource
except ImportError:                     # a system without limits for processes
    resource = None                     # type: ignore[assignment]

STARTING = 60.0                         # seconds in which a worker has to be there
WALL = 4.0                              # how much longer than its limit a job may take on a clock, since others use the machine too
GRACE = 2.0                             # seconds after that in which a worker ends itself
TRIES = 2


class WorkerError(HandgradError):
    """Workers that cannot work at all."""

    code = "workers"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a job may compute, in seconds, and how much memory a worker may have, in MiB."""

    seconds: float = 10.0
    memory: int = 512


@dataclass
class _Worker:
    process: Any
    line: Connection
    job: str = ""
    since: float = 0.0
    ready: bool = False


@dataclass
class Workers:
    """So many processes that call one function of a module, which takes a dict and returns one."""

    module: str
    function: str
    count: int = 1
    limits: Limits = field(default_factory=Limits)
    _workers: list[_Worker] = field(default_factory=list)
    _failed: int = 0                    # workers in a row that never came to be

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def run(self, jobs: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The answers, in the order in which they come. A job whose worker dies or hangs is tried once more."""
        waiting = deque(jobs)
        tries: dict[str, int] = {}
        left = len(jobs)
        while left:
            self._staff(waiting, jobs, tries)
            for name, answer in self._events():
                if "retry" in answer and tries[name] < TRIES:
                    waiting.append(name)
                    continue
                left -= 1
                yield name, {"failed": answer["retry"]} if "retry" in answer else answer

    def _staff(self, waiting: deque[str], jobs: Mapping[str, dict[str, Any]], tries: dict[str, int]) -> None:
        """Gives the free workers something to do, and starts new ones where some are wanted."""
        while len(self._workers) < min(self.count, len(waiting) + sum(bool(w.job) for w in self._workers)):
            self._workers.append(self._start())
        for worker in self._workers:
            if worker.ready and not worker.job and waiting:
                worker.job, worker.since = waiting.popleft(), time.monotonic()
                tries[worker.job] = tries.get(worker.job, 0) + 1
                with suppress(OSError):             # if it died while it was idle, the loop sees that next
                    worker.line.send_bytes(json.dumps(jobs[worker.job]).encode())

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self.module, self.function, self.limits.seconds, self.limits.memory), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, since=time.monotonic())

    def _events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What happened next: answers, workers that died, workers that took too long."""
        wait([w.line for w in self._workers], timeout=0.2)
        for worker in list(self._workers):
            try:
                heard = json.loads(worker.line.recv_bytes()) if worker.line.poll() else None
            except (EOFError, OSError, ValueError):
                yield from self._lost(worker, self._why(worker))
                continue
            if heard is not None:
                yield from self._heard(worker, heard)
            elif time.monotonic() - worker.since > (WALL * self.limits.seconds if worker.ready else STARTING) and (worker.job or not worker.ready):
                yield from self._lost(worker, self._too_long)

    @property
    def _too_long(self) -> str:
        return f"limit: it took more than {self.limits.seconds:g} s"

    def _heard(self, worker: _Worker, heard: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if not worker.ready:
            worker.ready, self._failed = True, 0
            return
        job, worker.job = worker.job, ""
        if "memory" in heard:
            worker.job = job
            yield from self._lost(worker, f"limit: it needed more than {self.limits.memory} MiB")
        elif "fatal" in heard:
            raise OSError(heard["number"], heard["fatal"], heard["file"])
        else:
            yield job, heard

    def _lost(self, worker: _Worker, why: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """A worker that is gone, or has to go."""
        self._end(worker)
        self._workers.remove(worker)
        if worker.job:
            yield worker.job, {"retry": why}
            return
        if not worker.ready:
            self._failed += 1
            if self._failed > 2 * self.count:
                raise WorkerError("no worker process could be started", remedy=f"--memory {2 * self.limits.memory} gives each of them more room")

    def _end(self, worker: _Worker) -> None:
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join(5)
        worker.line.close()

    def _why(self, worker: _Worker) -> str:
        """Why a worker ended."""
        worker.process.join(5)
        code = worker.process.exitcode
        if code is not None and code < 0:
            name = next((s.name for s in signal.Signals if s == -code), str(-code))
            return self._too_long if name in ("SIGPROF", "SIGALRM") else f"limit: its process was ended by {name}"
        return f"limit: its process ended with {code}"


# ---------------------------------------------------------------- in the worker


def serve(line: Connection, module: str, function: str, seconds: float, memory: int) -> None:
    """Answers jobs until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # an interruption is for the parent alone
    call = getattr(import_module(module), function)
    if resource is not None and sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        line.send_bytes(b"{}")
        while True:
            job = json.loads(line.recv_bytes())
            line.send_bytes(json.dumps(_timed(call, job, seconds)).encode())
    except (EOFError, OSError):
        return


def _timed(call: Any, job: dict[str, Any], seconds: float) -> dict[str, Any]:
    alarm = getattr(signal, "setitimer", None)
    if alarm is not None:
        alarm(signal.ITIMER_PROF, seconds)              # nobody catches these: the process ends, even in the midst of other people's code
        alarm(signal.ITIMER_REAL, WALL * seconds + GRACE)
    try:
        return dict(call(job))
    except MemoryError:
        return {"memory": True}
    except OSError as error:
        return {"fatal": error.strerror or str(error), "number": error.errno or 0, "file": str(error.filename or "")}
    except RecursionError:
        return {"failed": "limit: it is nested too deeply"}
    except HandgradError as error:
        return {"failed": f"{error.code}: {error.what}"}
    except Exception as error:          # whatever goes wrong on one page is that page's row, and no other's
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        if alarm is not None:
            alarm(signal.ITIMER_PROF, 0)
            alarm(signal.ITIMER_REAL, 0)
