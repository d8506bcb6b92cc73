"""Arguments that are numbers, or lists in lists of numbers: checked like arrays, without numpy. Whatever has `tolist` is taken too."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handgrad.expr import Axis
from handgrad.kernels.arguments import ARRAYS, UNEVEN, Arrays, Named, kind_of
from handgrad.kernels.program import Input, Program
from handgrad.kernels.sizes import refused
from handgrad.kernels.target import DType
from handgrad.records import dataclass

ROWS = (list, tuple, array, range)
LARGEST = 1 << 64


@dataclass(frozen=True, slots=True)
class Rows:
    """Lists in lists of floats (of positions: of integers), their shape, and what they were given as, if they are that itself."""

    entries: Any
    shape: tuple[int, ...]
    base: Any = None


class Lists(Arrays):
    """Numbers and lists in lists."""

    def array(self, given: Input, value: Any, dtype: DType) -> Any:
        """A float, or Rows: the list itself where nothing has to be changed."""
        if type(value) is float and not given.axes and given.label is None and dtype == "float64":
            return value
        if hasattr(value, "mask") and hasattr(value, "filled"):
            raise refused(given.name, "is a masked array", "fill it: x.filled(0.0)")
        shape, entries, flat = _opened(given, value)
        if flat:
            name, kind = _kind(flat)
        else:
            kind = getattr(getattr(value, "dtype", None), "kind", "i" if given.label is not None else "f")
            name = {"i": "int64", "f": "float64"}.get(kind, str(getattr(value, "dtype", "")))
        kind_of(given, name, kind)
        whole = int if given.label is not None else float
        kinds = {type(x) for x in flat}
        if kinds <= {whole} and (dtype == "float64" or given.label is not None):
            return Rows(entries, shape, value if entries is value else None) if shape else entries
        converted = iter(_converted(flat, whole, dtype))
        made = _nested(shape, converted)
        return Rows(made, shape) if shape else made

    def shape(self, array: Any) -> tuple[int, ...]:
        """How long it is along each axis."""
        return array.shape if isinstance(array, Rows) else ()

    def bounds(self, array: Any) -> tuple[int, int] | None:
        """The least and the largest entry."""
        flat = list(_flat(array.entries, len(array.shape))) if isinstance(array, Rows) else [array]
        return (min(flat), max(flat)) if flat else None

    def handed(self, array: Any) -> Any:
        """A number, or lists."""
        return array

    def traced(self) -> bool:
        """Never."""
        return False

    def stale(self, value: Any, array: Any, dtype: DType) -> str:
        """What to give instead where later changes would not be seen."""
        if not isinstance(array, Rows) or array.base is value or isinstance(value, tuple):
            return ""
        return f"give lists of {'float' if dtype == 'float64' else 'float, of dtype float64'}: x.tolist(), or [float(x) for x in …]"

    def buffers(self, program: Program, parts: Mapping[Any, str], out: Named, given: Named, sizes: Mapping[Axis, int], dtype: DType) -> dict[str, Any]:
        """Lists in lists of the shape of each result; of a single number a list of one entry."""
        found: dict[str, Any] = {}
        rows: dict[int, str] = {}
        for name, known in given.items():
            rows |= {id(row): name for row in _rows(known.entries, len(known.shape))} if isinstance(known, Rows) else {}
        for name, buffer in out.items():
            title = f"out[{name!r}]"
            if name not in parts:
                raise refused(title, "is no result", f"results are {', '.join(map(str, parts))}")
            shape = tuple(sizes[axis] for axis in program.axes_of(parts[name])) or (1,)
            _checked(title, buffer, shape)
            for row in _rows(buffer, len(shape)):
                if id(row) in rows:
                    raise refused(title, f"overlaps `{rows[id(row)]}`", "give a buffer of its own")
                rows[id(row)] = title
            found[parts[name]] = buffer
        return found

    def transposed(self, array: Any, order: tuple[int, ...]) -> Any:
        """The entries with their axes in another order."""
        if not order:
            return array
        shape, at = [], array
        for _ in order:
            shape.append(len(at))
            at = at[0] if at else []
        return _picked(array, tuple(shape[axis] for axis in order), order, ())


ARRAYS["lists"] = Lists


def _picked(array: Any, shape: tuple[int, ...], order: tuple[int, ...], at: tuple[int, ...]) -> Any:
    if len(at) < len(shape):
        return [_picked(array, shape, order, (*at, n)) for n in range(shape[len(at)])]
    for _, place in sorted(zip(order, at, strict=True)):
        array = array[place]
    return array


def _opened(given: Input, value: Any) -> tuple[tuple[int, ...], Any, list[Any]]:
    """Its shape, its entries as lists, and all of them in a row; what has different lengths is refused."""
    if hasattr(value, "tolist") and hasattr(value, "shape"):
        dtype = getattr(value, "dtype", None)
        if dtype is not None and hasattr(dtype, "kind"):
            kind_of(given, dtype.name, dtype.kind)
        shape = tuple(value.shape)
        entries = value.tolist()
        return shape, entries, list(_flat(entries, len(shape)))
    if not isinstance(value, ROWS):
        if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)):
            kind_of(given, "object", "O")
        return (), value, [value]
    shape_found: list[int] = []
    level: list[Any] = [value]
    while level and all(isinstance(row, ROWS) or hasattr(row, "tolist") and getattr(row, "shape", ()) for row in level):
        lengths = {len(row) for row in level}
        if len(lengths) > 1:
            raise refused(given.name, f"cannot be made an array: {UNEVEN}")
        shape_found.append(lengths.pop())
        level = [x for row in level for x in row]
    if any(isinstance(x, ROWS) for x in level):
        raise refused(given.name, f"cannot be made an array: {UNEVEN}")
    is_itself = all(isinstance(row, list) for row in _rows(value, len(shape_found)))
    return tuple(shape_found), value if is_itself else _nested(tuple(shape_found), iter(level)), level


def _kind(flat: Sequence[Any]) -> tuple[str, str]:
    """The name and the kind of the type that holds all numbers, as numpy has them."""
    kinds = {_kind_of_one(x) for x in flat}
    widths = {"U": 32, "S": 8}
    for kind, name in (("O", "object"), ("U", "str"), ("S", "bytes"), ("c", "complex128"), ("f", "float64"), ("i", "int64")):
        if kind in kinds:
            return (f"{name}{widths[kind]*max(len(x) if isinstance(x, (str, bytes)) else 32 for x in flat)}" if kind in widths else name), kind
    return "bool", "b"


def _kind_of_one(x: Any) -> str:
    match x:
        case bool():
            return "b"
        case int():
            return "i" if -LARGEST//2 <= x < LARGEST else "O"
        case float():
            return "f"
        case complex():
            return "c"
        case str():
            return "U"
        case bytes():
            return "S"
        case _:
            return str(getattr(getattr(x, "dtype", None), "kind", "O"))


def _converted(flat: Sequence[Any], whole: type, dtype: DType) -> Sequence[Any]:
    if whole is int or dtype == "float64":
        return [whole(x) for x in flat]
    return array("f", (float(x) for x in flat))                     # rounded once, to single precision


def _nested(shape: tuple[int, ...], flat: Iterator[Any]) -> Any:
    return [_nested(shape[1:], flat) for _ in range(shape[0])] if shape else next(flat)


def _flat(entries: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield entries
    else:
        for row in entries:
            yield from _flat(row, depth - 1)


def _rows(entries: Any, depth: int) -> Iterator[Any]:
    """The lists at every depth."""
    if depth:
        yield entries
        for row in entries if depth > 1 else ():
            yield from _rows(row, depth - 1)


def _checked(title: str, buffer: Any, shape: tuple[int, ...], depth: int = 0) -> None:
    if isinstance(buffer, tuple):
        raise refused(title, "is read-only", "give a list")
    if not isinstance(buffer, list):
        raise refused(title, f"is {type(buffer).__name__}, and no list", "give lists of the result's shape; of a single number a list of one entry")
    if len(buffer) != shape[depth]:
        raise refused(title, f"has {len(buffer)} entries along axis {depth + 1}, and the result has shape {shape}")
    for row in buffer if depth + 1 < len(shape) else ():
        _checked(title, row, shape, depth + 1)
