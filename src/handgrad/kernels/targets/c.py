"""The target `c`: portable C99, compiled where it runs, for numpy's arrays of any size.

    source = emit(program, Options())       # one file: the mathematics, the threads, and `hg_run`
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from handgrad.expr import Axis
from handgrad.kernels.building import library, loaded
from handgrad.kernels.cprogram import c_source
from handgrad.kernels.layout import SMALL, Layout, axes_of_program
from handgrad.kernels.optional import optional
from handgrad.kernels.program import Program
from handgrad.kernels.target import Options, Runner, Target, register
from handgrad.kernels.threads import threads_of

STORED = {"float64": "double", "float32": "float"}
EXPORT = """#if defined(_WIN32)
#define HG_EXPORT __declspec(dllexport)
#else
#define HG_EXPORT __attribute__((visibility("default")))
#endif
"""


def emit(program: Program, options: Options) -> str:
    """The C of the program for arrays of any size."""
    return whole(Layout(program, {}, STORED[options.dtype]))


def laid_out(program: Program, options: Options, sizes: Mapping[Axis, int]) -> Layout:
    """The layout for arrays of these sizes: short axes are fixed in the code, except that of the samples."""
    fixed = {axis: size for axis, size in sizes.items() if 0 < size <= SMALL}
    layout = Layout(program, fixed, STORED[options.dtype])
    if layout.batch not in fixed:
        return layout
    return Layout(program, {axis: size for axis, size in fixed.items() if axis is not layout.batch}, STORED[options.dtype])


def whole(layout: Layout) -> str:
    """One file: the mathematics, the threads and the program."""
    return "\n".join((*headers(), EXPORT, c_source(layout)))


@cache
def headers() -> tuple[str, ...]:
    """The mathematics and the threads."""
    folder = files("handgrad.kernels")
    return tuple((folder / name).read_text() for name in ("mathematics.h", "runtime.h"))


def build(program: Program, options: Options) -> Runner:
    """A function from numpy arrays to numpy arrays; axes up to 32 long are fixed in the code, which is compiled once for each set of them."""
    np = optional("numpy", "run")
    dtype = np.dtype(options.dtype)
    made: dict[tuple[int, ...], tuple[Callable[..., int], Layout]] = {}
    axes = axes_of_program(program)
    kinds = [np.dtype(np.int64) if i.label is not None else dtype for i in program.inputs]
    shapes = {name: program.axes_of(name) for name in program.results}

    def kernel(sizes: Mapping[Axis, int]) -> tuple[Callable[..., int], Layout]:
        key = tuple(size if 0 < size <= SMALL else 0 for size in (sizes[axis] for axis in axes))
        if key not in made:
            layout = laid_out(program, options, sizes)
            made[key] = _function(whole(layout)), layout
        return made[key]

    def run(given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        function, _ = kernel(sizes)
        arrays = [np.ascontiguousarray(given[i.name], dtype=kind) for i, kind in zip(program.inputs, kinds, strict=True)]
        results = {name: _buffer(np, out.get(name), tuple(sizes[a] for a in own), dtype) for name, own in shapes.items()}
        data = (ctypes.c_void_p * (len(arrays) + len(results)))(*(a.ctypes.data for a in (*arrays, *results.values())))
        counts = (ctypes.c_int64 * max(1, len(axes)))(*(sizes[a] for a in axes))
        if function(data, counts, threads_of(options)):
            raise MemoryError(f"there is no memory for what {program.value} and its gradients need in between")
        return results

    return run


def _buffer(np: Any, given: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    return given if given is not None else np.empty(shape, dtype)


def _function(source: str) -> Callable[..., int]:
    function: Callable[..., int] = loaded(library(source)).hg_run
    return function


register(Target("c", ".c", emit, build))
