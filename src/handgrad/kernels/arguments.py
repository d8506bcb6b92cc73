"""The arguments of a compiled model: made arrays of its type, or refused by name; and the buffers that results are written to.

What is not yet an array of the type, in rows, is copied on the way; `copied` says of which arguments that is so.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from handgrad.errors import HandgradError
from handgrad.expr import Axis
from handgrad.kernels.optional import optional
from handgrad.kernels.program import Input, Program
from handgrad.kernels.sizes import ArgumentError, refused
from handgrad.kernels.target import DType

Named = Mapping[Any, Any]
UNEVEN = "its rows have different lengths"


class Arrays(Protocol):
    """The arrays of a package, as far as arguments need them."""

    def array(self, given: Input, value: Any, dtype: DType) -> Any:
        """The value as an array of the type (of positions: of integers), or a refusal."""

    def shape(self, array: Any) -> tuple[int, ...]:
        """How long it is along each axis."""

    def bounds(self, array: Any) -> tuple[int, int] | None:
        """The least and the largest position; None where there is none, or it is not known yet."""

    def handed(self, array: Any) -> Any:
        """A result as it is handed out."""

    def traced(self) -> bool:
        """Whether the package traces what is called, without values."""

    def stale(self, value: Any, array: Any, dtype: DType) -> str:
        """What to give instead of a value of which a copy was taken, so that later changes would not be seen; nothing where they are."""
        return ""

    def buffers(self, program: Program, parts: Mapping[Any, str], out: Named, given: Named, sizes: Mapping[Axis, int], dtype: DType) -> dict[str, Any]:
        """The buffers by the parts that are written to them, or a refusal."""
        if out:
            raise HandgradError("the target takes no buffers", remedy="the targets c, numpy and python do")
        return {}

    def transposed(self, array: Any, order: tuple[int, ...]) -> Any:
        """The array with its axes in another order."""
        return array if not order else array.permute(order) if hasattr(array, "permute") else array.transpose(order)


class NumpyArrays(Arrays):
    """Arrays of numpy; a number where there is no axis. Whatever `asarray` takes is taken."""

    def array(self, given: Input, value: Any, dtype: DType) -> Any:
        """In rows and aligned, so that compiled code can read it."""
        np = optional("numpy", "run")
        held = "int64" if given.label is not None else dtype
        if type(value) is np.ndarray and value.dtype == held and value.flags.carray:
            return value
        if type(value) is float and given.label is None:
            return np.array(value).astype(held, copy=False)
        if isinstance(value, np.ma.MaskedArray):
            raise refused(given.name, "is a masked array", "fill it: x.filled(0.0)")
        try:
            found = np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            said = UNEVEN if "inhomogeneous" in str(error) else str(error).splitlines()[0][:120]
            raise refused(given.name, f"cannot be made an array: {said}") from None
        if found.size or hasattr(value, "dtype"):                   # of what has no entries the type is anybody's guess
            kind_of(given, title(found.dtype), found.dtype.kind)
        return np.require(found, held, ["C", "A"])

    def shape(self, array: Any) -> tuple[int, ...]:
        """The shape."""
        return tuple(array.shape)

    def bounds(self, array: Any) -> tuple[int, int] | None:
        """The least and the largest entry."""
        return (int(array.min()), int(array.max())) if array.size else None

    def handed(self, array: Any) -> Any:
        """A number of Python where there is no axis."""
        return float(array) if not getattr(array, "shape", ()) else array

    def traced(self) -> bool:
        """Never."""
        return False

    def stale(self, value: Any, array: Any, dtype: DType) -> str:
        """Arrays that would have to be copied."""
        kept = value is array or getattr(array, "base", None) is value or not hasattr(value, "__array_interface__")
        return "" if kept else f"give an array of {dtype} in rows: numpy.ascontiguousarray(x, {dtype!r})"

    def buffers(self, program: Program, parts: Mapping[Any, str], out: Named, given: Named, sizes: Mapping[Axis, int], dtype: DType) -> dict[str, Any]:
        """Arrays of the type, in rows, apart from all others."""
        return buffers(program, parts, out, given, sizes, dtype)


@cache
def title(dtype: Any) -> str:
    """The name of a type of numpy's, which numpy makes anew each time it is asked."""
    return str(dtype.name)


