"""What a page has shown of each quantity so far: the numbers in the order of the page, what they should be, and which are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import field
from fractions import Fraction

from handgrad.arithmetic.balls import Scalar
from handgrad.checking.shown import Shown
from handgrad.reading.surface import Surface
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """A number shown for a quantity (`key`, empty where it has no name): the value from the numbers shown before, and the one of the unrounded run.

    `fault` is the id of the judgement whose slip it holds or carries.
    """

    key: str
    number: Shown
    id: str
    line: int
    hand: Scalar | None = None
    full: Scalar | None = None
    fault: str | None = None
    given: bool = False
    copied: bool = False
    worked: bool = True             # it stands behind a formula or numbers put in
    repaired: bool = False          # the page shows another name


@dataclass(slots=True)
class Ledger:
    """All records of a page so far, by quantity and by the size of the number; and the formulas that the page gives for quantities."""

    records: list[Record] = field(default_factory=list)
    by_key: dict[str, list[Record]] = field(default_factory=dict)
    by_size: dict[Fraction, list[Record]] = field(default_factory=dict)
    formulas: dict[str, Surface] = field(default_factory=dict)
    rates: set[Fraction] = field(default_factory=set)                     # of steps of descent that the page has worked
    bases: Counter[int] = field(default_factory=Counter)                  # of the logarithms that would be right with another base than e
    templates: list[tuple[Surface, Surface]] = field(default_factory=list)      # heads with letters for indices, and their formulas
    shapes: dict[str, tuple[int, int]] = field(default_factory=dict)      # of quantities that were shown as matrices
    products: dict[str, list[tuple[Fraction, ...]]] = field(default_factory=dict)      # put in with all signs, by the family of what they give

    def add(self, record: Record) -> None:
        """Notes a number."""
        self.records.append(record)
        if record.key:
            self.by_key.setdefault(record.key, []).append(record)
        self.by_size.setdefault(abs(record.number.value), []).append(record)

    def last(self, key: str) -> Record | None:
        """What was shown last for the quantity."""
        found = self.by_key.get(key)
        return found[-1] if found else None

    def of(self, key: str) -> tuple[Record, ...]:
        """What was shown for the quantity, in order."""
        return tuple(self.by_key.get(key, ()))

    def sized(self, size: Fraction) -> Iterator[Record]:
        """The records of that absolute value, the latest first."""
        return reversed(self.by_size.get(size, ()))
