"""The rounding habit of a page: how many decimals each family of quantities is shown with, and whether values are rounded or cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import field

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.checking.evaluation import exactly
from handgrad.checking.ledger import Ledger
from handgrad.checking.quantities import family_of
from handgrad.checking.shown import Relation, Shown
from handgrad.records import dataclass

ENOUGH = 2                      # values that only cutting explains before it is called a habit


@dataclass(slots=True)
class Habit:
    """What was seen: decimals by family, and how often rounding, or cutting, alone explains a value."""

    decimals: dict[str, Counter[int]] = field(default_factory=dict)
    rounds: int = 0
    cuts: int = 0

    @property
    def cutting(self) -> bool:
        """Whether the page cuts where others round."""
        return self.cuts >= ENOUGH and self.cuts > self.rounds

    @property
    def places(self) -> tuple[int, ...]:
        """The numbers of decimals that occur on the page, the commonest first."""
        found: Counter[int] = Counter()
        for counter in self.decimals.values():
            found.update(counter)
        return tuple(n for n, _ in found.most_common())

    def seen(self, key: str, decimals: int) -> None:
        """Notes with how many decimals a quantity is shown."""
        if key:
            self.decimals.setdefault(family_of(key), Counter())[decimals] += 1

    def explained(self, how: Relation, number: Shown, x: Scalar) -> None:
        """Notes whether rounding or cutting alone explains a number."""
        if how == "truncation":
            self.cuts += 1
        elif how == "rounding" and balls.less(abs(x), exactly(abs(number.value))):
            self.rounds += 1


def decimals_of(ledger: Ledger, habit: Habit) -> None:
    """Fills in the decimals that a page shows, of what is computed."""
    for record in ledger.records:
        if not record.given and not record.copied:
            habit.seen(record.key, record.number.decimals)
