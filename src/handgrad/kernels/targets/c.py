"""The target `c`: portable C99, compiled where it runs, for numpy's arrays of any size.

    source = emit(program, Options())       # one file: the mathematics, the threads, and `hg_run`
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib.resources import files
from math import prod
from typing import Any

from handgrad.expr import Axis
from handgrad.kernels.building import compiled, compiler
from handgrad.kernels.calling import Call, native
from handgrad.kernels.cprogram import FEW, c_source
from handgrad.kernels.installed import found, library
from handgrad.kernels.layout import SMALL, Layout, axes_of_program
from handgrad.kernels.optional import optional
from handgrad.kernels.program import Program
from handgrad.kernels.recent import Recent
from handgrad.kernels.target import Options, Runner, Target, register
from handgrad.kernels.threads import threads_of
from handgrad.records import dataclass

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


def fitted(program: Program, options: Options, sizes: Mapping[Axis, int]) -> str:
    """The C of the program for axes of these sizes, and any size of all others."""
    return whole(laid_out(program, options, {axis: sizes.get(axis, SMALL + 1) for axis in axes_of_program(program)}))


def whole(layout: Layout) -> str:
    """One file: the mathematics, the threads and the program."""
    return "\n".join((*headers(), EXPORT, c_source(layout)))


@cache
def headers() -> tuple[str, ...]:
    """The mathematics and the threads."""
    folder = files("handgrad.kernels")
    return tuple((folder / name).read_text() for name in ("mathematics.h", "runtime.h"))


def is_installed(program: Program, options: Options) -> bool:
    """Whether the C of the program for arrays of any size is installed compiled."""
    return library() is not None and found(emit(program, options)) is not None


def build(program: Program, options: Options) -> Runner:
    """A function from numpy arrays to numpy arrays; axes up to 32 long are fixed in the code, which is compiled once for each set of them."""
    return Compiled(program, options)


@dataclass(frozen=True)
class Compiled:
    """A program compiled: it runs on arrays, or is bound to them."""

    program: Program
    options: Options

    def __call__(self, given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        frame, held, results = self._held(given, sizes, out)
        threads = threads_of(self.options) if frame.is_long or self._multiplies else 1         # with fewer numbers no second one is woken
        if frame.run(frame.addresses(*map(_address, held)), frame.counts, threads):
            raise self._no_memory()
        return results

    def bound(self, given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Callable[[], Any]:
        """A function without arguments that writes the results that have buffers, and gives the value."""
        frame, held, results = self._held(given, sizes, out)
        value, data = results[self.program.value], frame.addresses(*map(_address, held))
        call = Call(frame.run, data, frame.counts, threads_of(self.options), value, tuple(held), frame.is_long)

        def run() -> Any:
            if call.run(call.data, call.sizes, call.threads):
                raise self._no_memory()
            return value if value.ndim else float(value)

        return native(call) or run

    def _no_memory(self) -> MemoryError:
        return MemoryError(f"there is no memory for what {self.program.value} and its gradients need in between")

    @cached_property
    def _multiplies(self) -> bool:
        """Whether there are products of matrices, which take long for few numbers."""
        return bool(Layout(self.program, {}, STORED[self.options.dtype]).products)

    @cached_property
    def _np(self) -> Any:
        return optional("numpy", "run")

    @cached_property
    def _axes(self) -> tuple[Axis, ...]:
        return axes_of_program(self.program)

    @cached_property
    def _kinds(self) -> list[Any]:
        return [self._np.dtype(self._np.int64) if i.label is not None else self._dtype for i in self.program.inputs]

    @cached_property
    def _dtype(self) -> Any:
        return self._np.dtype(self.options.dtype)

    @cached_property
    def _shapes(self) -> dict[str, tuple[Axis, ...]]:
        return {name: self.program.axes_of(name) for name in self.program.results}

    @cached_property
    def _frames(self) -> Recent[tuple[int, ...], _Frame]:
        return Recent()

    @cached_property
    def _made(self) -> dict[tuple[int, ...], Callable[..., int]]:
        return {}

    def _function(self, sizes: Mapping[Axis, int], is_long: bool) -> Callable[..., int]:
        """The function for the sizes."""
        key = (*(sizes[axis] if 0 < sizes[axis] <= SMALL else 0 for axis in self._axes), is_long)
        if key not in self._made:
            self._made[key] = compiled(self._source(sizes, is_long)).function("hg_run")
        return self._made[key]

    def _source(self, sizes: Mapping[Axis, int], is_long: bool) -> str:
        """The code for the sizes; that for all sizes, if it is installed, where nothing can compile the other, or few numbers are not worth it."""
        own = whole(laid_out(self.program, self.options, sizes))
        is_made = library() is None or is_long and compiler() is not None or found(own) is not None
        return own if is_made or not is_installed(self.program, self.options) else emit(self.program, self.options)

    def _frame(self, sizes: Mapping[Axis, int]) -> _Frame:
        """What all calls with arrays of these sizes have in common."""
        key = tuple([sizes[axis] for axis in self._axes])
        frame = self._frames.get(key)
        if frame is None:
            inputs = [tuple(sizes[axis] for axis in i.axes) for i in self.program.inputs]
            shapes = {name: tuple(sizes[axis] for axis in own) for name, own in self._shapes.items()}
            entries = sum(map(prod, (*inputs, *shapes.values())))
            counts = (ctypes.c_int64 * max(1, len(key)))(*key)
            addresses, is_long = ctypes.c_size_t * (len(inputs) + len(shapes)), entries > FEW
            frame = self._frames[key] = _Frame(self._function(sizes, is_long), counts, shapes, addresses, is_long)
        return frame

    def _held(self, given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> tuple[_Frame, list[Any], dict[str, Any]]:
        """The frame of a call, all its arrays in their order, and its results."""
        np, frame, dtype = self._np, self._frame(sizes), self._dtype
        held = [_in_rows(np, given[i.name], kind) for i, kind in zip(self.program.inputs, self._kinds, strict=True)]
        results = {name: out[name] if name in out else np.empty(shape, dtype) for name, shape in frame.shapes.items()}
        held += results.values()
        return frame, held, results


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all calls with arrays of certain sizes have in common."""

    run: Callable[..., int]
    counts: Any
    shapes: Mapping[str, tuple[int, ...]]       # of the results
    addresses: Any                              # the type of the addresses
    is_long: bool


def _address(array: Any) -> int:
    """Where an array begins."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))        # the quickest way, which asks for memory that can be written to
    except (TypeError, ValueError):
        address: int = array.ctypes.data
        return address


def _in_rows(np: Any, array: Any, dtype: Any) -> Any:
    """The array of the type and in rows, itself if it is so."""
    return array if array.dtype is dtype and array.flags.carray else np.ascontiguousarray(array, dtype=dtype)


register(Target("c", ".c", emit, build))
