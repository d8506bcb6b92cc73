"""A problem as statements between single numbers: `z_1 = b_1 + W_1_1*x_1 + …`, in which a page's formulas with numbers are read."""

from __future__ import annotations

from collections.abc import Iterable

from handgrad.axes import Model
from handgrad.checking.naming import occurrences
from handgrad.checking.quantities import Names
from handgrad.expr import Entry, Literal
from handgrad.notation import write
from handgrad.problem import Problem
from handgrad.reading.surface import Surface, spelled
from handgrad.trees import replaced
from handgrad.worksheet.plan import Plan

NO_MODEL = Model({})


def ground_name(key: str) -> str:
    """The name of a single number: `W_1_2` for `W[1,2]`."""
    return key.replace("[", "_").replace(",", "_").replace("]", "").replace(" ", "")


def ground_statements(problem: Problem) -> tuple[str, ...]:
    """The definitions of a problem, entry by entry."""
    return tuple(f"{ground_name(item.quantity)} = {write(_flat(item.formula), NO_MODEL)}" for item in Plan(problem, frozenset()).forward)


def _flat(formula: object) -> Entry:
    def single(node: object) -> Entry | None:
        if not isinstance(node, Entry):
            return None
        return Entry("_".join((node.name, *(str(i.value) for i in node.indices if isinstance(i, Literal)))), ())

    tree: Entry = replaced(formula, single)
    return tree


def fixed_names(trees: Iterable[Surface], names: Names) -> dict[str, str]:
    """The spelled names in some trees that are single numbers of the problem, and what they are called there."""
    found = {}
    for tree in trees:
        for node, _ in occurrences(tree):
            key = names.key(node)
            if key is not None and not key.startswith("d(") and not names.whole(key):
                found[spelled(node)] = ground_name(key)
    return found
