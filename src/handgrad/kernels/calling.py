"""Compiled kernels with their arguments as functions of Python, called in some ten nanoseconds.

    function = native(Call(run, data, sizes, threads, value, held, is_long=False))      # None where it cannot be made
    function()                                                                          # runs, and gives the value
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from handgrad.kernels.building import BuildError, compiled
from handgrad.records import dataclass


class _Bound(ctypes.Structure):
    """`hg_bound` of `calling.c`."""

    _fields_ = (
        ("run", ctypes.c_void_p), ("data", ctypes.c_void_p), ("sizes", ctypes.c_void_p), ("wide", ctypes.c_void_p), ("single", ctypes.c_void_p),
        ("array", ctypes.c_void_p), ("threads", ctypes.c_int64), ("is_long", ctypes.c_int64),
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a compiled function: its addresses, and what must live as long as it."""

    run: Any                            # int run(void **data, const int64_t *sizes, int threads)
    data: Any
    sizes: Any
    threads: int
    value: Any                          # the array of the value: without axes its number is given, else the array
    held: tuple[Any, ...]
    is_long: bool


@cache
def _maker() -> Callable[[int], Any] | None:
    """Makes functions of addresses; none on machines where Python or the compiler does not allow it."""
    if sys.implementation.name != "cpython" or sys.platform not in ("linux",):
        return None
    try:
        method = compiled((files("handgrad.kernels") / "calling.c").read_text(), "hg_method").address("hg_method")
    except (BuildError, OSError, ValueError):
        return None
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    return lambda address: new(method, address, "handgrad")


def native(call: Call) -> Callable[[], Any] | None:
    """The call as a function without arguments; None where it cannot be made."""
    maker = _maker()
    if maker is None:
        return None
    at = call.value.ctypes.data if not call.value.ndim else None
    wide = call.value.itemsize == 8
    bound = _Bound(
        ctypes.cast(call.run, ctypes.c_void_p), ctypes.addressof(call.data), ctypes.addressof(call.sizes), at if wide else None, None if wide else at,
        id(call.value), call.threads, call.is_long,
    )
    function = maker(ctypes.addressof(bound))
    weakref.finalize(function, _released, bound, call).atexit = False
    return function  # type: ignore[no-any-return]


def _released(*_: Any) -> None:
    """What a function held may go."""
