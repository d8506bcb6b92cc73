"""The domains of arguments: what an entry says of them is checked on single numbers and on arrays of up to `LOOKED_AT` numbers.

In longer arrays it would take as long as the loss itself. A nan is no fault.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from math import prod
from typing import Any

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry
from handgrad.expr import Compare, Entry, Member, Number
from handgrad.kernels.ready.arguments import Prepared
from handgrad.kernels.ready.wording import domain
from handgrad.kernels.sizes import refused
from handgrad.notation import write
from handgrad.records import dataclass

LOOKED_AT = 4096


def within_domain(entry: CatalogueEntry, given: Prepared, names: Collection[str] | None = None) -> Prepared:
    """The arguments, or those of the names alone; a number outside of the domain of its argument, of a sample that counts, is refused."""
    for bound in bounds(entry):
        if names is not None and bound.name not in names:
            continue
        array = given.inputs[bound.name]
        if prod(array.shape) > LOOKED_AT or not given.family.known(array):
            continue
        outside = bound.outside(array)
        if given.weights is not None and array.ndim and given.family.known(given.weights):
            outside = outside & (given.weights != 0)
        if bool(outside.any() if array.ndim else outside):
            wrong = float(array.reshape(-1)[outside.reshape(-1)][0])
            raise refused(bound.name, f"holds {wrong:g}" if array.ndim else f"is {wrong:g}", f"{entry.name} takes {write(bound.fact, Model({}))}")
    return given


@dataclass(frozen=True, slots=True)
class Bound:
    """What an entry says of the numbers of one argument."""

    name: str
    fact: Member | Compare
    operator: str                       # of `<`, `<=`, `>` and `>=` one, or `in`
    numbers: tuple[float, ...]

    def outside(self, array: Any) -> Any:
        """Where the numbers of an array are outside."""
        match self.operator:
            case ">":
                return array <= self.numbers[0]
            case ">=":
                return array < self.numbers[0]
            case "<":
                return array >= self.numbers[0]
            case "<=":
                return array > self.numbers[0]
            case _:
                outside = array == array
                for value in self.numbers:
                    outside = outside & (array != value)
                return outside


@cache
def bounds(entry: CatalogueEntry) -> tuple[Bound, ...]:
    """What the entry says of the numbers of its arguments."""
    found: list[Bound] = []
    for fact in domain(entry):
        at = fact.entry if isinstance(fact, Member) else fact.left
        assert isinstance(at, Entry), "a domain is of an argument"
        if isinstance(fact, Member):
            found.append(Bound(at.name, fact, "in", tuple(float(value) for value in fact.values)))
        else:
            assert isinstance(fact.right, Number)
            found.append(Bound(at.name, fact, fact.operator, (float(fact.right.value),)))
    return tuple(found)
