"""A template: a problem file in which `[draw]` says how numbers are drawn, in place of the numbers.

    [draw]
    x = { range = [0, 3], decimals = 2, shape = [3] }
    t = { values = [-1, 1] }
    reject = ["saturated", "kink", "zero", "same_set"]

`shape` is needed only where no given and no other shape tells how long the quantity is. `problem` writes the problem file: the text of
the template with its order and its comments, and the numbers drawn.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import product
from typing import Any

from handgrad.axes import Model
from handgrad.drawing.numbers import Choice, Decimals, Drawing, Grid, within
from handgrad.drawing.statements import Statement, statements
from handgrad.errors import HandgradError, LimitError
from handgrad.expr import Axis
from handgrad.problem import read_model
from handgrad.records import dataclass

REASONS = ("saturated", "kink", "zero", "same_set")
KEYS = ("range", "decimals", "values", "shape")
LARGEST_TEXT, MOST_PLACES, LARGEST_NUMBER, MOST_ENTRIES = 1 << 17, 12, Decimal(10) ** 12, 10_000
WIDEST = 120            # columns of a line of numbers before its rows get lines of their own


class TemplateError(HandgradError):
    """A template that does not say what to draw."""

    code = "template"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that is drawn: its grid and its lengths."""

    name: str
    grid: Grid
    shape: tuple[int, ...]

    @property
    def indices(self) -> Iterator[tuple[int, ...]]:
        """The indices of its entries, counted from 1."""
        return product(*(range(1, n + 1) for n in self.shape))


@dataclass(frozen=True, slots=True)
class Template:
    """A problem without its numbers, the quantities to draw, and the reasons for which a set is rejected."""

    name: str
    text: str
    statements: tuple[Statement, ...]
    quantities: tuple[Quantity, ...]
    reject: tuple[str, ...]

    def numbers(self, drawing: Drawing) -> dict[str, dict[tuple[int, ...], str]]:
        """The numbers of all quantities, by name and index, as they are written."""
        return {q.name: {index: drawing.number(q.name, index, q.grid) for index in q.indices} for q in self.quantities}

    def problem(self, numbers: Mapping[str, Mapping[tuple[int, ...], str]], remark: str = "") -> str:
        """The text of the problem file with these numbers; the remark is a comment of its first line."""
        written = {q.name: _array(q.shape, numbers[q.name]) for q in self.quantities}
        given = any(s.header and s.section == "given" for s in self.statements)
        drawn = [part for s in self.statements if s.section == "draw" for part in _replaced(s, written, given)]
        kept = [(s, s.text) for s in self.statements if s.section != "draw"]
        place = _end_of_given(kept) if given else next(n for n, s in enumerate(self.statements) if s.section == "draw")
        lines = [text for _, text in kept]
        body = "\n".join([*lines[:place], *(_trimmed(drawn) if given else drawn), *lines[place:]])
        return (f"# {_one_line(remark)}\n" if remark else "") + body.rstrip("\n") + "\n"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _replaced(statement: Statement, written: Mapping[str, str], given: bool) -> Iterator[str]:
    """The statement of `[draw]` as it stands in the problem file, if it stands there."""
    if statement.header:
        if not given:
            yield statement.text.replace("draw", "given", 1)
    elif not statement.names:
        yield statement.text
    elif statement.names[0] in written:
        yield statement.left + written[statement.names[0]] + statement.comment


def _end_of_given(kept: list[tuple[Statement, str]]) -> int:
    """The place after the last statement of `[given]`."""
    return 1 + max(n for n, (s, text) in enumerate(kept) if s.section == "given" and text.strip())


