"""The bandwidth of memory, by the triad: two arrays read and one written, by all cores."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

N = 16_000_000


@cache
def _compiled() -> ctypes.CDLL:
    into = Path(tempfile.mkdtemp()) / "triad.so"
    source = Path(__file__).with_name("triad.c")
    subprocess.run(["cc", "-O3", "-march=native", "-fPIC", "-shared", "-pthread", str(source), "-o", str(into)], check=True)
    return ctypes.CDLL(str(into))


def _aligned() -> np.ndarray:
    room = np.empty(N + 8, np.float32)
    start = (-room.ctypes.data // 4) % 8
    found = room[start:start + N]
    found[:] = 1
    return found


def triad() -> Callable[[], float]:
    """A function that streams once and gives the bytes a second."""
    arrays = [_aligned() for _ in range(3)]
    call, threads = _compiled().triad, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def run() -> float:
        places = [ctypes.c_void_p(a.ctypes.data) for a in arrays]
        start = time.perf_counter()
        call(*places, ctypes.c_size_t(N), ctypes.c_size_t(threads))
        return 12*N/(time.perf_counter() - start)
    return run
