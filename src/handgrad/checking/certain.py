"""What the quantities of a problem truly are: certified numbers of the whole unrounded run, and the formulas that they are worked by."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import arb

from handgrad import catalogue
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal, working_precision
from handgrad.checking.evaluation import exactly
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Entry, Expr
from handgrad.notation import read_expression
from handgrad.problem import Place, Problem
from handgrad.records import dataclass
from handgrad.trees import subtrees
from handgrad.verification import Verifier
from handgrad.worksheet import Worksheet, work
from handgrad.worksheet.hand import Hand, place
from handgrad.worksheet.items import NumberError
from handgrad.worksheet.plan import Item, Plan, spelled

BITS = 192
DIGITS = 30
OTHERS = 2                      # further points at which a formula is tried


@dataclass(frozen=True)
class Worked:
    """A formula of the problem over quantities: `keys` says which quantity each of its entries is."""

    formula: Expr
    keys: Mapping[Place, str]

    def at(self, values: Mapping[str, Scalar]) -> Scalar | None:
        """Its value where the quantities have these."""
        known = {where: values[key] for where, key in self.keys.items() if key in values}
        try:
            with working_precision(BITS):
                return Hand(known, catalogue.functions())(self.formula)
        except (ModelError, Unreal, Unclear, HandgradError):
            return None


@dataclass(frozen=True)
class Certain:
    """The numbers of a problem, each worked when it is asked for."""

    problem: Problem
    found: dict[str, Scalar | None] = field(default_factory=dict)
    formulas: dict[str, tuple[Worked, ...]] = field(default_factory=dict)
    agreements: dict[tuple[int, int], tuple[object, object, bool | None]] = field(default_factory=dict)     # of trees, by identity; they are held with it

    @cached_property
    def sheet(self) -> Worksheet:
        """Its worked page; rounded to many digits where a number rounds to one that has no logarithm."""
        try:
            return work(self.problem)
        except NumberError:
            return work(self.problem, exact=DIGITS)

    @cached_property
    def items(self) -> dict[str, Item]:
        """What stands on the worked page, by key."""
        return {w.item.quantity: w.item for w in self.sheet.numbers.all}

    @cached_property
    def adjoints(self) -> dict[str, Item]:
        """The derivatives of the error by every quantity, each from those next to it."""
        names = frozenset(n for n in self.problem.model.definitions if n != self.problem.of)
        by = tuple(dict.fromkeys((*self.problem.by, *(n for n in self.problem.model.inputs if n not in self._labels))))
        for asked in (by, self.problem.by):
            try:
                return {item.quantity: item for item in Plan(replace(self.problem, by=asked), names).backward}
            except HandgradError:       # an input that is a label, or too many numbers
                continue
        return {}

    @cached_property
    def on_kink(self) -> bool:
        """Whether the numbers hit a kink: there a page may take another slope than the problem does."""
        try:
            return any(self.sheet.display.kink(w.item.formula) for w in self.sheet.numbers.all if w.item.by is not None)
        except (HandgradError, ArithmeticError):
            return False

    @property
    def _labels(self) -> frozenset[str]:
        """The inputs that are positions on an axis."""
        read = (i for d in self.problem.model.definitions.values() for e in subtrees(d.body) if isinstance(e, Entry) for i in e.indices)
        return frozenset(n.name for i in read if isinstance(i, Expr) for n in subtrees(i) if isinstance(n, Entry))

    def given(self, key: str) -> Fraction | None:
        """The number that the problem gives."""
        return self._givens.get(key)

    @cached_property
    def _givens(self) -> dict[str, Fraction]:
        return {spelled(name, at): value for (name, at), value in self.problem.values.items()}

    def worked(self, key: str) -> tuple[Worked, ...]:
        """The formulas of a quantity: as the worked page has it, and from the derivatives next to it."""
        if key not in self.formulas:
            self.formulas[key] = self._worked(key)
        return self.formulas[key]

    def _worked(self, key: str) -> tuple[Worked, ...]:
        first = self.items.get(key)
        found = [first] if first is not None else []
        if key.startswith("d(") and key in self.adjoints:
            found.append(self.adjoints[key])
        return tuple(self._over(item, self._slopes if item is first else self._further) for item in found)

    @staticmethod
    def _over(item: Item, slopes: Mapping[Place, str]) -> Worked:
        return Worked(item.formula, {place(n): slopes.get(place(n), spelled(*place(n))) for n in subtrees(item.formula) if isinstance(n, Entry)})

    @cached_property
    def _slopes(self) -> dict[Place, str]:
        return {place(item.entry): key for key, item in self.items.items()}

    @cached_property
    def _further(self) -> dict[Place, str]:
        return {place(item.entry): key for key, item in self.adjoints.items()}

    def value(self, key: str) -> Scalar | None:
        """The number of a quantity in the unrounded run, or of any derivative; None where it has none."""
        if key not in self.found:
            self.found[key] = self._value(key)
        return self.found[key]

    def _value(self, key: str) -> Scalar | None:
        given = self.given(key)
        if given is not None:
            return exactly(given)
        item = self.items.get(key)
        if item is not None:
            return self.sheet.numbers.exact[place(item.entry)]
        try:
            found = self._verifier.value(read_expression(key, self.problem.model), self._point, DIGITS)
        except (HandgradError, Unclear, Unreal, KeyError, IndexError):
            return None
        if isinstance(found, Fraction):
            return exactly(found)
        near = arb(found)
        return near + arb(0, abs(near) * arb(10) ** -(DIGITS - 1))

    @cached_property
    def _verifier(self) -> Verifier:
        return Verifier(self.problem.model, catalogue.functions())

    @cached_property
    def _point(self) -> Any:
        nested: dict[str, Any] = {}
        for (name, at), value in sorted(self.problem.values.items()):
            if not at:
                nested[name] = value
                continue
            into = nested.setdefault(name, [])
            for n in at[:-1]:
                while len(into) < n:
                    into.append([])
                into = into[n - 1]
            into.append(value)
        return self._verifier.at(nested)

    @cached_property
    def others(self) -> tuple[Certain, ...]:
        """The same problem with other numbers, drawn by a fixed seed; none where facts bind the numbers or labels are among them."""
        if self.problem.model.facts:
            return ()
        drawn = random.Random(20260)
        made = []
        for _ in range(OTHERS):
            values = {key: Fraction(drawn.randint(-999, 999), 700) for key in self.problem.values}
            made.append(Certain(replace(self.problem, values=values, update=None)))
        return tuple(made)
