"""A program as one function of numbers and of lists in lists: straight lines where all sizes are small and known, else comprehensions.

    h_1 = sigmoid(W_1_1*x_1 + W_2_1*x_2)                                                    entries have names, positions from 1 as in the formula
    h = [sigmoid(sum([W[i][j]*x[i] for i in range(n_i)], 0.0)) for j in range(n_j)]         positions from 0
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from handgrad.axes import Definition, letter_for, named
from handgrad.expr import Axis, Letter, Reduce
from handgrad.kernels.array_formulas import ATOM, PRODUCT, Text, taken_off
from handgrad.kernels.naming import axis_names, names_for, unused
from handgrad.kernels.program import Program
from handgrad.kernels.results import titled
from handgrad.kernels.scalar_formulas import Dialect, ScalarFormulas
from handgrad.kernels.scalar_primitives import FUNCTIONS, IMPORTED, TEXTS, texts_of
from handgrad.kernels.sizes import Origin, axes_of, origins
from handgrad.notation import write_definition
from handgrad.records import dataclass
from handgrad.trees import names, opened, renamed

PYTHON = Dialect(FUNCTIONS)
MOST_STATEMENTS = 600                       # in straight lines
REDUCED = {"max": "largest", "min": "smallest", "argmax": "place_of_largest", "sum": "sum", "prod": "prod"}
WIDTH = 120


@dataclass
class Listing:
    """The text of a program, with the sizes of axes as far as they are known."""

    program: Program
    known: Mapping[Axis, int] = field(default_factory=dict)
    is_single: bool = False                 # whether results are rounded to float32
    wanted: frozenset[str] | None = None    # the results that are computed; without it all
    used: dict[str, None] = field(default_factory=dict)

    @cached_property
    def is_straight(self) -> bool:
        """Whether every entry has a name of its own."""
        if any(self.known.get(axis, 0) < 1 for axis in axes_of(self.program)):
            return False
        return sum(prod(self.known[axis] for axis in _loops(part)) for part in self.program.parts) <= MOST_STATEMENTS

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Names that are not free."""
        return frozenset({*TEXTS, *IMPORTED, "math", "value_and_gradients", "bound", "step", "enumerate", "range", "len"})

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of inputs and parts in code."""
        return names_for(self.program, self.reserved)

    @cached_property
    def axes(self) -> Mapping[Axis, str]:
        """The letters by which sizes are called."""
        return axis_names(self.program, {*self.names.values(), *self.reserved})

    @cached_property
    def parts(self) -> tuple[Definition, ...]:
        """The parts that the wanted results need, in order."""
        needed = set(self.program.results if self.wanted is None else self.wanted)
        found: list[Definition] = []
        for part in reversed(self.program.parts):
            if part.name in needed:
                found.append(part)
                needed |= names(part.body)
        return tuple(reversed(found))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that the parts read."""
        read = frozenset().union(*(names(part.body) for part in self.parts))
        return tuple(i.name for i in self.program.inputs if i.name in read)

    def size(self, axis: Axis) -> str | int:
        """The size of an axis in code."""
        return self.known[axis] if axis in self.known else f"n_{self.axes[axis]}"

    # ------------------------------------------------------------ entries

    @cached_property
    def entries(self) -> dict[tuple[str, tuple[int, ...]], str]:
        """The names of entries in straight lines."""
        taken = {*self.names.values(), *self.reserved}
        found: dict[tuple[str, tuple[int, ...]], str] = {}
        for title in (*(i.name for i in self.program.inputs), *(p.name for p in self.program.parts)):
            for at in self.positions(self.program.axes_of(title)):
                name = "_".join([self.names[title], *(str(n + 1) for n in at)])
                found[title, at] = unused(name, taken) if at else name
                taken.add(found[title, at])
        return found

    def positions(self, axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
        """All positions on axes of known sizes."""
        return product(*(range(self.known[axis]) for axis in axes))

    def _entry(self, name: str, positions: Sequence[str | int]) -> Text:
        if not self.is_straight:
            return Text("".join([self.names[name], *(f"[{at}]" for at in positions)]))
        if all(isinstance(at, int) for at in positions):
            return Text(self.entries[name, tuple(int(at) for at in positions)])
        if any(name == i.name for i in self.program.inputs):
            return Text("".join([self.names[name], *(f"[{at}]" for at in positions)]))
        return Text(self._chosen(name, positions, ()))

    def _chosen(self, name: str, positions: Sequence[str | int], at: tuple[int, ...]) -> str:
        """The entry of a part at positions that are known only when it runs: from a tuple of all that it can be."""
        if not positions:
            return self.entries[name, at]
        first, *rest = positions
        if isinstance(first, int):
            return self._chosen(name, rest, (*at, first))
        count = self.known[self.program.axes_of(name)[len(at)]]
        return f"({', '.join(self._chosen(name, rest, (*at, n)) for n in range(count))}{',' if count == 1 else ''})[{first}]"

    # ------------------------------------------------------------ parts

    def formulas(self) -> ScalarFormulas:
        """The writer of formulas, which knows of earlier parts whether they are positive."""
        writer = ScalarFormulas(PYTHON, self._entry, self.size, used=self.used)
        signs: dict[str, int] = {}
        writer.signs = signs
        for part in self.program.parts:
            sign = writer.sign(part.body)
            if sign is not None:
                signs[part.name] = sign
        return writer

    def lines(self) -> list[str]:
        """The statements that compute the parts, each behind its formula."""
        writer = self.formulas()
        if self.is_straight:                                # written twice: the first time it is seen of what there are sigmoids
            list(self._lines(writer))
            self.used.clear()
            writer.halves.clear()
        return list(self._lines(writer))

    def _lines(self, writer: ScalarFormulas) -> Iterator[str]:
        for part in self.parts:
            part = readable(part, self.program, self._taken)
            yield f"# {' '.join(write_definition(part, self.program.model).split())}"
            if self.is_straight:
                for at in self.positions([letter.axis for letter in part.letters]):
                    yield self._assigned(part, at, writer)
            else:
                yield f"{self.names[part.name]} = {self._looped(part, writer)}"

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset({*self.names.values(), *self.reserved, *(f"n_{letter}" for letter in self.axes.values())})

    def _assigned(self, part: Definition, at: tuple[int, ...], writer: ScalarFormulas) -> str:
        name, code = self.entries[part.name, at], self._straight(part, writer, dict(zip(part.letters, at, strict=True)))
        argument = code.removeprefix("sigmoid(").removesuffix(")")
        if code != f"sigmoid({argument})" or not argument.isidentifier() or f"-{argument}" not in writer.sigmoids:
            return f"{name} = {code}"
        other = unused(f"{name}_rest", self.entries.values())
        writer.halves[f"-{argument}"] = other
        self.used.setdefault("logistic")
        return f"{name}, {other} = logistic({argument})"

    def _straight(self, part: Definition, writer: ScalarFormulas, letters: Mapping[Letter, str | int]) -> str:
        body = part.body
        if not isinstance(body, Reduce):
            return _floating(writer.at(body, letters).code)
        letter, (inner,) = opened(body)
        each: list[Mapping[Letter, str | int]] = [{**letters, letter: n} for n in range(self.known[letter.axis])]
        if body.kind == "sum":
            negated = taken_off(inner)
            return _floating(writer.summed([(writer.at(inner if negated is None else negated, at), negated is not None) for at in each]).code)
        values = [writer.at(inner, at) for at in each]
        if body.kind == "prod":
            return _floating("*".join(v.within(PRODUCT if len(values) > 1 else ATOM) for v in values))
        self.used.setdefault(REDUCED[body.kind])
        return f"{REDUCED[body.kind]}(({', '.join(v.code for v in values)}{',' if len(values) == 1 else ''}))"

    def _looped(self, part: Definition, writer: ScalarFormulas) -> str:
        letters: dict[Letter, str | int] = {letter: letter.name for letter in part.letters}
        if isinstance(part.body, Reduce):
            letter, (inner,) = named(part.body, self.program.model, frozenset(i.name for i in part.letters))
            own = unused(letter.name, {*self._taken, *map(str, letters.values())})
            function = REDUCED[part.body.kind]
            self.used.setdefault(function)
            start = {"sum": ", 0.0", "prod": ", start=1.0"}.get(function, "")
            code = f"{function}([{writer.at(inner, {**letters, letter: own}).code} for {own} in range({self.size(letter.axis)})]{start})"
        else:
            code = _floating(writer.at(part.body, letters).code)
        for letter in reversed(part.letters):
            code = f"[{code} for {letter.name} in range({self.size(letter.axis)})]"
        return code

    # ------------------------------------------------------------ the whole

    def unpacked(self) -> Iterator[str]:
        """In straight lines, the statements that give the entries of inputs their names."""
        for name in self.inputs:
            axes = self.program.axes_of(name)
            if axes and self.is_straight:
                entries = _nested(self, name, axes, ())
                line = f"{entries.removeprefix('(').removesuffix(')')} = {self.names[name]}"
                yield from [line] if len(line) <= WIDTH else _wrapped(f"{entries} = {self.names[name]}")

    def sized(self) -> Iterator[str]:
        """In loops, the statements that find the sizes; those of axes along which there may be no rows can be handed over."""
        if self.is_straight:
            return
        for axis, origin in self.origins.items():
            if axis in self.known:
                continue
            yield from self._sized(axis, origin)

    def _sized(self, axis: Axis, origin: Origin) -> Iterator[str]:
        name = f"n_{self.axes[axis]}"
        if origin.fixed is not None:
            yield f"{name} = {origin.fixed}"
        elif origin.whole is not None:
            less = "".join(f" - {'' if factor == 1 else f'{factor}*'}{self.size(a)}" for factor, a in origin.less)
            constant = f" - {origin.constant}" if origin.constant > 0 else f" + {-origin.constant}" if origin.constant else ""
            yield f"{name} = {self.size(origin.whole)}{less}{constant}"
        elif origin.slot == 0:
            yield f"{name} = len({self.names[origin.name]})"
        else:
            outer = self.program.axes_of(origin.name)[: origin.slot]
            rows = self.names[origin.name] + "[0]"*origin.slot
            there = " and ".join(f"{self.size(a)}" for a in outer)
            yield f"{name} = {name} if {name} is not None else len({rows}) if {there} else 0"

    @cached_property
    def origins(self) -> Mapping[Axis, Origin]:
        """Where sizes are found, at the first slot of an input if they can be."""
        first = {i.axes[0]: Origin(i.name, 0) for i in reversed(self.program.inputs) if i.axes}
        return {axis: first.get(axis, origin) for axis, origin in origins(self.program).items()}

    def further(self) -> list[Axis]:
        """The axes whose sizes can be handed over, because lists without rows do not show them."""
        if self.is_straight:
            return []
        return [a for a, o in self.origins.items() if a not in self.known and o.whole is None and o.slot]

    def handed(self, part: str) -> str:
        """A result as it is handed out."""
        axes = self.program.axes_of(part)
        if self.is_straight:
            return _nested(self, part, axes, (), "[]", "single({})" if self.is_single else "{}")
        if not self.is_single:
            return self.names[part]
        code = "single(x)"
        for depth in reversed(range(len(axes))):
            code = f"[{code} for {'x' if depth == len(axes) - 1 else f'row_{depth + 1}'} in {f'row_{depth}' if depth else self.names[part]}]"
        return code if axes else f"single({self.names[part]})"

    def returned(self) -> Iterator[str]:
        """The statement that hands out value and gradients."""
        if self.is_single:
            self.used.setdefault("single")
        found: list[Mapping[Any, str]] = [self.program.gradients, *([self.program.second] if self.program.second else [])]
        yield f"return {self.handed(self.program.value)}, " + "{"
        for number, mapping in enumerate(found):
            if number:
                yield "}, {"
            for key, part in mapping.items():
                yield from _wrapped(f"    {key!r}: {self.handed(part)},")
        yield "}"

    def text(self) -> str:
        """The module."""
        body = [*self.unpacked(), *self.sized(), *self.lines(), *self.returned()]
        arguments = [*(self.names[i.name] for i in self.program.inputs), *(f"n_{self.axes[a]}=None" for a in self.further())]
        return self.module(titled(self.program), [f"def value_and_gradients({', '.join(arguments)}):", *(f"    {line}" for line in body)])

    def module(self, title: str, lines: Iterable[str]) -> str:
        """Functions behind the functions that they call."""
        helpers = "".join(f"{text}\n\n" for text in texts_of(self.used))
        imported = sorted(name for name in IMPORTED if name in self.used)
        header = ("import math\n" if "math." in helpers else "") + (f"from math import {', '.join(imported)}\n" if imported else "")
        return f'"""{title}"""\n\n' + (f"{header}\n\n" if header else "\n") + helpers + "\n".join(lines) + "\n"


def readable(part: Definition, program: Program, taken: frozenset[str]) -> Definition:
    """The part with letters that a reader expects and that are free in code."""
    own: dict[Letter, Any] = {}
    used: frozenset[str] = frozenset()
    for letter in part.letters:
        name = letter.name if len(letter.name) == 1 else letter_for(letter.axis, program.model, used)
        name = unused(name, taken | used)
        used |= {name}
        own[letter] = Letter(name, letter.axis)
    return Definition(part.name, tuple(own[letter] for letter in part.letters), renamed(part.body, own))


def _loops(part: Definition) -> Iterator[Axis]:
    """The axes along which a part runs."""
    yield from (letter.axis for letter in part.letters)
    if isinstance(part.body, Reduce):
        yield part.body.axis


def _floating(code: str) -> str:
    """A number that is an integer of Python as a float."""
    return f"{code}.0" if code.lstrip("-").isdigit() else f"float({code})" if code.startswith("n_") and code.isidentifier() else code


def _nested(listing: Listing, name: str, axes: Sequence[Axis], at: tuple[int, ...], brackets: str = "()", shown: str = "{}") -> str:
    """The names of entries in brackets in brackets."""
    if len(at) == len(axes):
        return shown.format(listing.entries[name, at])
    count = listing.known[axes[len(at)]]
    inner = ", ".join(_nested(listing, name, axes, (*at, n), brackets, shown) for n in range(count))
    return f"{brackets[0]}{inner}{',' if count == 1 and brackets == '()' else ''}{brackets[1]}"


def _wrapped(line: str) -> Iterator[str]:
    """A line of rows, broken behind rows where it is long."""
    while len(line) > WIDTH and "], [" in line[20:WIDTH]:
        cut = line.rindex("], [", 20, WIDTH) + 2
        yield line[:cut]
        line = " "*8 + line[cut:].lstrip()
    while len(line) > WIDTH and ", " in line[20:WIDTH]:
        cut = line.rindex(", ", 20, WIDTH) + 1
        yield line[:cut]
        line = " "*8 + line[cut:].lstrip()
    yield line
