"""A call of somebody's function as values: the arguments described, and what came back, so that it can be made in another process.

    answered(function, Question({"x": Argument((1.0, 2.0), (2,), "float64")}, ("x",), None, 1, ("x",)))       # an Answer
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from itertools import product
from typing import Any

from handgrad.checking.code.arrays import flat, made, shape_of
from handgrad.records import dataclass

Call = Callable[[Mapping[str, Any], Sequence[str], Any, bool], Any]     # values by parameter, the parameters asked for, the cotangent, whether in bfloat16


@dataclass(frozen=True, slots=True)
class Argument:
    """An array by its entries in the order of its indices, of a type and a layout."""

    entries: tuple[float, ...]
    shape: tuple[int, ...]
    dtype: str
    layout: str = ""

    def array(self) -> Any:
        """The array, or the number where there is no index; nested lists where NumPy is not installed."""
        return made(dict(zip(product(*map(range, self.shape)), self.entries, strict=True)), self.shape, self.dtype, self.layout)


@dataclass(frozen=True, slots=True)
class Question:
    """One call: the arguments by parameter, by which of them gradients are asked for, and how many results by which names are wanted."""

    arguments: Mapping[str, Argument]
    asked: tuple[str, ...]
    upstream: Argument | None
    count: int
    by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The question as JSON."""
        return asdict(self)

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Question:
        """The question from its JSON."""
        arguments = {name: _argument(a) for name, a in found["arguments"].items()}
        upstream = None if found["upstream"] is None else _argument(found["upstream"])
        return cls(arguments, tuple(found["asked"]), upstream, found["count"], tuple(found["by"]))


def _argument(found: Mapping[str, Any]) -> Argument:
    return Argument(tuple(found["entries"]), tuple(found["shape"]), found["dtype"], found["layout"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: shape, type and entries of each result; or what was raised, changed in place, or is no number."""

    shapes: tuple[tuple[int, ...], ...] = ()
    types: tuple[str, ...] = ()
    entries: tuple[tuple[float, ...], ...] = ()
    several: bool = False                   # whether it was a tuple, or a list of arrays
    raised: str = ""
    changed: str = ""
    unreal: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        return asdict(self)

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Answer:
        """The answer from its JSON."""
        shapes, types, entries = (tuple(found[name]) for name in ("shapes", "types", "entries"))
        return cls(tuple(map(tuple, shapes)), types, tuple(map(tuple, entries)), found["several"], found["raised"], found["changed"], found["unreal"])


def told(error: BaseException) -> str:
    """What an exception of somebody's code says, in one line."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:200]}" if said else type(error).__name__


def answered(call: Call, question: Question) -> Answer:
    """What the function gives."""
    values = {name: argument.array() for name, argument in question.arguments.items()}
    before = copy.deepcopy({name: value for name, value in values.items() if question.arguments[name].layout != "read-only"})
    upstream = None if question.upstream is None else question.upstream.array()
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            found = call(values, question.asked, upstream, any(a.dtype == "bfloat16" for a in question.arguments.values()))
    except (Exception, SystemExit) as error:
        return Answer(raised=told(error))
    changed = next((name for name, old in before.items() if not _same(old, values[name])), "")
    return _returned(found, question, changed)


def _returned(found: Any, question: Question, changed: str) -> Answer:
    results = listed(found, question.count, question.by)
    several = isinstance(found, tuple) or isinstance(found, list) and all(shape_of(part) for part in found)
    shapes = tuple(map(shape_of, results))
    types = tuple(str(getattr(r, "dtype", "")) for r in results)
    try:
        entries = tuple(tuple(flat(r, shape)) for r, shape in zip(results, shapes, strict=True))
    except Exception as error:
        return Answer(shapes, types, (), several, changed=changed, unreal=told(error))
    return Answer(shapes, types, entries, several, changed=changed)


def listed(found: Any, count: int, by: tuple[str, ...]) -> list[Any]:
    """The results in their order; a dictionary is read by the names asked for."""
    if isinstance(found, dict):
        return [found[name] for name in by if name in found]
    if isinstance(found, (tuple, list)) and (count > 1 or isinstance(found, tuple) or shape_of(found)[:1] == (1,) and len(shape_of(found)) > 1):
        return list(found)
    return [found]


def _same(old: Any, new: Any) -> bool:
    if hasattr(old, "tobytes"):
        return bool(old.tobytes() == new.tobytes())
    return bool(old == new)
