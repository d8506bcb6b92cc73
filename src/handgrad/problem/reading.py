"""Reads problem files; every fault is told with the file, the line and what would do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from handgrad.arithmetic.decimals import Places
from handgrad.axes import Model
from handgrad.errors import HandgradError
from handgrad.expr import Axis, Bound, Entry, Expr
from handgrad.notation import read
from handgrad.problem.lines import lines_of, statements_of
from handgrad.problem.statement import Place, Problem, Rounding, Update, gradient
from handgrad.records import dataclass
from handgrad.trees import subtrees
from handgrad.verification.sizes import Sizes

LONGEST = 200                               # decimals that a number or a rounding may have
MOST_EPOCHS = 1000
SPECIAL = ("default", "ties", "figures", "carry")
DERIVATIVE = re.compile(r"d\(\s*([^\s,()\[\]]+)\s*,\s*([^()]+?)\s*\)")
COMMA = re.compile(r",(?![^\[]*\])")        # not one between indices
ENTRY = re.compile(r"([^\s\[\],()]+)\s*(?:\[([\s\d,]*)\])?")


class ProblemError(HandgradError):
    """A problem file that cannot be worked."""

    code = "problem"


def read_problem(text: str, path: str = "") -> Problem:
    """The problem that a file states."""
    return _Reader(text, path, lines_of(text)).problem()


def read_model(text: str, path: str = "") -> Model:
    """The model that a problem file states, whatever else stands in it."""
    reader = _Reader(text, path, lines_of(text))
    return reader.model(reader.loaded())


@dataclass(slots=True)
class _Reader:
    text: str
    path: str
    lines: Mapping[tuple[str, str], int]            # where tables begin and keys stand, by table and key

    def error(self, what: str, line: int = 0, remedy: str = "") -> ProblemError:
        where = f"{self.path}, line {line}: " if self.path and line else f"{self.path}: " if self.path else ""
        row = next(iter(self.text.splitlines()[line - 1 : line]), "") if line else ""
        return ProblemError(where + what, self.text, line, len(row) - len(row.lstrip()), len(row.rstrip()), remedy)

    def line(self, table: str, key: str = "") -> int:
        """The line of a key of a table, or of the table; 0 if it is not found."""
        return self.lines.get((table, key)) or self.lines.get((table, ""), 0)

    # ------------------------------------------------------------ the whole

    def problem(self) -> Problem:
        data = self.loaded()
        model = self.model(data)
        of, by, second = self._asked(data, model)
        draw = dict(self._table(data, "draw"))
        reject = draw.pop("reject", data.get("reject", []))
        if not isinstance(reject, list):
            raise self.error(f"reject is {str(reject)[:40]!r}, and no list", self.line("draw", "reject"), 'write reject = ["saturated", "kink"]')
        values, sizes = self._given(self._table(data, "given"), model, draw)
        found = Problem(str(data.get("title", "")), model, of, by, values, sizes, draw=draw, reject=tuple(map(str, reject)), path=self.path, second=second)
        rounding = self._rounding(self._table(data, "rounding"), found)
        names = self._names(self._table(data, "names"), found)
        return replace(found, rounding=rounding, names=names, update=self._update(data), lines=statements_of(data["model"], self._before(data["model"])))

    def loaded(self) -> dict[str, Any]:
        """What the file says, decimals as they are written."""
        try:
            return tomllib.loads(self.text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as fault:
            where = re.search(r"at line (\d+)", str(fault))
            line = int(where[1]) if where else len(self.text.splitlines())
            twice = "overwrite" in str(fault)
            what = "a value is given twice" if twice else f"this is no TOML: {str(fault).partition(' (at')[0]}"
            raise self.error(what, line, "leave one of the two" if twice else "a line is `name = value`, text in quotes, lists in brackets") from None
        except RecursionError:
            raise self.error("brackets are nested too deeply") from None

    def _table(self, data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, dict):
            raise self.error(f"`{name}` is a table", self.line("", name), f"write [{name}] and one line for each name below it")
        return found

    def model(self, data: Mapping[str, Any]) -> Model:
        """The model; its errors are told with their line in the file."""
        stated = data.get("model")
        if not isinstance(stated, str):
            raise self.error("the file states no model", 1, 'write model = """ and its statements, such as E = 1/2*(o - t)^2')
        try:
            model = read(stated)
        except HandgradError as fault:
            where = f"{self.path}, line {self._before(stated) + fault.line}" if fault.line else self.path
            fault.what = f"{where}: {fault.what}" if self.path else fault.what
            raise
        if not model.definitions:
            raise self.error("the model defines nothing", self.line("", "model"), "write a statement such as E = 1/2*(o - t)^2")
        return model

    def _before(self, stated: str) -> int:
        """How many lines of the file stand before the first of the model."""
        row = next(iter(self.text.splitlines()[self.line("", "model") - 1 :]), "")
        return self.line("", "model") - (0 if re.search(r"=\s*(\"{3}|'{3})\s*$", row) else 1)

    def _asked(self, data: Mapping[str, Any], model: Model) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
        asked, line = self._table(data, "gradient"), self.line("gradient") or self.line("", "gradient")
        of = asked.get("of", list(model.definitions)[-1])
        if not isinstance(of, str) or of not in model.tensors:
            raise self.error(f"`{str(of)[:60]}` does not stand in the model", line, self._near(str(of), model.tensors))
        if of not in model.definitions or model.tensors[of]:
            raise self.error(f"`{of}` is no single number that the model defines", line, "`of` names the error, a definition without indices")
        labels = _labels(model)
        by = asked.get("by", [name for name in model.inputs if name not in labels])
        found = [self._variables(str(name), of, model, line) for name in (by if isinstance(by, list) else [by])]
        for name in (n for names in found for n in names if n in labels):
            raise self.error(f"`{name}` is a label: nothing is differentiated by it", line, f"its inputs are {', '.join(model.inputs)}")
        order = asked.get("order", 1)
        if isinstance(order, bool) or order not in (1, 2):
            raise self.error(f"order = {str(order)[:40]} is not worked in numbers", line, "write order = 2; `handgrad derive --order` gives formulas")
        first = tuple(dict.fromkeys(names[0] for names in found))
        pairs = [(names[0], names[1]) for names in found if len(names) == 2]
        if order == 2:
            pairs += [(a, b) for n, a in enumerate(first) for b in first[n:]]
        kept = {frozenset(pair): pair for pair in reversed(pairs)}              # the order of differentiation does not matter
        return of, first, tuple(pair for pair in dict.fromkeys(pairs) if kept[frozenset(pair)] == pair)

    def _variables(self, text: str, of: str, model: Model, line: int) -> tuple[str, ...]:
        """The names by which a part of `by` differentiates: one, or the two of `d(E, w, b)`."""
        derivative = DERIVATIVE.fullmatch(text.strip())
        if derivative and derivative[1] != of:
            raise self.error(f"`{text[:60]}` is no derivative of `{of}`", line, f"write d({of}, …)")
        names = tuple(part.strip() for part in derivative[2].split(",")) if derivative else (text,)
        for name in names:
            if name not in model.tensors:
                raise self.error(f"`{name[:60]}` does not stand in the model", line, self._near(name, model.tensors))
            if name == of:
                raise self.error(f"`{of}` is not differentiated by itself", line, f"its inputs are {', '.join(model.inputs)}")
        if len(names) > 2:
            raise self.error(f"`{text[:60]}` is of order {len(names)}", line, "numbers are worked for first and second derivatives")
        return names

    @staticmethod
    def _near(name: str, known: Any) -> str:
        near = get_close_matches(name, list(known), 1)
        return f"did you mean {near[0]}?" if near else f"its names are {', '.join(known)}"

    # ------------------------------------------------------------ given numbers

    def _given(self, given: Mapping[str, Any], model: Model, draw: Mapping[str, Any]) -> tuple[dict[Place, Fraction], dict[Axis, int]]:
        values: dict[Place, Fraction] = {}
        sizes: dict[Axis, int] = {}
        lengths: dict[Axis, str] = {}
        for name, value in given.items():
            line = self.line("given", name)
            if name in model.definitions:
                raise self.error(f"`{name}` is given and also defined by the model", line, "leave the number out, or the statement")
            if name not in model.tensors:
                raise self.error(f"`{name}` does not stand in the model", line, self._near(name, model.tensors))
            self._entered(name, value, model.tensors[name], (), line, values, sizes, lengths)
        missing = [name for name in model.inputs if name not in given and name not in draw]
        if missing:
            raise self.error(f"no number is given for {', '.join(f'`{m}`' for m in missing)}", self.line("given") or 1,
                             "add " + ", ".join(f"{m} = {_example(len(model.tensors[m]))}" for m in missing) + " below [given]")
        _shifted(model, sizes)
        if not draw:
            for name, slots in model.tensors.items():
                if any(axis not in sizes for axis in slots):
                    raise self.error(f"no given number says how long `{name}` is", self.line("given") or 1, "let an input share its index")
        return values, sizes

    def _entered(self, name: str, value: Any, slots: tuple[Axis, ...], at: tuple[int, ...], line: int,
                 values: dict[Place, Fraction], sizes: dict[Axis, int], lengths: dict[Axis, str]) -> None:
        spelled = f"{name}[{','.join(map(str, at))}]" if at else name
        if not slots:
            values[(name, at)] = self._number(value, f"`{spelled}`", line)
            return
        if not isinstance(value, list) or not value:
            raise self.error(f"shape: `{spelled}` is a number where the model has {len(slots)} more ind{'ex' if len(slots) == 1 else 'ices'}", line,
                             f"write {spelled} = {_example(len(slots))}")
        known = sizes.setdefault(slots[0], len(value))
        if known != len(value):
            raise self.error(f"shape: `{spelled}` has {len(value)} entries where {lengths.get(slots[0], 'another tensor')} has {known}", line,
                             f"give {known} entries, or change the other")
        lengths.setdefault(slots[0], f"`{name}`")
        for number, inner in enumerate(value, 1):
            self._entered(name, inner, slots[1:], (*at, number), line, values, sizes, lengths)

    def _number(self, value: Any, what: str, line: int) -> Fraction:
        if isinstance(value, list):
            raise self.error(f"shape: {what} is a list where the model has a number", line, "one pair of brackets for each index")
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise self.error(f"{what} is {str(value)[:40]!r}, and no number", line, "write a decimal such as 0.18")
        if isinstance(value, Decimal) and (not value.is_finite() or abs(value.adjusted()) > LONGEST):
            raise self.error(f"{what} is {str(value)[:40]}, and no number that one can work with", line, "write a decimal such as 0.18")
        if isinstance(value, int) and abs(value) >= 10**LONGEST:
            raise self.error(f"{what} has more than {LONGEST} digits", line, "write a shorter number")
        return Fraction(value)

    # ------------------------------------------------------------ rounding, names, update

    def _rounding(self, table: Mapping[str, Any], problem: Problem) -> Rounding:
        listed = {}
        for key, value in table.items():
            if key not in SPECIAL:
                quantity = self._quantity(key, problem, self.line("rounding", key), whole=True)
                listed[quantity] = self._places(value, key, False)
        if "figures" in table and "default" in table:
            raise self.error("`figures` and `default` are both given", self.line("rounding", "figures"), "leave one of the two out")
        ties, carry = table.get("ties", "away"), table.get("carry", "shown")
        if ties not in ("away", "even"):
            raise self.error(f"ties = {str(ties)[:40]!r} is no way to round", self.line("rounding", "ties"), 'write ties = "away" or ties = "even"')
        if carry not in ("shown", "unrounded"):
            raise self.error(f"carry = {str(carry)[:40]!r} is no way to carry on", self.line("rounding", "carry"), 'write "shown" or "unrounded"')
        default = self._places(table["figures"], "figures", True) if "figures" in table else self._places(table.get("default", 4), "default", False)
        return Rounding(default, listed, ties, carry)

    def _places(self, value: Any, key: str, significant: bool) -> tuple[Places, ...]:
        counts = value if isinstance(value, list) else [value]
        least = 1 if significant else 0
        if not counts or not all(isinstance(n, int) and not isinstance(n, bool) and least <= n <= LONGEST for n in counts):
            raise self.error(f"`{key}` is {str(value)[:40]!r}, and no number of digits", self.line("rounding", key), f"write {key} = 4, or {key} = [4, 2]")
        return tuple(Places(n, significant) for n in counts)

    def _quantity(self, spelled: str, problem: Problem, line: int, whole: bool = False) -> str:
        """The quantity in its standard spelling: `h[1]`, `d(E, W)`."""
        derivative = DERIVATIVE.fullmatch(spelled.strip())
        if derivative:
            if derivative[1] != problem.of:
                raise self.error(f"`{spelled}` is a derivative of `{derivative[1]}`, and asked is that of `{problem.of}`", line, f"write d({problem.of}, …)")
            return gradient(problem.of, *self._in_order([self._quantity(part, problem, line, whole) for part in COMMA.split(derivative[2])], problem, line))
        entry = ENTRY.fullmatch(spelled.strip())
        if entry is None or entry[1] not in problem.model.tensors:
            raise self.error(f"`{spelled}` does not stand in the model", line, self._near(entry[1] if entry else spelled, problem.model.tensors))
        if entry[2] is None:
            return entry[1]
        at = tuple(int(n) for n in entry[2].split(",") if n.strip())
        slots = problem.model.tensors[entry[1]]
        if whole or len(at) != len(slots):
            raise self.error(f"`{spelled}` {'has indices' if whole else f'has {len(at)} indices where the model has {len(slots)}'}", line,
                             f"write {entry[1]} for all of its entries")
        if any(axis in problem.sizes and not 1 <= n <= problem.sizes[axis] for n, axis in zip(at, slots, strict=True)):
            raise self.error(f"`{spelled}` lies outside of its tensor", line, "indices count from 1")
        return f"{entry[1]}[{','.join(map(str, at))}]"

    def _in_order(self, parts: list[str], problem: Problem, line: int) -> list[str]:
        """What is differentiated by, in the order in which the page has it."""
        if len(parts) == 1:
            return parts
        names = tuple(part.partition("[")[0] for part in parts)
        if len(parts) > 2 or (names not in problem.second and names[::-1] not in problem.second):
            asked = gradient(problem.of, *names)
            raise self.error(f"`{gradient(problem.of, *parts)}` is not asked for", line, f'add "{asked}" to `by` of the gradient')
        if names[0] == names[1]:
            return sorted(parts, key=lambda part: [int(n) for n in re.findall(r"\d+", part.partition("[")[2])])
        return parts if names in problem.second else parts[::-1]

    def _names(self, table: Mapping[str, Any], problem: Problem) -> tuple[tuple[str, str], ...]:
        found = []
        for spelling, quantity in table.items():
            line = self.line("names", spelling)
            if not isinstance(quantity, str):
                raise self.error(f"`{spelling[:60]}` names no quantity", line, 'write "w_7" = "v[1]"')
            found.append((spelling, self._quantity(quantity, problem, line)))
        return tuple(found)

    def _update(self, data: Mapping[str, Any]) -> Update | None:
        if "update" not in data:
            return None
        table = self._table(data, "update")
        if "rate" not in table:
            raise self.error("an update needs its rate", self.line("update"), "write rate = 0.1 below [update]")
        epochs = table.get("epochs", 1)
        if not isinstance(epochs, int) or isinstance(epochs, bool) or not 1 <= epochs <= MOST_EPOCHS:
            raise self.error(f"epochs = {str(epochs)[:40]} is no number of steps", self.line("update", "epochs"), f"write a number from 1 to {MOST_EPOCHS}")
        return Update(self._number(table["rate"], "`rate`", self.line("update", "rate")), epochs)


def _labels(model: Model) -> frozenset[str]:
    """The names of which an entry is the index of another."""
    indices = (i for d in model.definitions.values() for e in subtrees(d.body) if isinstance(e, Entry) for i in e.indices if isinstance(i, Expr))
    return frozenset().union(*(i.tensors for i in indices))


def _shifted(model: Model, sizes: dict[Axis, int]) -> None:
    """The lengths that shifted indices leave: with `x[t+k-1]` over 4 entries and k over 2, t runs to 3."""
    shifts = Sizes(model).shifts
    for _ in shifts:
        for slot, index, binders in shifts:
            over = [(factor, atom.axis if not isinstance(atom, Bound) else binders[-1 - atom.depth]) for factor, atom in index.terms]
            unknown = [axis for _, axis in over if axis not in sizes]
            if slot in sizes and len(unknown) == 1 and (1, unknown[0]) in over:
                rest = index.constant + sum(factor * sizes[axis] for factor, axis in over if axis in sizes)
                if sizes[slot] - rest >= 1:
                    sizes[unknown[0]] = sizes[slot] - rest


def _example(indices: int) -> str:
    return "0.18" if not indices else f"[{_example(indices - 1)}, …]"
