"""The numbers of a page, one by one: what each is called and what it is made of."""

from __future__ import annotations

from handgrad.errors import ModelError
from handgrad.expr import Entry, Expr
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """A number that stands on a line of its own: `quantity` as the problem file spells it with indices, `family` without.

    `entry` is its name in formulas, `formula` what it is, written out; of a gradient `by` is the entry by which, `chain` its chain rule.
    Of a second derivative `along` are the two entries by which, and `by` is None.
    """

    quantity: str
    family: str
    entry: Entry
    formula: Expr
    by: Entry | None = None
    chain: Expr | None = None
    along: tuple[Entry, ...] = ()

    @property
    def derived(self) -> tuple[Entry, ...]:
        """The entries by which the number is a derivative of the error; none of a number of the forward pass."""
        return self.along if self.by is None else (self.by,)


@dataclass(eq=False)
class NumberError(ModelError):
    """A number that cannot be worked; `name` is the statement of the model that it comes from, if it is one."""

    name: str = ""


def spelled(name: str, at: tuple[int, ...]) -> str:
    """The entry as a problem file writes it."""
    return f"{name}[{','.join(map(str, at))}]" if at else name
