"""How many threads a kernel may take: as many as `threads=` says, else as the environment says, else as there are cores for this process."""

from __future__ import annotations

import os

from handgrad.errors import HandgradError
from handgrad.kernels.target import Options

VARIABLES = ("HANDGRAD_THREADS", "OMP_NUM_THREADS")


def threads_of(options: Options) -> int:
    """The number of threads; the variables are read at each call, `OMP_NUM_THREADS` because whoever sets it means all that compute."""
    return options.threads or _named() or _cores()


def _named() -> int:
    for variable in VARIABLES:
        word = os.environ.get(variable, "").partition(",")[0].strip()
        if word.isdigit() and int(word):
            return min(int(word), 1024)
        if word and variable == VARIABLES[0]:
            raise HandgradError(f"{variable} = {word[:40]!r} is no number of threads", remedy="give 1 or more, or unset it")
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
