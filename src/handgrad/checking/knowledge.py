"""What is known of the quantities at one place of a page: the numbers shown so far, else those that the formulas give from them.

Nothing of it is a guess: a quantity without a number, a formula or a problem has no value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from handgrad.arithmetic.balls import Scalar
from handgrad.checking.certain import Certain
from handgrad.checking.evaluation import exactly, same, value
from handgrad.checking.habit import Habit
from handgrad.checking.ledger import Ledger, Record
from handgrad.checking.operands import Operands, operands
from handgrad.checking.quantities import Names
from handgrad.reading.surface import Surface

DEEPEST = 40
ENOUGH = 2                      # lines that overrule a given number


@dataclass(slots=True)
class Knowledge:
    """The numbers and formulas of a page up to the statement that is judged; `whole` is the ledger of all of it, once it was gone through."""

    names: Names
    certain: Certain | None = None
    ledger: Ledger = field(default_factory=Ledger)
    whole: Ledger = field(default_factory=Ledger)
    habit: Habit = field(default_factory=Habit)
    used: Counter[Fraction] = field(default_factory=Counter)      # the numbers that stand in substitutions of the page
    wrong_set: bool = False                                       # the given numbers are those of another problem
    contradicted: Counter[tuple[str, Fraction]] = field(default_factory=Counter)      # given numbers for which substitutions have another
    overruled: dict[str, Fraction] = field(default_factory=dict)                      # those that are written wrong: what is used instead
    _asked: list[str] = field(default_factory=list)

    # ------------------------------------------------------------ by hand

    def lookup(self, node: Surface) -> Scalar | None:
        """The number of a name: as it was shown last, else as it comes out of what was shown."""
        key = self.names.key(node)
        return self.current(key) if key is not None else None

    def current(self, key: str) -> Scalar | None:
        """The number of a quantity: as it was shown last, else as it comes out of what was shown."""
        record = self.ledger.last(key)
        if record is not None:
            return exactly(self.overruled[key] if record.given and key in self.overruled else record.number.value)
        given = self.certain.given(key) if self.certain is not None else None
        return exactly(given) if given is not None else self.computed(key)

    def computed(self, key: str) -> Scalar | None:
        """What its formula gives from the numbers shown, whatever is shown of the quantity itself."""
        if key in self._asked or len(self._asked) > DEEPEST:
            return None
        self._asked.append(key)
        try:
            return self._computed(key)
        finally:
            self._asked.pop()

    def _computed(self, key: str) -> Scalar | None:
        if self.certain is None:
            tree = self.ledger.formulas.get(key)
            return value(tree, self.lookup) if tree is not None else None
        for worked in self.certain.worked(key):
            found = worked.at({k: v for k in worked.keys.values() if (v := self.current(k)) is not None})
            if found is not None:
                return found
        return self.certain.value(key) if key.startswith("d(") else None

    def overruling(self) -> dict[str, Fraction]:
        """The givens for which two lines or more have one other number, and none has the given one."""
        counts: dict[str, dict[Fraction, int]] = {}
        for (key, number), times in self.contradicted.items():
            counts.setdefault(key, {})[number] = times
        return {key: next(iter(found)) for key, found in counts.items() if len(found) == 1 and sum(found.values()) >= ENOUGH}

    # ------------------------------------------------------------ unrounded

    def full(self, key: str) -> Scalar | None:
        """The number of a quantity in the unrounded run."""
        if self.certain is not None and not key.startswith("#"):
            return self.certain.value(key)
        record = next((r for r in reversed(self.records(key)) if r.full is not None), None)
        if record is not None:
            return record.full
        tree = self.ledger.formulas.get(key)
        if tree is None or key in self._asked:
            return None
        self._asked.append(key)
        try:
            return self.full_of(self.operands(tree))
        finally:
            self._asked.pop()

    def full_of(self, found: Operands) -> Scalar | None:
        """The value of a formula with every operand unrounded."""
        return found.at({key: v for key in found.keys if (v := self.full(key)) is not None})

    # ------------------------------------------------------------ operands

    def operands(self, tree: Surface, expected: tuple[str, ...] = ()) -> Operands:
        """What the numbers and names of a formula stand for."""
        return operands(tree, self.ledger, expected, self.lookup, self.names.key)

    def records(self, key: str) -> tuple[Record, ...]:
        """What was shown of a quantity, in order."""
        if key.startswith("#"):
            return tuple(r for r in self.ledger.records if r.id == key[1:])
        return self.ledger.of(key)

    def alternates(self, key: str) -> tuple[Scalar, ...]:
        """Other values that a writer may have carried on: shown before, by hand before it was rounded, and of the unrounded run, in this order."""
        base, found = self.current(key) if not key.startswith("#") else None, []
        records = self.records(key)
        for v in (*(exactly(r.number.value) for r in records[:-1]), *(r.hand for r in records), self.full(key)):
            if v is not None and not same(v, base) and not any(same(v, other) for other in found):
                found.append(v)
        return tuple(found)

    def alternate_values(self, found: Operands) -> Mapping[str, tuple[Scalar, ...]]:
        """The other values of each operand."""
        return {key: self.alternates(key) for key in found.keys}

    def faults(self, found: Operands) -> Mapping[str, Record]:
        """The names whose last number is wrong, with what was shown."""
        last = {key: records[-1] for key in found.names if (records := self.records(key))}
        return {key: record for key, record in last.items() if record.fault is not None}
