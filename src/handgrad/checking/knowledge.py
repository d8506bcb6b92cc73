"""What is known of the quantities at one place of a page: the numbers shown so far, else those that the formulas give from them.

Nothing of it is a guess: a quantity without a number, a formula or a problem has no value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction

from handgrad.arithmetic.balls import Scalar
from handgrad.checking.certain import Certain
from handgrad.checking.evaluation import exactly, same, value
from handgrad.checking.habit import Habit
from handgrad.checking.ledger import Ledger, Record
from handgrad.checking.operands import Operands, operands
from handgrad.checking.quantities import Names
from handgrad.checking.shown import shown_as
from handgrad.checking.tensors import Rows, scalar, tensor
from handgrad.reading.surface import Surface, walk
from handgrad.records import dataclass

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
    named: frozenset[str] = frozenset()                           # quantities that formulas of the page use by name
    stepped: bool = False                                         # after a step of descent the unrounded run of the problem is another
    wrong_set: bool = False                                       # the given numbers are those of another problem
    contradicted: Counter[tuple[str, Fraction]] = field(default_factory=Counter)      # given numbers for which substitutions have another
    overruled: dict[str, Fraction] = field(default_factory=dict)                      # those that are written wrong: what is used instead
    _asked: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Notes a number that was shown."""
        self.ledger.add(record)
        if self.certain is not None and not record.given and record.fault is None and self.certain.given(record.key) not in (None, record.number.value):
            self.stepped = True

    # ------------------------------------------------------------ by hand

    def lookup(self, node: Surface) -> Scalar | None:
        """The number of a name: as it was shown last, else as it comes out of what was shown."""
        key = self.names.key(node)
        return self.current(key) if key is not None else None

    def current(self, key: str) -> Scalar | None:
        """The number of a quantity: as it was shown last, else as it comes out of what was shown."""
        record = self.ledger.last(key) or (self._entry(key) if self.certain is None and self.ledger.shapes else None)
        if record is not None:
            return exactly(self.overruled[key] if record.given and key in self.overruled else record.number.value)
        given = self.certain.given(key) if self.certain is not None else None
        return exactly(given) if given is not None else self.computed(key)

    def value(self, tree: Surface) -> Scalar | None:
        """The value of a formula from the numbers shown; of one of matrices, if it comes to a number."""
        found = value(tree, self.lookup)
        return found if found is not None or not self.ledger.shapes else scalar(tree, self.lookup, self.matrix)

    def tensor(self, tree: Surface) -> Rows | None:
        """The entries of a formula of matrices from the numbers shown."""
        return tensor(tree, self.lookup, self.matrix) if self.ledger.shapes else None

    def full_tensor(self, tree: Surface) -> Rows | None:
        """The entries of a formula of matrices with every operand unrounded."""
        def look(node: Surface) -> Scalar | None:
            key = self.names.key(node)
            return self.full(key) if key is not None else None

        return tensor(tree, look, lambda node: self._matrix(node, self.full)) if self.ledger.shapes else None

    def true_tensor(self, tree: Surface) -> Rows | None:
        """The entries of a formula of matrices from the numbers shown, those that are wrong put right."""
        def true(key: str) -> Scalar | None:
            record = self.ledger.last(key)
            return self.right(record) if record is not None and record.fault is not None and record.hand is not None else self.current(key)

        def look(node: Surface) -> Scalar | None:
            key = self.names.key(node)
            return true(key) if key is not None else None

        return tensor(tree, look, lambda node: self._matrix(node, true))

    @staticmethod
    def right(record: Record) -> Scalar | None:
        """What a number should have been, with as many decimals as it has."""
        found = shown_as(record.number, record.hand) if record.hand is not None else None
        return exactly(found) if found is not None else record.hand

    def matrix(self, node: Surface) -> Rows | None:
        """The entries of a name that was shown as a matrix, or is one of the problem."""
        return self._matrix(node, self.current)

    def _matrix(self, node: Surface, of: Callable[[str], Scalar | None]) -> Rows | None:
        key = self.names.key(node)
        entries = self.entries(key) if key is not None else None
        if entries is None:
            return None
        rows = tuple(tuple(of(k) for k in row) for row in entries)
        return rows if all(x is not None for row in rows for x in row) else None

    def entries(self, key: str) -> tuple[tuple[str, ...], ...] | None:
        """The keys of the entries of a matrix or vector, as rows; a vector is a column unless it was shown as a row."""
        seen = self.ledger.shapes.get(key)
        if self.certain is None:
            return tuple(tuple(f"{key}[{i},{j}]" for j in range(1, seen[1] + 1)) for i in range(1, seen[0] + 1)) if seen is not None else None
        found = dict(self.names.entries(key)) if self.names.whole(key) else {}
        if not found or len(next(iter(found))) > 2:
            return None
        if len(next(iter(found))) == 1:
            row = tuple(found.values())
            return (row,) if seen is not None and seen[0] == 1 < len(row) else tuple((k,) for k in row)
        rows, columns = max(found)
        return tuple(tuple(found[i, j] for j in range(1, columns + 1)) for i in range(1, rows + 1))

    def faulty_entry(self, tree: Surface) -> Record | None:
        """A number that is shown wrong among the entries of the matrices in a formula, and the numbers in it."""
        for node in walk(tree):
            key = self.names.key(node)
            for k in (k for row in self.entries(key) or ((key,),) for k in row) if key is not None else ():
                record = self.ledger.last(k)
                if record is not None and record.fault is not None:
                    return record
        return None

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

    def _entry(self, key: str) -> Record | None:
        """The record of an entry of a matrix by its name with indices: of `p_2`, `W_{1,2}`."""
        name, _, below = key.partition("_")
        at = below.strip("{}").split(",")
        if name not in self.ledger.shapes or not all(n.isdigit() for n in at):
            return None
        rows, columns = self.ledger.shapes[name]
        where = (*at, "1") if len(at) == 1 and columns == 1 else ("1", *at) if len(at) == 1 and rows == 1 else tuple(at)
        return self.ledger.last(f"{name}[{','.join(where)}]")

    def _records_of_entry(self, key: str) -> tuple[Record, ...]:
        found = self._entry(key) if self.ledger.shapes else None
        return (found,) if found is not None else ()

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
            return self.certain.value(key) if not self.stepped else None
        record = next((r for r in reversed(self.records(key) or self._records_of_entry(key)) if not r.copied), None)
        if record is not None and (record.full is not None or record.hand is None):
            return record.full if record.full is not None else exactly(record.number.value)
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
        base = self.current(key) if not key.startswith("#") else None
        found: list[Scalar] = []
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