def _trimmed(lines: list[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _array(shape: tuple[int, ...], numbers: Mapping[tuple[int, ...], str], at: tuple[int, ...] = ()) -> str:
    if len(at) == len(shape):
        return numbers[at]
    rows = [_array(shape, numbers, (*at, i)) for i in range(1, shape[len(at)] + 1)]
    line = f"[{', '.join(rows)}]"
    return line if len(line) <= WIDEST or len(at) + 1 == len(shape) else "[\n  " + ",\n  ".join(rows) + ",\n]"


# ---------------------------------------------------------------- reading


def read_template(text: str, name: str = "template") -> Template:
    """The template of a TOML text; `name` is what its file is called in errors."""
    if len(text) > LARGEST_TEXT:
        raise LimitError(f"{name} is longer than {LARGEST_TEXT // 1024} KiB")
    reader = _Reader(name, text, _loaded(name, text))
    model = reader.model()
    quantities = reader.quantities(model)
    return Template(name, text, reader.statements, quantities, reader.reject())


def _loaded(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        line, column = (int(found[1]), int(found[2]) - 1) if found else (0, 0)
        raise TemplateError(f"{name} is no TOML: {str(error).partition(' (at')[0]}", text, line, column, column + 1) from None


class _Reader:
    """A template while it is read: what it says, and on which line."""

    def __init__(self, name: str, text: str, said: dict[str, Any]) -> None:
        self.name, self.text, self.said = name, text, said
        self.statements = tuple(_without_rejection(statements(text)))

    def error(self, what: str, key: str = "", remedy: str = "") -> TemplateError:
        """The error, pointing to the statement of `[draw]` that assigns the key, else to its header."""
        inside = [s for s in statements(self.text) if s.section == "draw" or key in s.names and key == "reject"]
        at = next((s for s in inside if key in s.names), inside[0] if inside else None)
        if at is None:
            return TemplateError(f"{self.name}: {what}", remedy=remedy)
        first = at.text.split("\n")[0].rstrip("\r")
        return TemplateError(f"{self.name}, line {at.line}: {what}", self.text.replace("\r", ""), at.line, 0, len(first), remedy)

    def model(self) -> Model:
        """The model of the template."""
        if not isinstance(self.said.get("model"), str):
            raise TemplateError(f"{self.name} has no model", remedy='write its statements as model = """ … """')
        return read_model(self.text, self.name)

    def reject(self) -> tuple[str, ...]:
        """The reasons for which a set is rejected; all, if none are said."""
        inside = self._draw().get("reject")
        said = inside if isinstance(inside, list) else self.said.get("reject", list(REASONS))
        for reason in said if isinstance(said, list) else [said]:
            if reason not in REASONS:
                raise self.error(f"reject has {json.dumps(str(reason)[:40])}", "reject", f"reasons are {', '.join(REASONS)}")
        return tuple(said)

    def _draw(self) -> dict[str, Any]:
        said = self.said.get("draw")
        if not isinstance(said, dict):
            raise TemplateError(f"{self.name} draws nothing: it has no [draw]", remedy="add [draw] with lines such as x = { range = [0, 3], decimals = 2 }")
        return said

    def quantities(self, model: Model) -> tuple[Quantity, ...]:
        """What is drawn, each with its shape."""
        drawn = {name: said for name, said in self._draw().items() if not (name == "reject" and isinstance(said, list))}
        if not drawn:
            raise self.error("nothing is drawn", remedy="add lines such as x = { range = [0, 3], decimals = 2 }")
        for name, said in drawn.items():
            self._checked(name, said, model)
        lengths = self._lengths(drawn, model)
        found = tuple(Quantity(name, self._grid(name, said), self._shape(name, model, lengths)) for name, said in drawn.items())
        if sum(sum(1 for _ in q.indices) for q in found) > MOST_ENTRIES:
            raise LimitError(f"{self.name} draws more than {MOST_ENTRIES} numbers")
        return found

    def _checked(self, name: str, said: Any, model: Model) -> None:
        if name not in model.inputs:
            what = "is defined by the model, so it cannot be drawn" if name in model.definitions else "is no input of the model"
            raise self.error(f"{name!r} {what}", name, f"inputs are {', '.join(model.inputs)}")
        given = self.said.get("given")
        if isinstance(given, dict) and name in given:
            raise self.error(f"{name!r} is both given and drawn", name, "take it out of [given] or out of [draw]")
        assigned = [s for s in self.statements if s.section == "draw" and name in s.names]
        if not (isinstance(said, dict) and len(assigned) == 1 and assigned[0].left):
            raise self.error(f"what {name!r} is drawn from is not said", name, f"write {name} = {{ range = [0, 3], decimals = 2 }} under [draw]")
        for key in said:
            if key not in KEYS:
                raise self.error(f"{name!r} has {key!r}", name, f"keys are {', '.join(KEYS)}")
        if ("range" in said) == ("values" in said):
            raise self.error(f"{name!r} needs either a range or values", name, f"write {name} = {{ range = [0, 3], decimals = 2 }}")

    def _grid(self, name: str, said: dict[str, Any]) -> Grid:
        if "values" in said:
            return Choice(self._values(name, said["values"]))
        places, ends = said.get("decimals"), said["range"]
        if not (type(places) is int and 0 <= places <= MOST_PLACES):
            raise self.error(f"how many decimals {name!r} has is not said", name, f"add decimals = 2, or any number from 0 to {MOST_PLACES}")
        if not (isinstance(ends, list) and len(ends) == 2 and all(_is_number(v) for v in ends)):
            raise self.error(f"the range of {name!r} is no pair of numbers", name, "write range = [0, 3]")
        grid: Decimals = within(Decimal(ends[0]), Decimal(ends[1]), places)
        if grid.count < 1:
            raise self.error(f"the range of {name!r} holds no number with {places} decimals", name, "write the smaller end first")
        return grid

    def _values(self, name: str, said: Any) -> tuple[str, ...]:
        if not (isinstance(said, list) and said and all(_is_number(v) for v in said)):
            raise self.error(f"the values of {name!r} are no numbers", name, "write values = [-1, 1]")
        return tuple(format(v, "f") if isinstance(v, Decimal) else str(v) for v in said)

    # ------------------------------------------------------------ shapes

    def _lengths(self, drawn: Mapping[str, dict[str, Any]], model: Model) -> dict[Axis, int]:
        """How long the axes are: by shapes, by givens, else by the indices that the model writes."""
        found: dict[Axis, int] = {}
        given = self.said.get("given")
        for name, value in (given.items() if isinstance(given, dict) else ()):
            for axis, length in zip(model.tensors.get(name, ()), _depths(value), strict=False):
                found.setdefault(axis, length)
        for name, said in drawn.items():
            for axis, length in zip(model.tensors[name], self._said_shape(name, said, model), strict=False):
                if found.setdefault(axis, length) != length:
                    raise self.error(f"{name!r} is {length} long where another quantity of the model is {found[axis]}", name, f"write {found[axis]}")
        return {**model.least, **found}

    def _said_shape(self, name: str, said: dict[str, Any], model: Model) -> list[int]:
        shape = said.get("shape", [])
        slots = len(model.tensors[name])
        if not (isinstance(shape, list) and all(type(n) is int and 0 < n <= MOST_ENTRIES for n in shape) and len(shape) in (0, slots)):
            raise self.error(f"the shape of {name!r} does not fit: it has {slots} {'index' if slots == 1 else 'indices'}", name,
                             f"write shape = [{', '.join('3' for _ in range(slots))}]" if slots else "leave shape out")
        return shape

    def _shape(self, name: str, model: Model, lengths: Mapping[Axis, int]) -> tuple[int, ...]:
        axes = model.tensors[name]
        if any(axis not in lengths for axis in axes):
            raise self.error(f"how long {name!r} is is not said", name, f"add shape = [{', '.join('3' for _ in axes)}]")
        return tuple(lengths[axis] for axis in axes)


def _without_rejection(found: Iterator[Statement]) -> Iterator[Statement]:
    """The statements without `reject`, which is no part of a problem."""
    return (s for s in found if not (s.section in ("", "draw") and s.names == ("reject",) and "{" not in s.text))


def _is_number(value: Any) -> bool:
    return type(value) in (int, Decimal) and Decimal(value).is_finite() and abs(value) <= LARGEST_NUMBER


def _depths(value: Any) -> list[int]:
    """The lengths of nested lists."""
    found = []
    while isinstance(value, list) and value:
        found.append(len(value))
        value = value[0]
    return found
