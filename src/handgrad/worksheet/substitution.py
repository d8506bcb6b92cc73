"""How a written-out formula is shown: with the names that a page uses, and with the numbers put in, negative ones in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from itertools import product
from math import ceil
from typing import Any

from handgrad import catalogue
from handgrad.arithmetic.balls import Unclear, Unreal, working_precision
from handgrad.arithmetic.decimals import Places, as_told, cut, fraction, in_full
from handgrad.derivation.network import unused
from handgrad.document import Inline
from handgrad.expr import MINUS_ONE, ONE, ZERO, Add, Call, Cases, Compare, Derivative, Entry, Expr, Mul, Not, Number, Pow, add, mul
from handgrad.problem import Place, Problem, gradient
from handgrad.records import dataclass
from handgrad.trees import replaced, subtrees
from handgrad.worksheet.hand import Hand, place
from handgrad.worksheet.items import spelled
from handgrad.worksheet.numbers import Numbers, Worked
from handgrad.worksheet.plan import FIRST, MOST_TERMS, Plan

MOST_APART, MOST_GROUPED = 3, 4  # terms that stand before or after a long sum, and terms of a group in it
GUARD = 3                       # digits that stand before the dots of an operand that is carried unrounded, beyond those shown
DOTS = Entry("…", ())
NEXT = "·next "                  # before the name of a weight, the weight after a step
RATE = Entry("·rate", ())        # the rate of descent, under a name that no model can hold
GREEK = re.compile(r"\\([A-Za-z]+)")


def clean(spelling: str) -> str:
    """A spelling of a page as a name that every renderer sets: `z_{h_1}` is z_h1, `\\theta` is theta."""
    bare = re.sub(r"\\(?:text|mathrm|mathbf|operatorname)\b|[{}\s$]", "", spelling)
    stem, bar, below = bare.partition("_")
    return GREEK.sub(r"\1", stem) + bar + GREEK.sub(r"\1", below).replace("_", "")


@dataclass(frozen=True)
class Display:
    """Names and numbers of one page."""

    plan: Plan
    numbers: Numbers
    hand: Hand
    texts: dict[Place, str] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()                       # the derivatives that are numbers of the page
    slopes: dict[str, tuple[str, ...]] = field(default_factory=dict)        # the tensors by which the internal names are the derivatives

    # ------------------------------------------------------------ names

    def symbol(self, entry: Entry) -> Expr:
        """What a page calls an entry; an adjoint is a derivative of the error."""
        if entry is RATE:
            return Entry("eta", ())
        if entry.name.startswith(NEXT):
            before = self._named(Entry(entry.name.removeprefix(NEXT), entry.indices))
            return Entry(unused(before.name + "'", self.plan.problem.model.tensors), before.indices)
        if entry.name in self.slopes:
            return self._called(tuple(self._variables(entry))) or self.slope(entry)
        return self._named(entry)

    def slope(self, entry: Entry) -> Expr:
        """The derivative that an internal name stands for, in the names of the page."""
        return Derivative(self._named(Entry(self.plan.problem.of, ())), tuple(self._named(by) for by in self._variables(entry)))

    def _called(self, by: tuple[Entry, ...]) -> Entry | None:
        """What a page calls a derivative of the error, if it has a name for it; with a nabla it is the name of a matrix."""
        quantity = gradient(self.plan.problem.of, *(spelled(*place(e)) for e in by))
        own = self.spellings.get(quantity)
        return Entry(own, ()) if own and "nabla" not in own and quantity in self.derived else None

    def alias(self, worked: Worked) -> str:
        """How the number that this one merely repeats is written; empty where it is more than that, or rounded anew."""
        formula = worked.item.formula
        return self.texts[place(formula)] if isinstance(formula, Entry) and not worked.rounded else ""

    def _variables(self, entry: Entry) -> Iterator[Entry]:
        """The entries by which an internal name is the derivative: the tensors of its slots one after the other."""
        start = 0
        for name in self.slopes[entry.name]:
            end = start + len(self.plan.problem.model.tensors[name])
            yield Entry(name, entry.indices[start:end])
            start = end

    def _named(self, entry: Entry) -> Entry:
        name, at = place(entry)
        own = self.spellings.get(spelled(name, at))
        return Entry(own, ()) if own else Entry(self.spellings.get(name, name), entry.indices)

    def formula(self, e: Any) -> Any:
        """The formula with the names of the page, long sums elided."""
        def change(n: Any) -> Expr | None:
            if isinstance(n, Derivative) and isinstance(n.body, Entry) and n.body.name == self.plan.problem.of:
                return self._called(n.by)
            return self.symbol(n) if isinstance(n, Entry) and n is not DOTS else None

        return replaced(_elided(e), change)

    # ------------------------------------------------------------ numbers

    def put(self, e: Expr) -> Expr:
        """The formula with its numbers put in."""
        with working_precision(self.numbers.bits):
            return self._put(_elided(e))  # type: ignore[no-any-return]

    def _put(self, e: Any, tight: bool = False, first: bool = False) -> Any:
        """`tight`: beside another factor, where every number stands in brackets; `first`: where a minus needs none."""
        e = self._resolved(e)
        match e:
            case Entry():
                return DOTS if e is DOTS else _number(self.texts[place(e)], tight, first)
            case Add(terms):
                shown = [t for term in map(self._resolved, terms) for t in (term.terms if isinstance(term, Add) else (term,))]
                return add(*(self._put(t, first=n == 0) for n, t in enumerate(shown)))
            case Mul(factors):
                above = [f for f in factors if f is not MINUS_ONE and not _inverse(f)]
                below = [f for f in factors if _inverse(f)]
                return mul(*(f if f is MINUS_ONE else self._factor(f, tight or len(below if _inverse(f) else above) > 1) for f in factors))
            case Pow(base, exponent):
                return Pow(self._put(base, tight and isinstance(base, (Entry, Number))), self._put(exponent, first=True))
            case Call(function, arguments):
                return Call(function, tuple(self._put(a, first=True) for a in arguments))
            case _:
                return e

    def _resolved(self, e: Any) -> Any:
        """The branch that is taken in place of cases, what a loss stands for in place of its name."""
        while True:
            if isinstance(e, Cases):
                e = self.hand.branch(e)
            elif isinstance(e, Call) and (known := catalogue.entry(e.function)) is not None and known.kind == "loss":
                e = known.function.at(e.arguments)
            else:
                return e

    def _factor(self, e: Expr, tight: bool) -> Expr:
        """A factor; a short sum in it, such as 1 - h, is a number of the product, and so is the branch of a case."""
        e = self._resolved(e)
        if isinstance(e, Number) and tight and e.value.denominator not in (2, 3, 4, 6):
            text = in_full(e.value)
            return _number(text, True, False) if text is not None else e
        if _is_short(e):
            value = fraction(self.hand(e))
            text = in_full(value) if value is not None and not any("…" in self.texts[place(n)] for n in subtrees(e) if isinstance(n, Entry)) else None
            if text is not None:
                return _number(text, tight, False)
        return self._put(e, tight)  # type: ignore[no-any-return]

    def since(self, e: Expr) -> Inline:
        """Why the branches of one or two cases were taken; of more it would be no reason that one can read."""
        found = [n for n in _bent(e) if isinstance(n, Cases)][::-1]
        if not 1 <= len(found) <= 2:
            return ()
        with working_precision(self.numbers.bits):
            said: list[Any] = []
            for cases in found:
                taken = next((c for _, c in cases.branches if self.hand.holds(c)), None)
                for condition in (taken,) if taken is not None else (opposite(c) for _, c in cases.branches):
                    said += [", ", self.formula(condition)]
        return ("since ", *said[1:])

    def kink(self, e: Expr) -> Inline:
        """The place where a slope is taken by convention, and which, if the numbers hit one exactly."""
        with working_precision(self.numbers.bits):
            for n in _bent(e):
                if isinstance(n, Cases):
                    met = next((c for _, c in n.branches if isinstance(c, Compare) and c.operator not in "==!=" and self._vanishes(c.left - c.right)), None)
                    taken = self.hand.branch(n)
                    tied = next((c for _, whole in n.branches for c in _compared(whole) if self._is_later(c)), None)
                    if tied is not None:
                        return ("a tie, ", Compare("==", self.formula(tied.left), self.formula(tied.right)), ": only the first counts")
                    if met is not None and any(not self._vanishes(value - taken) for value in (*(v for v, _ in n.branches), n.otherwise)):
                        return ("on the kink ", Compare("==", self.formula(met.left), self.formula(met.right)), ": ", self.formula(taken), " is taken")
                elif self._vanishes(n.arguments[0]):
                    return ("on the kink ", Compare("==", self.formula(n.arguments[0]), ZERO), ": 0 is taken")
        return ()

    def _is_later(self, condition: Compare) -> bool:
        true = self.hand.true or self.hand
        return condition.operator == "==" and self._vanishes(condition.left - condition.right) and true.is_later(condition.left, condition.right)

    def _vanishes(self, e: Expr) -> bool:
        try:
            return fraction(self.hand(e)) == 0
        except (Unclear, Unreal):
            return False


def display(plan: Plan, found: Numbers, given: Mapping[Place, Any]) -> Display:
    """The display of a page."""
    problem = plan.problem
    made = Display(plan, found, plan.hand(found.values, found.exact), spellings=spellings(problem),
                   derived=frozenset(w.item.quantity for w in found.backward))
    for key, value in given.items():
        made.texts[key] = in_full(value, 400) or str(value)
    if problem.update is not None:
        made.texts[place(RATE)] = in_full(problem.update.rate, 400) or ""
    with working_precision(found.bits):
        for worked in found.all:
            made.texts[place(worked.item.entry)] = made.alias(worked) or _operand(worked, found.rounding.carry == "unrounded")
            if worked.item.derived:
                made.slopes[worked.item.entry.name] = tuple(by.name for by in worked.item.derived)
    return made


def spellings(problem: Problem) -> dict[str, str]:
    """What a page calls each quantity: the first spelling in the file."""
    found: dict[str, str] = {}
    for spelling, quantity in problem.names:
        found.setdefault(quantity, clean(spelling))
    return found


def _operand(worked: Worked, unrounded: bool) -> str:
    """The number as it stands where it is used."""
    if not unrounded or not worked.rounded:
        return worked.text
    text = worked.shown[-1][1]
    decimals = len(text.partition(".")[2]) + GUARD
    short = fraction(worked.value)
    full = in_full(short, 2 * GUARD + len(text)) if short is not None else None
    if full is not None:
        return full
    try:
        return cut(worked.value, decimals) + "…"
    except Unclear:                                     # the digits that follow are all 0 or all 9, as far as the precision tells
        return as_told(worked.value, Places(decimals))[1] + "…"


def _number(text: str, tight: bool, first: bool) -> Expr:
    shown = text.replace("-", "−")
    if shown == "1" and not tight:
        return ONE                                      # a name of a single 1 is the vector of ones
    return Entry(f"({shown})" if tight or (shown.startswith("−") and not first) else shown, ())


OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def opposite(condition: Any) -> Any:
    """The condition that holds where this one does not."""
    return Compare(OPPOSITES[condition.operator], condition.left, condition.right) if isinstance(condition, Compare) else Not(condition)


def _compared(condition: Any) -> Iterator[Compare]:
    """The comparisons in a condition."""
    return (n for n in subtrees(condition) if isinstance(n, Compare))


def _inverse(e: Expr) -> bool:
    return isinstance(e, Pow) and isinstance(e.exponent, Number) and e.exponent.value < 0


def _is_short(e: Expr) -> bool:
    """Whether it is a sum of two names or numbers, or their powers."""
    return isinstance(e, Add) and len(e.terms) == 2 and all(_plain(t) for t in e.terms)


def _plain(e: Expr) -> bool:
    match e:
        case Mul((first, other)) if first is MINUS_ONE:
            return _plain(other)
        case Pow(base, Number(value)):
            return isinstance(base, Entry) and value == 2
        case _:
            return isinstance(e, (Entry, Number))


@lru_cache(maxsize=1024)
def _bent(e: Expr) -> tuple[Cases | Call, ...]:
    """The parts of the formula that have branches, and its signs."""
    return tuple(n for n in subtrees(e) if isinstance(n, Cases) or isinstance(n, Call) and n.function == "sign")


@lru_cache(maxsize=1024)
def _elided(e: Any) -> Any:
    """The formula with sums of many terms cut in the middle."""
    def change(n: Any) -> Any:
        if isinstance(n, Add) and len(n.terms) > MOST_TERMS:
            first, last = _ends(n.terms)
            return add(*(replaced(t, change) for t in first), DOTS, *(replaced(t, change) for t in last))
        return None

    return replaced(e, change)


def _ends(terms: tuple[Expr, ...]) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The terms that are shown before and after the dots: whole groups, where the terms come in groups such as p - y of each sample."""
    shapes = [replaced(t, lambda n: Entry(n.name, ()) if isinstance(n, Entry) else None) for t in terms]
    for before, size, after in product(range(MOST_APART), range(1, MOST_GROUPED + 1), range(MOST_APART)):
        inside = shapes[before : len(shapes) - after]
        if len(inside) % size == 0 and len(inside) >= 3 * size and inside[size:] == inside[:-size]:
            return terms[: before + size * max(1, ceil(FIRST / size))], terms[len(terms) - after - size :]
    return terms[:FIRST], terms[-1:]
