"""How a program is laid out in C: which axis is the batch, whether code is in straight lines, and where every name lives.

In a program of single precision what is found without rounding in double, such as `max[k](a[i,k])`, or is rounded once anyway, such as `exp(x[i])`, is
computed and held in single precision; all sums and products are computed in double and rounded once where they are stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from keyword import kwlist
from math import prod

from handgrad.axes import Definition
from handgrad.derivation.network import unused
from handgrad.expr import Axis, Letter, Reduce, Size
from handgrad.kernels.formulas import is_exact, is_single
from handgrad.kernels.loops import C
from handgrad.kernels.naming import identifier
from handgrad.kernels.products import Product, with_products
from handgrad.kernels.program import Program
from handgrad.kernels.schedule import Schedule, batch_of, scheduled
from handgrad.kernels.storage import Home, Place, Sizes
from handgrad.records import dataclass
from handgrad.trees import opened, subtrees

SMALL = 32                              # an axis up to this long is fixed in code
MOST_STATEMENTS = 2_000                 # of code in straight lines
MOST_FIXED = 4_096                      # entries of an array that lies on the stack
RESERVED = frozenset(kwlist) | frozenset("""
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static
struct switch typedef union unsigned void volatile while s n lo hi sums data sizes threads main l b v q chunk part width per total log exp sin cos tan pow sqrt
y0 y1 yn j0 j1 jn gamma signgam NAN INFINITY worker count start state room any h
""".split())
OWN = re.compile(r"(?:k|size_)\d+|[aft]_.*|hg_.*|v_.*|.*_")      # loops, sizes, totals, the runtime, names put aside and pointers
ENTRY = re.compile(r"(\w+?)(?:_\d+)+")                            # an entry in a variable


def axes_of_program(program: Program) -> tuple[Axis, ...]:
    """All axes, in the order in which sizes are handed over."""
    found: dict[Axis, None] = {}
    for given in program.inputs:
        found |= dict.fromkeys(given.axes)
        if given.label is not None:
            found[given.label] = None
    for part in program.parts:
        found |= dict.fromkeys(letter.axis for letter in part.letters)
        found |= dict.fromkeys(n.axis for n in subtrees(part.body) if isinstance(n, (Reduce, Size, Letter)))
    return tuple(found)


def statements(program: Program, sizes: Mapping[Axis, int], batch: Axis | None) -> int:
    """How many values code in straight lines computes."""
    def count(part: Definition) -> int:
        axes = [letter.axis for letter in part.letters] + ([part.body.axis] if isinstance(part.body, Reduce) else [])
        return prod(sizes[a] for a in axes if a is not batch)
    return sum(map(count, program.parts))


def looped(part: Definition, batch: Axis | None) -> bool:
    """Whether a part runs along the axis of samples beside the loop over them: with two letters, or to find a position."""
    if batch is None:
        return False
    along = [letter.axis for letter in part.letters].count(batch) + (isinstance(part.body, Reduce) and part.body.axis is batch)
    return along > 1 or isinstance(part.body, Reduce) and part.body.kind == "argmax" and part.body.axis is batch


@dataclass(frozen=True)
class Layout:
    """How a program is laid out for sizes of which some are known; `stored` is the type of the arrays that are handed in and out."""

    program: Program
    known: Mapping[Axis, int]
    stored: str = "double"

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of the program."""
        return axes_of_program(self.program)

    @cached_property
    def batch(self) -> Axis | None:
        """The axis of samples; none where everything is small and known."""
        everything = all(axis in self.known for axis in self.axes)
        if everything and (not self.axes or statements(self.program, self.known, None) <= MOST_STATEMENTS // 4):
            return None
        return batch_of(self.program)

    @cached_property
    def unrolled(self) -> bool:
        """Whether code is in straight lines."""
        others = [a for a in self.axes if a is not self.batch]
        if any(a not in self.known for a in others) or any(looped(part, self.batch) for part in self.program.parts):
            return False
        return statements(self.program, self.known, self.batch) <= MOST_STATEMENTS

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes in code."""
        fixed = {a: size for a, size in self.known.items() if a is not self.batch}
        return Sizes(fixed, {a: f"size_{number}" for number, a in enumerate(self.axes) if a not in fixed})

    @cached_property
    def schedule(self) -> Schedule:
        """The stages."""
        return scheduled(self.planned[0], self.batch, self.products)

    @cached_property
    def planned(self) -> tuple[Program, Mapping[str, Product]]:
        """The program as it is run, and its matrix products; in straight lines there are none."""
        return (self.program, {}) if self.unrolled else with_products(self.program, self.batch)

    @property
    def parts(self) -> tuple[Definition, ...]:
        """The parts, with the factors of matrix products among them."""
        return self.planned[0].parts

    @property
    def products(self) -> Mapping[str, Product]:
        """The matrix products, by the names of their parts."""
        return self.planned[1]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What inputs and parts are called in code: as in the model, but for names that the code has for itself."""
        titles = [*(i.name for i in self.program.inputs), *(p.name for p in self.parts)]
        names: dict[str, str] = {}
        for title in titles:
            name = identifier(title)
            entry = ENTRY.fullmatch(name)
            if name in RESERVED or OWN.fullmatch(name) or entry and entry[1] in titles:
                name = f"v_{name.strip('_')}"
            names[title] = unused(name, names.values())
        return names

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """The type in which the entries of each name are computed and, but for results, held."""
        kinds = {i.name: "int64_t" if i.label is not None else self.stored for i in self.program.inputs}
        place = "int32_t" if self.unrolled and self.stored == "float" else "int64_t"
        for part in self.parts:
            body = part.body
            if isinstance(body, Reduce) and body.kind == "argmax":
                kinds[part.name] = place
            elif isinstance(body, Reduce):
                found = body.kind in ("max", "min") and is_exact(opened(body)[1][0], lambda name: kinds[name] == "float")
                kinds[part.name] = "float" if found else "double"
            else:
                kinds[part.name] = "float" if is_single(body, C, lambda name: kinds[name] == "float") else "double"
        return kinds

    def held(self, title: str) -> str:
        """The type in which an array of the name is held from stage to stage."""
        return self.stored if title in self.program.results else self.kinds[title]

    @cached_property
    def homes(self) -> Mapping[str, Place]:
        """Where names live between stages: in arrays handed in and out and in the state."""
        homes = {
            i.name: Place("label" if i.label is not None else "input", f"s->{self.names[i.name]}", i.axes, kind=self.held(i.name)) for i in self.program.inputs
        }
        kept = self.schedule.kept(self.program) | {e.name for p in self.products.values() for e in (p.left, p.right)}
        for stage in self.schedule.stages:
            for part in (*stage.before, *(f.part for f in stage.folds), *(p for p in stage.within if p.name in kept)):
                home: Home = "result" if part.name in self.program.results else "state"
                homes[part.name] = Place(home, f"s->{self.names[part.name]}", tuple(i.axis for i in part.letters), kind=self.held(part.name))
        return homes

    def is_fixed(self, place: Place) -> bool:
        """Whether an array of the state is so small that it lies in the state itself."""
        size = self.sizes.product(place.axes)
        return place.home == "state" and size.isdigit() and int(size) <= MOST_FIXED

    def entries(self, letters: Sequence[Letter]) -> list[dict[Letter, int]]:
        """All positions of letters whose axes are fixed."""
        found: list[dict[Letter, int]] = [{}]
        for letter in letters:
            found = [{**at, letter: k} for at in found for k in range(self.sizes.fixed[letter.axis])]
        return found