def kind_of(given: Input, name: str, kind: str) -> None:
    """Refuses what are no real numbers, and positions that are no integers."""
    if given.label is not None and kind not in "iu":
        raise refused(given.name, f"holds {name}, and its entries are positions", "give integers, counted from 1")
    if kind not in "fiub":
        raise refused(given.name, f"holds {name}, and no real numbers")


ARRAYS: dict[str, Callable[[], Arrays]] = {"numpy": NumpyArrays}


@cache
def arrays_of(kind: str) -> Arrays:
    """What makes arguments of the kind of arrays that a target takes."""
    if kind not in ARRAYS:
        raise HandgradError(f"arguments of the kind {kind} are not known")
    return ARRAYS[kind]()


def given_by_name(program: Program, inputs: Mapping[str, Any]) -> None:
    """Refuses inputs that are missing, and those that the model does not have."""
    known = [i.name for i in program.inputs]
    for name in inputs:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            there = name in program.model.tensors
            raise refused(name, "is not needed for what is asked" if there else "is no input of the model",
                          f"did you mean {near[0]}?" if near else f"its inputs are {', '.join(known)}")
    missing = [name for name in known if name not in inputs]
    if missing:
        raise refused(missing[0], "is missing", f"the inputs are {', '.join(known)}")


def positions_within(program: Program, arrays: Arrays, given: Mapping[str, Any], sizes: Mapping[Axis, int]) -> None:
    """Refuses positions that are on no axis."""
    for each in program.inputs:
        bounds = arrays.bounds(given[each.name]) if each.label is not None else None
        if bounds is not None and each.label is not None and not 1 <= bounds[0] <= bounds[1] <= sizes[each.label]:
            wrong = bounds[0] if bounds[0] < 1 else bounds[1]
            raise refused(each.name, f"holds {wrong}, and positions run from 1 to {sizes[each.label]}",
                          f"positions count from 1: give {each.name} + 1" if bounds[0] == 0 and bounds[1] < sizes[each.label] else "")


# ---------------------------------------------------------------- buffers


def buffers(program: Program, parts: Mapping[Any, str], out: Named, given: Named, sizes: Mapping[Axis, int], dtype: DType) -> dict[str, Any]:
    """The buffers by the parts that are written to them, or a refusal."""
    np = optional("numpy", "run")
    found: dict[str, Any] = {}
    for name, buffer in out.items():
        if name not in parts:
            raise refused(f"out[{name!r}]", "is no result", f"results are {', '.join(map(str, parts))}")
        shape = tuple(sizes[axis] for axis in program.axes_of(parts[name]))
        title = f"out[{name!r}]"
        if not isinstance(buffer, np.ndarray):
            raise refused(title, f"is {type(buffer).__name__}, and no numpy array")
        if buffer.dtype != np.dtype(dtype):
            raise refused(title, f"holds {buffer.dtype.name}, and the result {dtype}")
        if buffer.shape != shape:
            raise refused(title, f"has shape {buffer.shape}, and the result {shape}")
        if not buffer.flags.writeable:
            raise refused(title, "is read-only")
        if not buffer.flags.c_contiguous or not buffer.flags.aligned:
            raise refused(title, "is not laid out in rows", "give a contiguous array")
        _apart(np, title, buffer, {**given, **{f"out[{key!r}]": other for key, other in out.items() if other is not buffer or key != name}})
        found[parts[name]] = buffer
    return found


def _apart(np: Any, title: str, buffer: Any, others: Mapping[str, Any]) -> None:
    for other, array in others.items():
        if isinstance(array, np.ndarray) and np.may_share_memory(buffer, array):
            raise ArgumentError(f"`{title}` overlaps `{other}`", remedy="give a buffer of its own", argument=title)
