"""The domains of arguments: what an entry says of them is checked on single numbers and on arrays of up to `LOOKED_AT` numbers.

In longer arrays it would take as long as the loss itself. A nan is no fault.
"""

from __future__ import annotations

from math import prod
from typing import Any

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry
from handgrad.expr import Compare, Entry, Member, Number
from handgrad.kernels.ready.arguments import Prepared
from handgrad.kernels.ready.wording import domain
from handgrad.kernels.sizes import refused
from handgrad.notation import write

LOOKED_AT = 4096


def within_domain(entry: CatalogueEntry, given: Prepared) -> Prepared:
    """The arguments; a number outside of the domain of its argument, of a sample that counts, is refused."""
    for fact in domain(entry):
        name = _name(fact)
        array = given.inputs[name]
        if prod(array.shape) > LOOKED_AT or not given.family.known(array):
            continue
        outside = _outside(fact, array)
        if given.weights is not None and array.ndim and given.family.known(given.weights):
            outside = outside & (given.weights != 0)
        if bool(outside.any()):
            wrong = float(array.reshape(-1)[outside.reshape(-1)][0])
            raise refused(name, f"holds {wrong:g}" if array.ndim else f"is {wrong:g}", f"{entry.name} takes {write(fact, Model({}))}")
    return given


def _name(fact: Member | Compare) -> str:
    entry = fact.entry if isinstance(fact, Member) else fact.left
    assert isinstance(entry, Entry), "a domain is of an argument"
    return entry.name


def _outside(fact: Member | Compare, array: Any) -> Any:
    if isinstance(fact, Member):
        outside = array == array
        for value in fact.values:
            outside = outside & (array != float(value))
        return outside
    assert isinstance(fact.right, Number)
    bound = float(fact.right.value)
    match fact.operator:
        case ">":
            return array <= bound
        case ">=":
            return array < bound
        case "<":
            return array >= bound
        case _:
            return array > bound
